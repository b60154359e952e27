# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""No model is opened here: the model files are a few bytes, since a bundle is checked before any engine reads it."""

import copy
import json
import shutil
from pathlib import Path

from common.bundle import Bundle, read_bundle
from common.bundle.bundle import engine_file, engine_files, file_bytes, write_manifest
from common.cli import UserError

import pytest
from bundle_fixture import INTENTS, SLOTS, manifest, reseal
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


def test_reads_what_was_written(folder):
    bundle = read_bundle(folder, task="joint_intent_slot", app="ernie_tiny_slu")
    assert bundle.labels == {"intent": INTENTS, "slot": SLOTS}
    assert (bundle.app, bundle.task, bundle.stage) == ("ernie_tiny_slu", "joint_intent_slot", "original")
    assert (bundle.precision, bundle.max_length, bundle.pad_id, bundle.decoder) == ("fp32", 16, 0, "bio")
    assert bundle.transitions == TRANSITIONS
    assert bundle.inputs[0]["dtype"] == "int32" and bundle.outputs[1]["shape"] == [-1, -1, 5]
    assert bundle.engine("onnxruntime")["passed"] is True and bundle.engine("openvino") is None
    assert bundle.vocab_path.read_text(encoding="utf-8").split() == VOCAB
    assert set(bundle.manifest["files"]) == {*MODEL_FILES, "vocab.txt", "labels.json"}


def test_another_task_or_app(folder):
    assert "`joint_intent_slot`, but `sentiment` was asked" in refusal(folder, task="sentiment")
    assert "`ernie_tiny_slu`, but `glue_ofa` was asked" in refusal(folder, app="glue_ofa")


def test_no_folder_no_manifest(folder, tmp_path):
    with pytest.raises(UserError, match=r"no such bundle folder.*holds: bundle"):
        read_bundle(tmp_path / "bundle2")
    with pytest.raises(UserError, match="a bundle is a folder"):
        read_bundle(folder / "vocab.txt")
    (folder / "manifest.json").unlink()
    assert "no such manifest" in refusal(folder)


@pytest.mark.parametrize("name", (*MODEL_FILES, "vocab.txt", "labels.json"))
def test_a_changed_file_is_refused(folder, name):
    raw = bytearray((folder / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / name).write_bytes(raw)
    message = refusal(folder)
    assert name in message and "sha256" in message


def test_truncated_and_missing_files_are_refused(folder):
    whole = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(whole[:-1])
    assert f"{len(whole) - 1} bytes, but the manifest says {len(whole)}" in refusal(folder)
    (folder / "model.onnx").unlink()
    assert "model.onnx: no such file" in refusal(folder)
    (folder / "model.onnx").mkdir()
    assert "not a file" in refusal(folder)


def test_sizes_that_disagree_are_refused_with_all_numbers(folder):
    (folder / "vocab.txt").write_text("\n".join([*VOCAB, "歌"]), encoding="utf-8")
    reseal(folder)
    assert "8 tokens, the tokenizer declares 7, the embedding has 7 rows" in refusal(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', "9" * 5000, "[" * 100_000, '{"format": NaN}', "\x00", '{"a": 1}', "﻿{}"]
)
def test_a_manifest_that_is_no_manifest(folder, text):
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    assert "manifest.json" in refusal(folder)


def test_writing_refuses_what_reading_would(folder):
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(UserError, match="position table"):
        write_manifest(folder, {**json.loads(before), "max_length": 99})
    (folder / "inner").mkdir()
    with pytest.raises(ValueError, match="flat"):
        write_manifest(folder, json.loads(before))
    assert (folder / "manifest.json").read_bytes() == before
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_writing_leaves_its_argument_alone(folder):
    content = json.loads((folder / "manifest.json").read_text())
    kept = copy.deepcopy(content)
    (folder / "model.arm.nb").write_bytes(b"arm")
    write_manifest(folder, content)
    assert content == kept
    assert read_bundle(folder).manifest["files"]["model.arm.nb"]["bytes"] == 3


def test_which_files_an_engine_opens(folder):
    def names(bundle: Bundle, engine: str) -> tuple[str, ...]:
        return tuple(path.name for path in engine_files(bundle, engine))

    fp32 = read_bundle(folder)
    program = ("model.pdmodel", "model.pdiparams")
    assert names(fp32, "onnxruntime") == ("model.onnx",)
    assert names(fp32, "paddle") == names(fp32, "fastdeploy_onnxruntime") == names(fp32, "openvino") == program
    assert engine_file(fp32, "paddle") == engine_file(folder, "paddle") == "model.pdmodel"
    assert file_bytes(fp32, "paddle") == 3 * len("model.pdmodel" + "model.pdiparams")
    assert file_bytes(fp32, "onnxruntime") == 3 * len("model.onnx")

    (folder / "model.portable.onnx").write_bytes(b"portable")
    named = {"file": "model.portable.onnx", "precision": "fp32", "passed": True}
    reseal(folder)
    assert names(read_bundle(folder), "openvino") == ("model.portable.onnx",)
    reseal(folder, precision="int8", engines={"onnxruntime": named})
    int8 = read_bundle(folder)
    assert names(int8, "openvino") == program
    assert names(int8, "fastdeploy_onnxruntime") == ("model.portable.onnx",)
    assert names(int8, "onnxruntime") == ("model.portable.onnx",), "what the gate was run on comes first"

    (folder / "model.pdiparams").unlink()
    reseal(folder)
    with pytest.raises(UserError, match=r"no model.pdmodel \+ model.pdiparams .*which paddle needs"):
        engine_files(read_bundle(folder), "paddle")


def test_openvino_opens_its_own_file_where_there_is_one(folder):
    """NNCF writes it; without it, an INT8 bundle goes through the Paddle program, never through the ONNX file."""
    own = ("model.xml", "model.bin")
    for name in own:
        (folder / name).write_bytes(name.encode())
    reseal(folder)
    for precision in ("fp32", "int8"):
        reseal(folder, precision=precision, engines={})
        bundle = read_bundle(folder)
        assert tuple(path.name for path in engine_files(bundle, "openvino")) == own
        assert file_bytes(bundle, "openvino") == len("".join(own))
    reseal(folder, engines={"openvino": {"file": "model.xml", "precision": "int8", "passed": True}})
    assert tuple(path.name for path in engine_files(read_bundle(folder), "openvino")) == own

    (folder / "model.bin").unlink()
    reseal(folder)
    with pytest.raises(UserError, match=r"no model.xml \+ model.bin among .*which openvino needs"):
        engine_files(read_bundle(folder), "openvino")
    reseal(folder, engines={})
    assert engine_file(folder, "openvino") == "model.pdmodel"


def test_a_bundle_may_hold_openvinos_file_alone(folder):
    for name in MODEL_FILES:
        (folder / name).unlink()
    with pytest.raises(UserError, match=r"lists no model \(\.pdmodel, \.onnx, \.xml or \.nb\)"):
        reseal(folder, engines={})
    for name in ("model.xml", "model.bin"):
        (folder / name).write_bytes(name.encode())
    reseal(folder, engines={})
    assert engine_file(folder, "openvino") == "model.xml"


def test_a_copied_bundle_is_the_same_bundle(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert read_bundle(tmp_path / "elsewhere").manifest == read_bundle(folder).manifest
