# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The words after --gate_engines; the tables themselves are tried cell by cell by the tests of the runtime."""

from pathlib import Path

from common.bundle.bundle import MODEL_FILES
from common.cli import UserError
from common.engines import allowed, runtime
from common.engines.allowed import CPU_ENGINES, check_gate_engines

import bundle_fixture
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


@pytest.fixture
def folder(tmp_path) -> Path:
    return bundle_fixture.copy(tmp_path / "bundle")


def forbidden() -> list[tuple[str, str, str, str]]:
    cells = []
    for device in ("cpu", "gpu", "kunlunxin"):
        for engine, row in allowed.DEVICES[device].items():
            cells += [(device, engine, precision, reason) for precision, reason in row.items() if reason]
    return cells


@pytest.mark.parametrize(("device", "engine", "precision", "reason"), forbidden())
def test_a_forbidden_cell_says_why_and_what_instead(device, engine, precision, reason, folder):
    bundle_fixture.change(folder, precision="int8" if precision == "int8" else "fp32")
    with pytest.raises(UserError) as caught:
        runtime.load(folder, engine=engine, device=device, precision=precision)
    message = str(caught.value)
    assert engine in message and precision in message and reason in message
    assert any(other in reason for other in (*allowed.ENGINES, "--device")), "it must name what to take instead"


def test_every_engine_says_yes_or_why_not_to_every_precision():
    for row in allowed.ALLOWED.values():
        assert set(row) == {"fp32", "bf16", "int8"}
    assert set(allowed.ENGINES) == set(MODEL_FILES)


def test_words_that_are_not_known():
    place = bundle_fixture.bundle()
    with pytest.raises(UserError, match=r"unknown engine `onxruntime` \(did you mean `onnxruntime`\?\)"):
        runtime.load(place, engine="onxruntime")
    with pytest.raises(UserError, match="unknown device `cuda`"):
        runtime.load(place, device="cuda")
    with pytest.raises(UserError, match="openvino does not run on gpu; engines that do: paddle, onnxruntime"):
        runtime.load(place, engine="openvino", device="gpu")
    with pytest.raises(UserError, match="threads must be at least 1, got 0"):
        runtime.load(place, threads=0)
    with pytest.raises(UserError, match="paddlelite runs on one thread here, got 2"):
        runtime.load(place, engine="paddlelite", threads=2)
    with pytest.raises(UserError, match="fp16 is for --device gpu"):
        runtime.load(place, precision="fp16")


@pytest.mark.parametrize(("own", "asked"), [("int8", "fp32"), ("fp32", "int8"), ("int8", "bf16")])
def test_a_bundle_does_not_change_its_precision(folder, own, asked):
    bundle_fixture.change(folder, precision=own)
    with pytest.raises(UserError, match=f"an {own} bundle does not run as {asked}"):
        runtime.load(folder, engine="paddle", precision=asked)
