# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A network with one head or two as program and ONNX, and the manifest that describes both."""

from common import parity
from common.data import vocabulary
from common.export import write_bundle
from common.export.write_bundle import Head, Kind

import numpy as np
import onnxruntime
import pytest
from small_classifiers import ErnieForBoth, ErnieForSentences, build, tokens

ONE = Kind("an_app", "a_task", ("input_ids", "token_type_ids"), (Head("class", "sentence"),), write_bundle.decide_class)
TWO = Kind(
    "an_app",
    "a_task",
    ("input_ids",),
    (Head("kind", "sentence", "kind_logits", "kind"), Head("tag", "tokens", "tag_logits", "tag")),
    lambda outputs: outputs["kind_logits"].argmax(axis=1).tolist(),
)
IDS = [np.array([[2, 3, 4, 5]]), np.array([[6, 7], [8, 9]])]


@pytest.fixture(scope="module")
def both():
    return build(ErnieForBoth, {"kind_dim": 3, "tag_dim": 5})


def test_two_heads_are_answered_under_their_names(both):
    answers = write_bundle.answers(both, IDS, ("kind_logits", "tag_logits"))
    assert [each["kind_logits"].shape for each in answers] == [(1, 3), (2, 3)]
    assert [each["tag_logits"].shape for each in answers] == [(1, 4, 5), (2, 2, 5)]


def test_one_head_is_answered_of_several_inputs():
    network = build(ErnieForSentences, {"num_labels": 3})
    (answer,) = write_bundle.answers(network, [(IDS[1], np.array([[0, 1], [0, 0]]))])
    (other,) = write_bundle.answers(network, [(IDS[1], np.zeros_like(IDS[1]))])
    assert answer["logits"].shape == (2, 3)
    assert np.abs(answer["logits"][0] - other["logits"][0]).max() > 1e-4  # the types are read
    np.testing.assert_allclose(answer["logits"][1], other["logits"][1], atol=1e-6)


def test_the_onnx_file_has_both_heads(both, tmp_path):
    """Within 1e-5 of the dynamic graph."""
    write_bundle.write_onnx(TWO, both, tmp_path / "model.onnx", "portable")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    assert names == ["kind_logits", "tag_logits"]
    for ids, expected in zip(IDS, write_bundle.answers(both, IDS, names), strict=True):
        given = dict(zip(names, session.run(None, {"input_ids": ids}), strict=True))
        assert parity.compare([expected], [given], TWO.decide).max_abs_diff <= 1e-5


def test_both_programs_are_written(both, tmp_path):
    write_bundle.write_fp32(TWO, both, tmp_path, "int32")
    assert {path.name for path in tmp_path.iterdir()} == {"model.pdmodel", "model.pdiparams", "model.onnx"}


def test_a_manifest_describes_every_head(both):
    decoder = {"default": "bio", "transitions": None}
    manifest = write_bundle.manifest_of(TWO, both, 12, "width", {"split": "dev"}, "int32", decoder=decoder)
    assert manifest["outputs"] == [
        {"name": "kind_logits", "shape": [-1, 3]},
        {"name": "tag_logits", "shape": [-1, -1, 5]},
    ]
    assert manifest["inputs"] == [{"name": "input_ids", "shape": [-1, -1], "dtype": "int32"}]
    assert (manifest["precision"], manifest["decoder"], manifest["max_length"]) == ("fp32", decoder, 12)
    assert "int8_ops" not in manifest and manifest["engines"] == {}
    quantized = write_bundle.manifest_of(TWO, both, 12, "int8", {}, int8_ops=["fc"])
    assert (quantized["precision"], quantized["int8_ops"]) == ("int8", ["fc"]) and "decoder" not in quantized


def test_words_and_links(tmp_path):
    vocabulary.write(tmp_path / "words.txt", tokens())
    (tmp_path / "bundle").mkdir()
    write_bundle.add_words(tmp_path / "bundle", tmp_path / "words.txt", {"class": ["a", "b"]})
    assert (tmp_path / "bundle" / "vocab.txt").read_bytes() == (tmp_path / "words.txt").read_bytes()
    (tmp_path / "bundle" / "model.pdmodel").write_bytes(b"program")
    for _ in range(2):  # a second export replaces the links
        write_bundle.link_program(tmp_path, "infer_model.pdmodel", "infer_model.pdiparams")
    assert (tmp_path / "infer_model.pdmodel").read_bytes() == b"program"


def test_the_most_likely_class_is_the_decision():
    assert write_bundle.decide_class({"logits": np.array([[0.1, 0.9], [2.0, 1.0]])}) == [1, 0]
