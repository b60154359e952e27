# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the code of commit 1b25b00 has written (tests/before/), for the test_made_before.py of every app."""

import importlib
import json
import tarfile
from pathlib import Path
from typing import Any

import calls
import numpy as np
import pytest

BEFORE = Path(__file__).with_name("before")
SAME = 1e-5  # of a confidence in FP32: another processor may sum in another order
SAME_INT8 = 0.02  # a rounding that falls the other way moves a value by a whole step of its range


def unpacked(app: str, folder: Path) -> Path:
    """The folder of one app, to work in: inputs, killed training, bundles and answers; see before/README.md."""
    with tarfile.open(BEFORE / f"{app}.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    return folder / app


def check_answers(script: str) -> None:
    """Every recorded command answers as it did; from the unpacked folder.

    Args:
        script: name of the module whose main is called.
    """
    module = importlib.import_module(script)
    for asked in json.loads(Path("answers.json").read_text(encoding="utf-8")):
        ended = calls.run(module.main, module.Options, asked["words"])
        assert ended.code == 0, ended.err
        tolerance = SAME_INT8 if "bundle_int8" in asked["words"] else SAME
        assert readable(ended.out) == expected(readable(asked["answer"]), tolerance), asked["words"]


def train_words(*more: str) -> list[str]:
    """The words that the killed run was started with."""
    return [*json.loads(Path("train.json").read_text(encoding="utf-8")), *more]


def check_weights(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    """The resumed run ends with the weights of the uninterrupted one, within 2e-3: Adam lets a rounding grow."""
    assert found.keys() == wanted.keys()
    for name, weight in wanted.items():
        np.testing.assert_allclose(found[name], weight, atol=2e-3, err_msg=name)


def readable(text: str) -> Any:
    """JSON where it is JSON, the text itself where it is a continuation of a GPT."""
    return json.loads(text) if text.startswith("{") else text


def expected(answer: Any, tolerance: float) -> Any:
    """The same with `confidence` to be compared within the tolerance."""
    if isinstance(answer, dict) and "confidence" in answer:
        return answer | {"confidence": pytest.approx(answer["confidence"], abs=tolerance)}
    return answer
