# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Manifests and label files of a stranger: any value at any place is refused in one line or usable."""

import copy
import json
import random
from pathlib import Path

from common.bundle import read_bundle
from common.bundle.bundle import file_bytes, write_manifest
from common.bundle.checks import check_labels
from common.cli import UserError

import pytest
from bundle_fixture import INTENTS, SLOTS, change, manifest, reseal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_bundle import MODEL_FILES, TRANSITIONS, VOCAB, refusal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "bundle"
    place.mkdir()
    for name in MODEL_FILES:
        (place / name).write_bytes(name.encode() * 3)
    (place / "vocab.txt").write_text("\n".join(VOCAB) + "\n", encoding="utf-8")
    (place / "labels.json").write_text(json.dumps({"intent": INTENTS, "slot": SLOTS}))
    content = manifest(len(VOCAB))
    content["decoder"]["transitions"] = TRANSITIONS
    content["engines"]["onnxruntime"] = {
        "file": "model.onnx",
        "precision": "fp32",
        "passed": True,
        "max_abs_diff": 1e-6,
    }
    write_manifest(place, content)
    return place


@pytest.fixture
def good(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def test_labels_that_do_not_fit_are_refused(folder):
    def with_labels(labels) -> str:
        (folder / "labels.json").write_text(json.dumps(labels))
        reseal(folder)
        return refusal(folder)

    assert "2 labels in `intent`, but the output `intent_logits` is 3 wide" in with_labels(
        {"intent": INTENTS[:2], "slot": SLOTS}
    )
    assert "4 labels in `slot`" in with_labels({"intent": INTENTS, "slot": SLOTS[:4]})
    assert "no output `slots_logits` (did you mean `slot_logits`?)" in with_labels({"slots": SLOTS})
    assert "twice" in with_labels({"intent": ["a", "b", "a"], "slot": SLOTS})
    assert "at least one label" in with_labels({"intent": [], "slot": SLOTS})
    assert "must be a list" in with_labels({"intent": "abc", "slot": SLOTS})
    assert "must be an object" in with_labels([INTENTS, SLOTS])
    assert "a string" in with_labels({"intent": ["a", "b", 3], "slot": SLOTS})
    assert "no labels for the output `slot_logits`" in with_labels({"intent": INTENTS})
    assert "no labels for the output `intent_logits`" in with_labels({})


def test_a_single_label_list_belongs_to_the_single_output(folder):
    (folder / "labels.json").write_text(json.dumps({"class": ["negative", "positive"]}))
    outputs = [{"name": "logits", "shape": [-1, 2]}]
    reseal(folder, outputs=outputs, task="sentiment", decoder=None)
    bundle = read_bundle(folder, task="sentiment")
    assert bundle.labels == {"class": ["negative", "positive"]}
    assert bundle.decoder is None and bundle.transitions is None


WRONG = [
    ({"format": 2}, "`format` is 2; this program reads format 1"),
    ({"format": True}, "`format` is True; it must be a whole number"),
    ({"task": ""}, "`task` is ``; it must not be empty"),
    ({"precision": "fp16"}, "`precision` is `fp16`; it must be one of fp32, int8"),
    ({"max_length": 17}, "`max_length` is 17; the position table has only 16 rows"),
    ({"max_length": 16.0}, "`max_length` is 16.0; it must be a whole number"),
    ({"max_length": 1}, "`max_length` is 1; it must be at least 2"),
    ({"pad_id": 7}, "`pad_id` is 7; the embedding has only 7 rows"),
    ({"tokenizer": {"rules_version": 2, "vocab_size": 7}}, "`tokenizer.rules_version` is 2; this program's tokenizer"),
    ({"tokenizer": {"rules_version": 1, "vocab_size": 6}}, "the tokenizer declares 6"),
    ({"inputs": [{"name": "input_ids", "shape": [-1, -1], "dtype": "float32"}]}, "`inputs[0].dtype` is `float32`"),
    ({"inputs": []}, "`inputs` is []; it must name at least one"),
    ({"outputs": [{"name": "intent_logits", "shape": [-1, -1]}]}, "must have a known width"),
    ({"outputs": [{"name": "a", "shape": [-1, 3]}, {"name": "a", "shape": [-1, 3]}]}, "none twice"),
    ({"files": {}}, "`files` has no key `vocab.txt`"),
    ({"files": {"../vocab.txt": {"bytes": 1, "sha256": "0" * 64}}}, "`../vocab.txt`, which is not the plain name"),
    ({"files": {"\ud800": {}}}, "not the plain name"),
    ({"engines": {"openvino": {"file": "x.onnx", "precision": "fp32", "passed": True}}}, "`engines.openvino.file`"),
    ({"engines": {"openvino": {"file": "model.onnx", "precision": "fp32", "passed": 1}}}, "true or false"),
    ({"decoder": {"default": "crf", "transitions": {**TRANSITIONS, "end": [0.0]}}}, "1 entries and must have 5"),
    ({"decoder": {"default": "crf", "transitions": {**TRANSITIONS, "end": [float("nan")] * 5}}}, "a finite number"),
    ({"decoder": {"default": "crf", "transitions": {**TRANSITIONS, "pairs": [[0.0] * 5] * 4}}}, "4 entries and must"),
    ({"decoder": {"default": "crf", "transitions": {k: [] for k in TRANSITIONS}}}, "transitions are for 0"),
    ({"int8_ops": "fc"}, "`int8_ops` is `fc`; it must be a list"),
    ({"metrics": 5}, "`metrics` is 5; it must be an object"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=[f"{i}-{next(iter(w))}" for i, (w, _) in enumerate(WRONG)])
def test_wrong_values_are_named(folder, wrong, said):
    change(folder, **wrong)
    assert said in refusal(folder)


@pytest.mark.parametrize("key", ["heads", "ffn", "layers", "vocab_size", "positions", "hidden", "name"])
def test_the_architecture_must_be_whole(folder, key):
    content = json.loads((folder / "manifest.json").read_text())
    del content["architecture"][key]
    change(folder, architecture=content["architecture"])
    assert f"`architecture` has no key `{key}`" in refusal(folder)


@pytest.mark.parametrize("layers", [[], [2, 2], [0], ["2"], 2])
def test_heads_are_one_count_per_layer(folder, layers):
    content = json.loads((folder / "manifest.json").read_text())
    change(folder, architecture={**content["architecture"], "heads": layers})
    assert "architecture.heads" in refusal(folder)


def test_a_key_that_is_missing_or_misspelt(folder):
    content = json.loads((folder / "manifest.json").read_text())
    content["max_lenght"] = content.pop("max_length")
    (folder / "manifest.json").write_text(json.dumps(content))
    assert "no key `max_length` (did you mean `max_lenght`?)" in refusal(folder)


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([0, 1, 1 << 70]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=6,
)


many = settings(
    max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def places(value, path=()) -> list[tuple]:
    """Every place in a JSON value, the top included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inner for place in places(child, (*path, key)))]


def replaced(content, path, value):
    if not path:
        return value
    content = copy.deepcopy(content)
    holder = content
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return content


def survives(folder: Path) -> bool:
    """Read it; anything but a UserError fails the test. A bundle that is taken must also be usable."""
    try:
        bundle = read_bundle(folder)
    except UserError as problem:
        assert str(problem)
        return False
    for name in ("app", "task", "stage", "precision", "max_length", "pad_id", "decoder", "transitions"):
        getattr(bundle, name)
    assert 2 <= bundle.max_length <= bundle.architecture["positions"]
    for engine in ("onnxruntime", "openvino", "paddle", "paddlelite"):
        assert file_bytes(bundle, engine) > 0
    return True


@many
@given(data=st.data())
def test_any_value_at_any_place_of_the_manifest(folder, good, data):
    path = data.draw(st.sampled_from(places(good)))
    (folder / "manifest.json").write_text(json.dumps(replaced(good, path, data.draw(any_json))))
    survives(folder)


@many
@given(content=any_json)
def test_any_label_file(content):
    with pytest.raises(UserError):
        check_labels(content, manifest(len(VOCAB)), "labels.json")


def test_bit_flips_of_a_good_manifest(folder):
    chance = random.Random(20261120)
    good = (folder / "manifest.json").read_bytes()
    taken = 0
    for _ in range(2000):
        raw = bytearray(good)
        for _ in range(chance.choice((1, 1, 1, 2, 8))):
            raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        if chance.random() < 0.1:
            del raw[chance.randrange(len(raw)) :]
        (folder / "manifest.json").write_bytes(raw)
        taken += survives(folder)
    assert 0 < taken < 1000, "some flips change nothing that matters (a metric's name), most must be refused"
