# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bundles: the answers, the type of the token ids, the decoder."""

from common.bundle import read_bundle

import numpy as np
import pytest
import tiny_app
from model import JointErnie
from slu.predictor import SluPredictor
from tiny_app import words


def test_exporting_alone(trained, tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_export", model_name_or_path=trained))
    assert ended.code == 0, ended.err
    text = "拨打13800138000"
    a, b = (SluPredictor(folder / "bundle").answer(text) for folder in (trained, tmp_path / "out"))
    assert a["slots"] == b["slots"] and a["confidence"] == pytest.approx(b["confidence"], abs=1e-5)


@pytest.mark.parametrize(("dtype", "nb"), [("int32", True), ("int64", False)])
def test_the_type_of_the_token_ids(trained, tiny, tmp_path, dtype, nb):
    run = words(tiny, tmp_path / "out", "--do_export", model_name_or_path=trained, input_dtype=dtype)
    ended = tiny_app.train(run)
    assert ended.code == 0, ended.err
    bundle = read_bundle(tmp_path / "out" / "bundle")
    assert bundle.inputs == [{"name": "input_ids", "shape": [-1, -1], "dtype": dtype}]
    assert ("model.x86.nb" in bundle.manifest["files"]) is ("model.arm.nb" in bundle.manifest["files"]) is nb


def test_the_crfs_transitions_are_trained_and_exported(crf):
    model = JointErnie.from_pretrained(str(crf))
    assert model.config.decoder == "crf"
    learned = model.crf.transitions()
    assert np.abs(np.array(learned["pairs"])).max() > 1e-3
    bundle = read_bundle(crf / "bundle")
    assert bundle.decoder == "crf" and bundle.transitions == learned


def test_the_decoder_of_the_checkpoint_is_used_and_can_be_changed(crf, tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "a", "--do_export", model_name_or_path=crf))
    assert ended.code == 0, ended.err
    assert read_bundle(tmp_path / "a" / "bundle").decoder == "crf"
    ended = tiny_app.train(words(tiny, tmp_path / "b", "--do_export", "--decoder", "bio", model_name_or_path=crf))
    assert ended.code == 0, ended.err
    assert read_bundle(tmp_path / "b" / "bundle").decoder == "bio"
