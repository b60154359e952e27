# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A bundle of a few bytes in place of models, since a bundle is checked before any engine reads it."""

from pathlib import Path

from common.bundle import read_bundle
from common.cli import UserError

import pytest

VOCAB = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "放", "一", "首"]


TRANSITIONS = {"start": [0.0] * 5, "end": [0.5] * 5, "pairs": [[0.0] * 5 for _ in range(5)]}


MODEL_FILES = ("model.pdmodel", "model.pdiparams", "model.onnx", "model.x86.nb")


def refusal(folder: Path, **arguments) -> str:
    with pytest.raises(UserError) as caught:
        read_bundle(folder, **arguments)
    message = str(caught.value)
    assert str(folder) in message and "\n" not in message
    return message
