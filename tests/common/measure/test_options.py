# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.cli import UserError
from common.measure.options import MeasureOptions

import pytest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rounds": 0}, "--rounds must be at least 1, got 0"),
        ({"threads": -1}, "--threads must be at least 1, got -1"),
        ({"engines": ("onnxrunt",)}, "did you mean `onnxruntime`"),
    ],
)
def test_wrong_options(changes, message):
    with pytest.raises(UserError, match=message):
        MeasureOptions(("original=x",), **changes)
