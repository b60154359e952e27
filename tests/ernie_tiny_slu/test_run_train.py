# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_train.py through its main: training, pruning, evaluating, exporting, resuming, the CRF."""

import re

from common.bundle import read_bundle
from common.data.tags import TagDecoder

import paddle
import tiny_app
from slu.predictor import SluPredictor
from tiny_app import DATA, words
from trained_runs import printed_scores

SCORES = ["loss", "accuracy", "intent_accuracy", "slot_accuracy", "slot_precision", "slot_recall", "slot_f1"]
SHORT = {"max_steps": 4, "save_steps": 2}


def test_all_four_actions_together(trained):
    out = (trained / "stdout.txt").read_text("utf-8")
    assert re.search(r"embeddings pruned: 280 -> \d+ tokens, 16 positions", out)
    scores = printed_scores(out, "vocabulary")
    assert list(scores) == SCORES
    assert scores["accuracy"] == 1.0  # the corpus is made to be learned
    bundle = read_bundle(trained / "bundle")
    assert (bundle.stage, bundle.precision, bundle.max_length) == ("vocabulary", "fp32", 16)
    assert bundle.manifest["engines"].keys() == {"paddle", "onnxruntime"}
    for engine in bundle.manifest["engines"].values():
        assert engine["passed"] and engine["max_abs_diff"] <= 1e-4 and engine["agreement"] == 1.0
    for ending in ("pdmodel", "pdiparams"):
        assert (trained / f"infer_model.{ending}").resolve() == (trained / "bundle" / f"model.{ending}").resolve()


def test_the_exported_model_understands(trained):
    answer = SluPredictor(trained / "bundle").answer("放Adele的海阔天空")
    assert answer["intent"] == "music.play"
    assert answer["slots"] == [
        {"slot": "singer", "entity": "Adele", "pos": [1, 5]},
        {"slot": "song", "entity": "海阔天空", "pos": [7, 10]},
    ]


def test_a_crf_model_serves_with_every_decoder(crf):
    text = "放王菲的红豆"
    for decoder in (None, "argmax", "bio", "crf"):
        answer = SluPredictor(crf / "bundle", decoder=decoder).answer(text)
        assert [(slot["slot"], slot["entity"]) for slot in answer["slots"]] == [("singer", "王菲"), ("song", "红豆")]


def test_compression_keeps_the_crf(crf, tiny, tmp_path):
    more = ["--do_compress", "--strategy", "embeddings"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more, model_name_or_path=crf))
    assert ended.code == 0, ended.err
    bundle, before = read_bundle(tmp_path / "out" / "embeddings" / "bundle"), read_bundle(crf / "bundle")
    assert bundle.decoder == "crf" and bundle.transitions == before.transitions
    TagDecoder(bundle.labels["slot"], "crf", bundle.transitions)


def test_the_sample_labels_fit_the_sample_data(tiny, tmp_path):
    """One step on the bundled sample, with the default paths' files."""
    more = ["--do_train", "--prune_embeddings"]
    run = words(tiny, tmp_path / "out", *more, max_steps=1, save_steps=1, train_path=DATA / "train.txt")
    ended = tiny_app.train(run)
    assert ended.code == 0, ended.err
    assert paddle.load(str(tmp_path / "out" / "model_state.pdparams"))["slot_classifier.weight"].shape == [32, 31]
