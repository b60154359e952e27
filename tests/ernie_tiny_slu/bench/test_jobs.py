# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Only what may run is run, and who may fail."""

from common.bundle import read_bundle
from common.cli import UserError
from common.measure.runner import Job

import bundle_fixture
import pytest
from bench import jobs, measure
from fixture_measured import GATES


def test_only_engines_that_may_run_get_a_job(tmp_path):
    bundle = read_bundle(bundle_fixture.copy(tmp_path / "b", stage="int8", precision="int8", engines=GATES))
    timing = {"texts": [], "repeats": 1, "threads": 1}
    keys = [job.key for job in jobs.engine_jobs("int8", bundle, ("paddlelite", "onnxruntime"), timing)]
    assert keys == [("int8", "onnxruntime")]


def test_an_engine_that_fails_is_told_and_the_default_engine_must_not(place, monkeypatch, capsys):
    runner = jobs.runner(threads=1, workers=1)
    arguments = {"action": "serve", "bundle": str(place / "nowhere"), "engine": "openvino"}
    arguments |= {"texts": ["导航"], "repeats": 1, "threads": 1}
    job = Job(("width", "openvino"), "bench.child", arguments, may_fail=True)
    found = runner.rounds([job], 1)
    assert "no such" in found["width", "openvino"]["failed"] and "failed" in capsys.readouterr().err
    bundle = read_bundle(place / "original")
    assert "no such" in measure.entry_of("width", bundle, "openvino", found)["parity"]["refused"]
    with pytest.raises(UserError, match="no such"):
        runner.once([Job(("width", "onnxruntime"), "bench.child", arguments)])
