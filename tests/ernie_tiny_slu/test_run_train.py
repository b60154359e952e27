# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_train.py through its main: training, pruning, evaluating, exporting, resuming, the CRF."""

import re
import shutil

from common import files
from common.bundle import read_bundle
from common.data.tags import TagDecoder
from common.train import trainer

import numpy as np
import paddle
import pytest
import tiny_app
from model import JointErnie
from slu.predictor import SluPredictor
from tiny_app import DATA, words

SCORES = ["loss", "accuracy", "intent_accuracy", "slot_accuracy", "slot_precision", "slot_recall", "slot_f1"]
SHORT = {"max_steps": 4, "save_steps": 2}


def printed_scores(out: str, stage: str) -> dict[str, float]:
    """The scores in the line `<stage>, dev: …`."""
    line = re.search(rf"^{stage}, dev: (.*)$", out, re.MULTILINE)[1]
    return {name: float(value) for name, value in re.findall(r"(\w+) ([\d.]+)", line)}


def parameters(folder) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in JointErnie.from_pretrained(str(folder)).state_dict().items()}


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


# --- everything together


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


def test_the_tables_are_cut_to_the_vocabulary_and_the_length(trained, tiny):
    model = JointErnie.from_pretrained(str(trained))
    tokens = (trained / "vocab.txt").read_text("utf-8").splitlines()
    assert model.ernie.embeddings.word_embeddings.weight.shape == [len(tokens), 32]
    assert model.ernie.embeddings.position_embeddings.weight.shape == [16, 32]
    assert (model.config.vocab_size, model.config.max_position_embeddings) == (len(tokens), 16)
    assert tokens[0] == "[PAD]" and set(tokens) <= set((tiny.pretrained / "vocab.txt").read_text("utf-8").split("\n"))
    assert (trained / "bundle" / "vocab.txt").read_bytes() == (trained / "vocab.txt").read_bytes()
    pruned = JointErnie.from_pretrained(
        str(trained / "pretrained_model")
    )  # the document's folder of what it begins with
    assert pruned.config.vocab_size == len(tokens)


def test_the_exported_model_understands(trained):
    answer = SluPredictor(trained / "bundle").answer("放Adele的海阔天空")
    assert answer["intent"] == "music.play"
    assert answer["slots"] == [
        {"slot": "singer", "entity": "Adele", "pos": [1, 5]},
        {"slot": "song", "entity": "海阔天空", "pos": [7, 10]},
    ]


def test_what_made_a_checkpoint_is_written_beside_it(trained, tiny):
    record = files.read_json(trained / "training.json")
    assert record["stage"] == "vocabulary" and record["seed"] == 42
    assert [(data["path"], data["rows"]) for data in record["data"]] == [(str(tiny.train), 75), (str(tiny.dev), 25)]
    assert record["data"][0]["sha256"] == files.sha256(tiny.train)
    assert record["metrics"]["accuracy"] == 1.0
    assert record["arguments"]["learning_rate"] == "0.01"


# --- each alone


def test_evaluating_a_checkpoint_without_training(trained, tiny, tmp_path):
    """The document's evaluation of the dynamic graph: the same command without --do_train and --do_export."""
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=trained))
    assert ended.code == 0, ended.err
    now, then = (
        printed_scores(ended.out, "vocabulary"),
        printed_scores((trained / "stdout.txt").read_text(), "vocabulary"),
    )
    assert now == pytest.approx(then, abs=1e-4)
    assert not (tmp_path / "out" / "model_state.pdparams").exists()


def test_evaluating_by_another_batch_size_gives_the_same_scores(trained, tiny, tmp_path):
    """Labels padded with -100 across batches of several lengths must not count (upstream read 0.48 for 0.99)."""
    scores = []
    for size in (1, 7, 25):
        run = words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=trained, per_device_eval_batch_size=size)
        found = printed_scores(tiny_app.train(run).out, "vocabulary")
        found.pop("loss")  # a mean of batch means: it depends on the batches
        scores.append(found)
    assert scores[0] == scores[1] == scores[2]


