# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.bundle.bundle import read_bundle
from common.cli import UserError
from common.measure import compare, entries

import bundle_fixture
import pytest


def test_int8_is_compared_with_its_own_width():
    names = ["original", "width_0.6667", "width_0.5", "width_0.5_int8", "int8", "width", "width_int8"]
    expected = ["original", "original", "original", "width_0.5", "original", "original", "width"]
    assert [compare.fp32_of(name, names) for name in names] == expected
    assert compare.fp32_of("width_0.5_int8", ["original", "width_0.5_int8"]) == "original"


def test_agreement_is_the_share_of_equal_decisions():
    found = {
        ("original", "onnxruntime"): {"predicted": [0, 1, 1, 0]},
        ("original", "paddle"): {"predicted": [0, 1, 1, 1]},
        ("width", "onnxruntime"): {"predicted": [1, 1, 1, 1]},
        ("width_int8", "onnxruntime"): {"predicted": [1, 1, 1, 0]},
        ("width_int8", "openvino"): {"failed": "why"},
    }
    compare.add_agreement(found, ["onnxruntime", "openvino", "paddle"], compare.agreement)
    assert [answer.get("agreement") for answer in found.values()] == [1.0, 0.75, 0.5, 0.75, None]
    alone = {key: answer for key, answer in found.items() if key == ("original", "paddle")}
    compare.add_agreement(alone, ["paddle"], compare.agreement)
    assert alone["original", "paddle"]["agreement"] == 1.0


def test_the_default_engine_speaks_for_a_stage_if_it_answers():
    figures = {"paddle": 0.5, "onnxruntime": 0.75}
    found = {("int8", engine): {"scores": {"all": {"f1": f1}}} for engine, f1 in figures.items()}
    assert compare.main_scores("int8", found, ["paddle", "onnxruntime"]) == {"f1": 0.75}
    assert compare.main_scores("int8", found, ["openvino", "paddle"]) == {"f1": 0.5}
    with pytest.raises(UserError, match="width: no engine of openvino, paddle"):
        compare.main_scores("width", found, ["openvino", "paddle"])


def test_an_engine_that_fails_is_not_timed(monkeypatch):
    """Only the default engine must not fail."""
    monkeypatch.setattr(entries, "timed_engines", lambda bundle, engines: list(engines))
    bundles, engines = {"original": read_bundle(bundle_fixture.bundle())}, ["paddle", "onnxruntime"]
    asked = compare.jobs("score", bundles, engines, {"batch_size": 4})
    assert [(job.key[1], job.may_fail) for job in asked] == [("paddle", True), ("onnxruntime", False)]
    assert asked[0].arguments["action"] == "score" and asked[0].arguments["batch_size"] == 4
    scores = {("original", "onnxruntime"): {"predicted": [0]}, ("original", "paddle"): {"failed": "it crashed"}}
    assert [job.key[1] for job in compare.jobs("serve", bundles, engines, {}, scores)] == ["onnxruntime"]
