# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Budgets on a made-up summary: what is read of a word, which stage is taken, and what is refused."""

import json

from common.cli import UserError
from common.report import budget
from common.report.budget import Budget

import pytest
from summary_fixture import MIB, engine, good

STAGES = {  # accuracy, MiB, ms of the model on the best engine
    "original": (0.900, 400, 100.0),
    "width_0.8333": (0.901, 340, 85.0),
    "width_0.6667": (0.898, 280, 66.0),
    "width_0.5": (0.889, 220, 50.0),
    "width_0.5_int8": (0.887, 60, 20.0),
}


@pytest.fixture
def summary() -> dict:
    stages = []
    for name, (accuracy, size, latency) in STAGES.items():
        engines = [
            engine("paddle", "fp32", (2 * latency, 2 * latency), None, None, **good(0.0, 1.0)),
            engine("onnxruntime", "fp32", (latency, latency), None, None, **good(0.0, 1.0)),
            engine("openvino", "fp32", (1.0, 1.0), None, None, passed=False, max_abs_diff=9.0, agreement=0.2),
        ]
        metrics = {"accuracy": accuracy, "f1": 0.5}
        stages.append({"stage": name, "size_bytes": size * MIB, "metrics": metrics, "engines": engines})
    head = {"app": "a", "machine": "m", "commit": "c", "command": "x", "split": "dev", "seeds": []}
    return {**head, "stages": stages}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("latency_ms<=70", Budget("latency_ms", 70.0)),
        (" size_mb <= 2.5e2 ", Budget("size_mb", 250.0)),
        ("metric_drop<=0", Budget("metric_drop", 0.0)),
        ("metric_drop<=-0.1", Budget("metric_drop", -0.1)),
    ],
)
def test_words(word, expected):
    assert budget.parse(word) == expected


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("latency_ms<70", "`latency_ms<70` is no budget; write for example"),
        ("latency_ms", "is no budget"),
        ("", "is no budget"),
        ("latency<=70", "did you mean `latency_ms`?"),
        ("size_mb<=small", "`small` in `size_mb<=small` is no number"),
        ("size_mb<=nan", "is no number"),
        ("size_mb<=inf", "is no number"),
        ("latency_ms<=0", "is no number that could be kept to"),
    ],
)
def test_words_that_are_none(word, message):
    with pytest.raises(UserError) as caught:
        budget.parse(word)
    assert message in str(caught.value) and str(caught.value).startswith("--budget: ")


@pytest.mark.parametrize(
    ("words", "stage"),
    [
        (["latency_ms<=70"], "width_0.6667"),  # the most accurate of three
        (["latency_ms<=85"], "width_0.8333"),  # the limit itself is kept to
        (["latency_ms<=1000"], "width_0.8333"),  # better than the original
        (["size_mb<=250"], "width_0.5"),
        (["size_mb<=100"], "width_0.5_int8"),
        (["metric_drop<=0.3"], "width_0.6667"),  # the fastest of three; 0.2 points below
        (["metric_drop<=0"], "width_0.8333"),
        (["metric_drop<=5"], "width_0.5_int8"),
        (["metric_drop<=2", "size_mb<=250"], "width_0.5_int8"),
        (["latency_ms<=60", "metric_drop<=1.2"], "width_0.5"),
    ],
)
def test_which_stage_keeps_to_it(summary, words, stage):
    choice = budget.choose(summary, [budget.parse(word) for word in words])
    assert choice.stage == stage and choice.why.startswith(f"{stage}: the ")
    assert f"latency_ms {STAGES[stage][2]:.2f}, size_mb {STAGES[stage][1]:.2f}" in choice.why


def test_only_what_can_be_had(summary):
    among = ["width_0.8333", "width_0.5"]
    assert budget.choose(summary, [Budget("metric_drop", 5.0)], among=among).stage == "width_0.5"


def test_equal_accuracy_goes_to_the_faster(summary):
    for stage in summary["stages"]:
        stage["metrics"]["accuracy"] = 0.9
    assert budget.choose(summary, [Budget("size_mb", 1000.0)]).stage == "width_0.5_int8"


def test_nothing_keeps_to_it(summary):
    with pytest.raises(UserError) as caught:
        budget.choose(summary, [Budget("size_mb", 50.0)])
    assert "no stage keeps to size_mb<=50 MiB; the nearest is width_0.5_int8" in str(caught.value)


def test_another_metric_and_one_that_is_not_there(summary):
    drops = [each.metric_drop for each in budget.costs(summary, "f1")]
    assert drops == [0.0] * 5
    with pytest.raises(UserError, match="did you mean `accuracy`"):
        budget.costs(summary, "accurac")


def test_what_was_not_measured_is_said(summary):
    for stage in summary["stages"]:
        stage["engines"] = []
        stage["metrics"] = {}
    for kind in ("latency_ms", "metric_drop"):
        with pytest.raises(UserError, match=f"{kind} was measured of none of original"):
            budget.choose(summary, [Budget(kind, 1.0)])
    assert budget.choose(summary, [Budget("size_mb", 300.0)]).stage == "width_0.5_int8"


def test_the_command(summary, tmp_path, capsys):
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(summary))
    budget.main(budget.Options(path, ["size_mb<=250"]))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and lines[-1].startswith(
        "width_0.5: the best in accuracy of 2 of 5 stages within size_mb<=250"
    )
    with pytest.raises(UserError, match="--budget is needed"):
        budget.Options(path)
