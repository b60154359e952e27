# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The words after --gate_engines; the tables themselves are tried cell by cell by the tests of the runtime."""

from common.cli import UserError
from common.engines.allowed import CPU_ENGINES, check_gate_engines

import pytest


def test_all_engines_and_the_two_that_must_pass():
    check_gate_engines(CPU_ENGINES)
    check_gate_engines(("onnxruntime", "paddle"))
    check_gate_engines(("paddle",), must=("paddle",))


@pytest.mark.parametrize(
    ("engines", "message"),
    [
        (("paddle",), "--gate_engines needs onnxruntime: nothing is exported unchecked; add it"),
        (
            ("padle", "onnxruntime"),
            "--gate_engines: `padle` (did you mean `paddle`?); allowed are paddle, onnxruntime, ",
        ),
        ((), "--gate_engines needs paddle"),
    ],
)
def test_an_unknown_or_missing_engine_is_named(engines, message):
    with pytest.raises(UserError) as caught:
        check_gate_engines(engines)
    assert message in str(caught.value)
