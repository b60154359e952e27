# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common import machine
from common.bundle import read_bundle
from common.bundle.bundle import engine_files
from common.engines.job import TRT_BATCH, Job, warn

import bundle_fixture
import pytest


def job(device: str = "cpu", precision: str = "int8") -> Job:
    bundle = read_bundle(bundle_fixture.bundle())
    return Job(bundle, engine_files(bundle, "onnxruntime"), "onnxruntime", device, 1, precision)


def test_names_and_shapes_are_those_of_the_manifest():
    length = bundle_fixture.POSITIONS
    assert job().input_names == ["input_ids"]
    assert job().shapes == {"input_ids": ([1, 2], [1, length], [TRT_BATCH, length])}


@pytest.mark.parametrize(
    ("device", "precision", "dot_product", "saturates"),
    [
        ("cpu", "int8", False, True),
        ("cpu", "int8", True, False),
        ("cpu", "fp32", False, False),
        ("gpu", "int8", False, False),
    ],
)
def test_only_int8_on_a_cpu_without_vnni_saturates(device, precision, dot_product, saturates, monkeypatch):
    monkeypatch.setattr(machine, "has_int8_dot_product", lambda: dot_product)
    assert job(device, precision).saturates is saturates


def test_a_warning_is_one_line_on_stderr(capsys):
    warn("slow")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "warning: slow\n")