def test_training_alone_saves_a_checkpoint_that_loads(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_train", **SHORT))
    assert ended.code == 0, ended.err
    model = JointErnie.from_pretrained(str(tmp_path / "out"))
    assert model.config.vocab_size == 280
    assert not (tmp_path / "out" / "bundle").exists()


def test_fewer_steps_than_save_steps_still_save(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_train", max_steps=2, save_steps=100))
    assert ended.code == 0, ended.err
    assert trainer.last_whole_checkpoint(tmp_path / "out").name == "checkpoint-2"
    assert same(parameters(tmp_path / "out"), parameters(tmp_path / "out" / "checkpoint-2"))


def test_pruning_alone_changes_no_answer(tiny, tmp_path):
    first = tiny_app.train(words(tiny, tmp_path / "a", "--do_train", "--do_eval", **SHORT))
    more = ["--prune_embeddings", "--do_eval"]
    ended = tiny_app.train(words(tiny, tmp_path / "b", *more, model_name_or_path=tmp_path / "a"))
    assert ended.code == 0, ended.err
    before, after = printed_scores(first.out, "original"), printed_scores(ended.out, "vocabulary")
    assert after == pytest.approx(before, abs=1e-4)
    assert JointErnie.from_pretrained(str(tmp_path / "b")).config.vocab_size < 280
    lines = [len((tmp_path / folder / "vocab.txt").read_text("utf-8").splitlines()) for folder in "ab"]
    assert lines[0] == 280 and lines[1] == JointErnie.from_pretrained(str(tmp_path / "b")).config.vocab_size


def test_max_vocab_size_keeps_no_more_rows(tiny, trained, tmp_path):
    more = ["--prune_embeddings", "--max_vocab_size", "60"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more, model_name_or_path=trained))
    assert ended.code == 0, ended.err
    assert JointErnie.from_pretrained(str(tmp_path / "out")).config.vocab_size == 60


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


def test_from_scratch_builds_the_named_architecture(tiny, tmp_path):
    more = ["--do_train", "--from_scratch", "--prune_embeddings"]
    run = words(
        tiny, tmp_path / "out", *more, model_name_or_path="ernie-3.0-tiny-pico-v2-zh", max_steps=2, save_steps=2
    )
    ended = tiny_app.train(run)
    assert ended.code == 0, ended.err
    assert "with random weights" in ended.out
    config = JointErnie.from_pretrained(str(tmp_path / "out")).config
    assert (config.num_hidden_layers, config.hidden_size, config.num_attention_heads) == (3, 128, 2)
    assert files.read_json(tmp_path / "out" / "training.json")["from_scratch"] is True


def test_dropout_is_saved_with_the_checkpoint(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_train", dropout=0.3, max_steps=1, save_steps=1))
    assert ended.code == 0, ended.err
    model = JointErnie.from_pretrained(str(tmp_path / "out"))
    assert model.dropout.p == 0.3
    assert same(parameters(tmp_path / "out"), parameters(tmp_path / "out" / "checkpoint-1"))


# --- best checkpoint, resuming


def test_the_best_checkpoint_is_taken_at_the_end(trained):
    state = files.read_json(trainer.last_whole_checkpoint(trained) / "trainer_state.json")
    scores = [entry["eval_accuracy"] for entry in state["log_history"] if "eval_accuracy" in entry]
    assert len(scores) == 3 and state["best_metric"] == max(scores)
    assert same(parameters(trained), parameters(state["best_model_checkpoint"]))


def test_a_resumed_run_ends_as_an_uninterrupted_one(tiny, tmp_path):
    more = ["--do_train", "--do_eval"]
    steps = {"save_steps": 5, "learning_rate": 3e-3, "lr_scheduler_type": "constant"}
    whole = tiny_app.train(words(tiny, tmp_path / "whole", *more, max_steps=10, **steps))
    assert whole.code == 0, whole.err
    # What a kill after step 5 leaves: checkpoint-5, the run's configuration, nothing of the end.
    for name in ("checkpoint-5", "configuration.json"):
        source, target = tmp_path / "whole" / name, tmp_path / "broken" / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    (tmp_path / "broken" / "checkpoint-10").mkdir()  # and a folder that was being written
    resume = ["--resume_from_checkpoint", "last"]
    resumed = tiny_app.train(words(tiny, tmp_path / "broken", *more, *resume, max_steps=10, **steps))
    assert resumed.code == 0, resumed.err
    assert printed_scores(resumed.out, "original") == printed_scores(whole.out, "original")
    assert same(parameters(tmp_path / "whole"), parameters(tmp_path / "broken"))


def test_resuming_where_there_is_nothing_yet_begins(tiny, tmp_path):
    more = ["--do_train", "--resume_from_checkpoint", "last"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more, max_steps=1, save_steps=1))
    assert ended.code == 0, ended.err


# --- the CRF


@pytest.fixture(scope="module")
def crf(tiny, trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("crf") / "out"
    more = ["--do_train", "--do_eval", "--do_export", "--decoder", "crf"]
    run = words(tiny, folder, *more, model_name_or_path=trained, max_steps=20, save_steps=20, learning_rate=2e-3)
    ended = tiny_app.train(run)
    assert ended.code == 0, ended.err
    return folder


def test_the_crfs_transitions_are_trained_and_exported(crf):
    model = JointErnie.from_pretrained(str(crf))
    assert model.config.decoder == "crf"
    learned = model.crf.transitions()
    assert np.abs(np.array(learned["pairs"])).max() > 1e-3
    bundle = read_bundle(crf / "bundle")
    assert bundle.decoder == "crf" and bundle.transitions == learned


def test_a_crf_model_serves_with_every_decoder(crf):
    text = "放王菲的红豆"
    for decoder in (None, "argmax", "bio", "crf"):
        answer = SluPredictor(crf / "bundle", decoder=decoder).answer(text)
        assert [(slot["slot"], slot["entity"]) for slot in answer["slots"]] == [("singer", "王菲"), ("song", "红豆")]


def test_the_decoder_of_the_checkpoint_is_used_and_can_be_changed(crf, tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "a", "--do_export", model_name_or_path=crf))
    assert ended.code == 0, ended.err
    assert read_bundle(tmp_path / "a" / "bundle").decoder == "crf"
    ended = tiny_app.train(words(tiny, tmp_path / "b", "--do_export", "--decoder", "bio", model_name_or_path=crf))
    assert ended.code == 0, ended.err
    assert read_bundle(tmp_path / "b" / "bundle").decoder == "bio"


def test_a_crf_is_not_made_up_for_a_checkpoint_without(trained, tiny, tmp_path):
    for action in ("--do_eval", "--do_export", "--do_compress"):
        run = words(tiny, tmp_path / "out", action, "--decoder", "crf", model_name_or_path=trained)
        ended = tiny_app.train(run)
        assert ended.code == 2
        assert f"--decoder crf: {trained} was trained without transitions; train it on with --do_train" in ended.err


def test_compression_keeps_the_crf(crf, tiny, tmp_path):
    more = ["--do_compress", "--strategy", "embeddings"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more, model_name_or_path=crf))
    assert ended.code == 0, ended.err
    bundle, before = read_bundle(tmp_path / "out" / "embeddings" / "bundle"), read_bundle(crf / "bundle")
    assert bundle.decoder == "crf" and bundle.transitions == before.transitions
    TagDecoder(bundle.labels["slot"], "crf", bundle.transitions)


# --- the sample data


def test_the_sample_labels_fit_the_sample_data(tiny, tmp_path):
    """One step on the bundled sample, with the default paths' files."""
    more = ["--do_train", "--prune_embeddings"]
    run = words(tiny, tmp_path / "out", *more, max_steps=1, save_steps=1, train_path=DATA / "train.txt")
    ended = tiny_app.train(run)
    assert ended.code == 0, ended.err
    assert paddle.load(str(tmp_path / "out" / "model_state.pdparams"))["slot_classifier.weight"].shape == [32, 31]
