# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Child processes of a measurement: their order, their environment, and which run counts."""

from pathlib import Path

from common.cli import UserError
from common.measure.runner import Job, Runner, best, format_answer

import pytest


def runner(folder: Path = Path(), **more) -> Runner:
    return Runner(folder, threads=1, workers=1, **more)


def report(median, memory):
    return {"latency_ms": {"p50": median}, "end_to_end_ms": {"p50": 5 - median}, "peak_rss_mb": memory}


def test_the_quieter_run_counts_and_the_higher_peak():
    chosen = best([report(1, 80), report(2, 90)])
    assert chosen == {"latency_ms": {"p50": 1}, "end_to_end_ms": {"p50": 3}, "peak_rss_mb": 90}
    assert best([report(1, 80), {"failed": "why"}]) == {"failed": "why"}
    assert best([{"file_bytes": 7}, {"file_bytes": 7, "more": 1}]) == {"file_bytes": 7}


def test_all_jobs_run_in_turn_and_then_again_scored_only_once(monkeypatch):
    running, calls = runner(), []

    def child(module, arguments):
        calls.append(arguments)
        scores = {"scores": {"all": {"accuracy": 0.5}}} if "path" in arguments else {}
        return report(len(calls), 100 - len(calls)) | scores

    monkeypatch.setattr(running, "child", child)
    found = running.rounds([Job("a", "m", {"a": 1}, first={"path": "p"}), Job("b", "m", {"b": 1})], 2)
    assert calls == [{"a": 1, "path": "p"}, {"b": 1}, {"a": 1}, {"b": 1}]
    assert [found["b"][key] for key in ("latency_ms", "peak_rss_mb")] == [{"p50": 2}, 98]
    assert found["a"]["scores"]["all"]["accuracy"] == 0.5 and "scores" not in found["b"]


def test_a_failure_is_a_result_only_where_the_job_says_so(monkeypatch, capsys):
    running = runner()

    def child(module, arguments):
        raise RuntimeError("it crashed")

    monkeypatch.setattr(running, "child", child)
    assert running.once([Job(("width", "openvino"), "m", {}, may_fail=True)]) == {
        ("width", "openvino"): {"failed": "it crashed"}
    }
    assert "1 of 1: width openvino: failed: it crashed" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match="it crashed"):
        running.once([Job("a", "m", {})])


def test_children_have_a_users_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MKL_DEBUG_CPU_TYPE", "5")
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "tell.py").write_text("import json, os; print(json.dumps({**os.environ, 'here': os.getcwd()}))")
    (tmp_path / "app").mkdir()
    found = runner(tmp_path / "app", paths=[tmp_path / "demo"]).child("tell", {})
    assert "MKL_DEBUG_CPU_TYPE" not in found and found["OMP_NUM_THREADS"] == "1"
    assert found["PYTHONPATH"] == f"{tmp_path / 'demo'}:{tmp_path}" and found["here"] == str(tmp_path / "app")
    assert runner(tmp_path).child("tell", {})["PYTHONPATH"] == str(tmp_path)


def test_modules_of_the_folder_are_found_and_their_complaints_come_through(tmp_path):
    lines = ["import sys", "print('error: no such file', file=sys.stderr)", "sys.exit(2)"]
    (tmp_path / "complain.py").write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"^no such file$"):
        runner(tmp_path).child("complain", {})


def test_an_answer_in_a_few_words():
    times = report(2, 81.6)
    assert (
        format_answer(times | {"scores": {"all": {"f1": 0.5, "accuracy": 0.75}}})
        == "3.00 ms from text to JSON, 82 MiB, f1 0.5000"
    )
    assert format_answer({"all": {"accuracy": 0.75}, "queries": 4}) == "accuracy 0.7500"
    assert format_answer({"failed": "why"}) == "failed: why"
