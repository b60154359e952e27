# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which bundles a measurement takes, made from the fixture bundle."""

from pathlib import Path

from common.bundle.bundle import Bundle, read_bundle
from common.cli import UserError
from common.measure import stages

import bundle_fixture
import pytest

PASSED = {"precision": "fp32", "passed": True, "max_abs_diff": 2.5e-6, "agreement": 1.0}
GATES = {
    "onnxruntime": {"file": "model.onnx", **PASSED},
    "openvino": {"file": "model.onnx", **PASSED, "passed": False, "agreement": 0.25},
}
TASK = "joint_intent_slot"


def bundle(folder: Path, **changes) -> Bundle:
    return read_bundle(bundle_fixture.copy(folder, engines=GATES, **changes))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stages")
    bundle(folder / "original")
    bundle(folder / "int8", stage="int8", precision="int8")
    return folder


def test_stages_come_in_their_order(place):
    found = stages.read_stages([f"{name}={place / name}" for name in ("original", "int8")], "--stages", TASK)
    assert list(found) == ["original", "int8"] and found["int8"].precision == "int8"
    assert stages.require_original(found, "--stages") is found["original"]
    assert stages.read_stages([], "--crf_stages", TASK) == {}


def test_an_app_may_have_another_order(place):
    """Which stages there are, and which comes after which, is the app's."""
    words = [f"{name}={place / name}" for name in ("int8", "original")]
    assert list(stages.read_stages(words, "--stages", TASK, ("int8", "original"))) == ["int8", "original"]
    with pytest.raises(UserError, match="`int8` is no stage; there are original, width"):
        stages.read_stages(words, "--stages", TASK, ("original", "width"))


def test_widths_have_the_place_of_width_and_the_widest_comes_first(tmp_path):
    names = ["original", "width_0.8333", "width_0.5", "width_0.8333_int8", "width_0.5_int8"]
    words = []
    for name in names:
        changes = {"precision": "int8"} if name.endswith("int8") else {}
        bundle(tmp_path / name, stage=name, **changes)
        words.append(f"{name}={tmp_path / name}")
    assert list(stages.read_stages(words, "--stages", TASK)) == names
    with pytest.raises(UserError, match=r"width_0\.8333 after width_0\.5"):
        stages.read_stages([words[2], words[1]], "--stages", TASK)
    with pytest.raises(UserError, match=r"`width_0\.5` is no stage"):
        stages.read_stages([words[2]], "--stages", TASK, ("original", "int8"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["originals=x"], "did you mean `original`"),
        (["original"], "`original` is not STAGE=FOLDER"),
        (["original="], "`original=` is not STAGE=FOLDER"),
        (["int8={0}/int8", "original={0}/original"], "original after int8"),
        (["original={0}/int8"], "exported as the stage `int8`, not as `original`"),
    ],
)
def test_wrong_words(place, words, message):
    with pytest.raises(UserError) as caught:
        stages.read_stages([word.format(place) for word in words], "--stages", TASK)
    assert message in str(caught.value) and str(caught.value).startswith("--stages: ")


def test_a_bundle_of_another_task_and_a_chain_without_its_original(place):
    with pytest.raises(UserError, match="aspect_sentiment"):
        stages.read_stages([f"original={place / 'original'}"], "--stages", "aspect_sentiment")
    for chain in ({}, {"int8": read_bundle(place / "int8")}):
        with pytest.raises(UserError, match="--stages: the original comes first"):
            stages.require_original(chain, "--stages")
