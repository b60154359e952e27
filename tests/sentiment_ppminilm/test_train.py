# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""train.py and evaluate.py through their mains: what is learnt, kept, resumed and refused."""

import re
import shutil
import signal
import subprocess
import sys
import time

import common  # noqa: F401  before paddle
from common import files
from common.data.tokenizer import WordPieceTokenizer
from common.train.trainer import seed_everything

import numpy as np
import paddle
import pytest
import tiny_aspects
from calls import call
from tiny_aspects import APP, train_words


def state_of(folder):
    return paddle.load(str(folder / "model_state.pdparams"))


def same_weights(one, other) -> bool:
    first, second = state_of(one), state_of(other)
    return first.keys() == second.keys() and all(np.array_equal(first[k].numpy(), second[k].numpy()) for k in first)


def test_training_learns_and_records_itself(trained):
    record = files.read_json(trained / "training.json")
    assert record["metrics"]["f1"] == record["metrics"]["macro_f1"] == 1.0
    assert record["labels"] == {"values": ["0", "1"], "names": ["negative", "positive"]}
    assert record["stage"] == "original" and record["max_seq_len"] == 32
    assert [data["rows"] for data in record["data"]] == [192, 48]
    assert (trained / "best.pdparams").resolve().name == "model_state.pdparams"


def test_without_a_progress_bar_there_are_log_lines(trained):
    assert re.search(r"step 48 of 48: .*eval_f1 1", (trained / "stdout.txt").read_text())


def test_every_weight_moves_in_one_step(tiny, tmp_path):
    started, after = tmp_path / "a", tmp_path / "b"
    for folder, steps in ((started, 1), (after, 2)):
        words = train_words(tiny, folder, num_epochs=None, max_steps=steps, warmup_proportion=0.0, learning_rate=1e-2)
        assert call("train", *words).code == 0
    first, second = state_of(started), state_of(after)
    unmoved = [name for name in first if np.array_equal(first[name].numpy(), second[name].numpy())]
    assert not unmoved


def test_the_large_architecture_trains_too(tiny, tmp_path):
    words = train_words(tiny, tmp_path / "skep", base_model_name=tiny.pretrained("skep"), num_epochs=1)
    assert call("train", *words).code == 0
    assert files.read_json(tmp_path / "skep" / "config.json")["architectures"] == ["SkepForAspect"]


def test_a_checkpoint_is_a_start_of_its_own(tiny, trained, tmp_path):
    words = train_words(tiny, tmp_path / "on", base_model_name=trained, num_epochs=1, learning_rate=1e-6)
    assert call("train", *words).code == 0
    assert files.read_json(tmp_path / "on" / "training.json")["metrics"]["f1"] == 1.0


def test_from_scratch_builds_the_vocabulary_and_says_so(tiny, tmp_path):
    small = {"from_scratch": True, "num_hidden_layers": 1, "hidden_size": 64, "warm_start_epochs": 2}
    words = train_words(tiny, tmp_path / "new", base_model_name="ppminilm-6l-768h", num_epochs=1, **small)
    ended = call("train", *words)
    assert ended.code == 0, ended.err
    assert "from scratch: ppminilm-6l-768h with random weights" in ended.out
    assert "word table: 2 passes of bag-of-words" in ended.out
    config = files.read_json(tmp_path / "new" / "config.json")
    assert (config["num_hidden_layers"], config["hidden_size"], config["intermediate_size"]) == (1, 64, 256)
    assert len(WordPieceTokenizer(tmp_path / "new" / "vocab.txt")) == 21128
    assert files.read_json(tmp_path / "new" / "training.json")["from_scratch"] is True


def test_warm_start_moves_only_words_that_occur(tiny):
    from aspect.warm_start import warm_words
    from data import Row
    from paddle import nn

    rows = [Row(n, [1, 4 + n % 2, 2], [0, 0, 0], n % 2) for n in range(40)]

    def learn(passes: int) -> tuple[float, list[int]]:
        seed_everything(0)  # table and classifier start from random numbers; two starts cannot be compared
        table = nn.Embedding(8, 6)
        before = table.weight.numpy().copy()
        loss = warm_words(table, rows, 2, passes, 0)
        return loss, np.flatnonzero((table.weight.numpy() != before).any(axis=1)).tolist()

    first, moved = learn(1)
    assert moved == [1, 2, 4, 5]
    later, moved = learn(60)
    assert moved == [1, 2, 4, 5]
    assert later < 0.7 * first


def test_a_killed_run_resumes_to_the_same_weights(tiny, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    steps = {"eval_steps": 4, "num_epochs": 2}
    assert call("train", *train_words(tiny, whole, **steps)).code == 0
    words = [str(word) for word in train_words(tiny, killed, **steps)]
    child = subprocess.Popen([sys.executable, str(APP / "train.py"), *words], stdout=subprocess.DEVNULL)
    deadline = time.time() + 120
    while not list(killed.glob("checkpoint-*/.whole")) and child.poll() is None and time.time() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(killed.glob("checkpoint-*")), "it was to be killed after a checkpoint"
    shutil.rmtree(killed / "checkpoint-24", ignore_errors=True)  # where the kill came too late, take back the end
    resumed = call("train", *train_words(tiny, killed, **steps, resume_from_checkpoint="last"))
    assert resumed.code == 0, resumed.err
    assert same_weights(whole, killed)


@pytest.mark.slow
def test_two_processes_give_the_loss_of_one(tiny, tmp_path):
    """Data-parallel on the CPU: two processes with 8 rows each are one process with 16."""
    losses = {}
    for name, launcher, batch in (
        ("one", [], 16),
        ("two", ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")], 8),
    ):
        words = train_words(tiny, tmp_path / name, batch_size=batch, num_epochs=None, max_steps=8, log_steps=1)
        command = [sys.executable, *launcher, str(APP / "train.py"), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=600)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        losses[name] = [float(loss) for loss in re.findall(r"step \d+ of 8: loss ([\d.]+)", done.stdout)]
        assert len(losses[name]) == 8
        assert (tmp_path / name / "training.json").exists()
    assert losses["two"] == pytest.approx(losses["one"], abs=2e-5)


def test_evaluate_gives_the_scores_of_scikit_learn(tiny, trained):
    ended = call("evaluate", "--checkpoints", trained, "--test_path", tiny.dev, "--max_seq_len", 32)
    assert ended.code == 0, ended.err
    assert "f1 1.0000  precision 1.0000  recall 1.0000  accuracy 1.0000  f1_0 1.0000  f1_1 1.0000" in ended.out


def test_f1_is_that_of_the_positive_class():
    """The document's F1; a mean over classes would be 0.7333 here."""
    from aspect.metrics import score
    from data import LabelSet

    scores = score(LabelSet(["0", "1"]), [1, 1, 1, 0, 0], [1, 1, 1, 1, 0])
    assert scores["precision"] == 0.75 and scores["recall"] == 1.0
    assert scores["f1"] == pytest.approx(6 / 7) and scores["f1_0"] == pytest.approx(2 / 3)
    assert scores["macro_f1"] == pytest.approx((6 / 7 + 2 / 3) / 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_model_name": "bert-base"}, "--base_model_name bert-base: its architecture is none of ppminilm, skep"),
        ({"base_model_name": "ppminilm-6l-768h"}, "neither a folder here nor reachable as a model name"),
        ({"label_path": "nowhere.dict"}, "nowhere.dict: no such label file"),
        ({"train_path": "nowhere.txt"}, "nowhere.txt: no such data file"),
        ({"max_seq_len": 65}, "--max_seq_len 65: the model's position table has 64 rows"),
        ({"max_seq_len": 4}, "--max_seq_len must be at least 5, got 4"),
        ({"batch_size": 0}, "--batch_size must be at least 1, got 0"),
        ({"warmup_proportion": 1.0}, "--warmup_proportion must be in [0, 1), got 1.0"),
        ({"hidden_size": 64}, "--hidden_size 64: needs --from_scratch"),
        ({"from_scratch": True, "hidden_size": 65}, "--hidden_size 65 is no multiple of 64"),
        ({"resume_from_checkpoint": "nowhere"}, "--resume_from_checkpoint nowhere: not a whole checkpoint"),
        ({"learning_rate": 1e30}, "the loss is"),
    ],
)
def test_bad_options_are_one_line_with_exit_code_2(tiny, tmp_path, changes, message):
    ended = call("train", *train_words(tiny, tmp_path / "out", **changes))
    assert ended.code == 2
    assert message in ended.err and ended.err.count("\n") == 1


def test_a_folder_with_something_in_it_is_not_overwritten(tiny, trained):
    ended = call("train", *train_words(tiny, trained))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_a_resumed_run_must_have_the_same_options(tiny, trained):
    ended = call("train", *train_words(tiny, trained, resume_from_checkpoint="last", max_seq_len=40))
    assert ended.code == 2 and "--max_seq_len is 40" in ended.err


def test_a_gpu_that_is_not_there_is_refused(tiny, tmp_path):
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle has GPU support")
    ended = call("train", *train_words(tiny, tmp_path / "out", device="gpu"))
    assert ended.code == 3 and "--device gpu" in ended.err


def test_labels_must_be_those_of_the_training(tiny, trained, tmp_path):
    other = tmp_path / "label.dict"
    other.write_text("bad\ngood\n")
    ended = call("evaluate", "--checkpoints", trained, "--test_path", tiny.dev, "--label_path", other)
    assert ended.code == 2 and "labels bad, good, but the model was trained with 0, 1" in ended.err


def test_a_pretrained_folder_is_no_trained_checkpoint(tiny):
    ended = call("evaluate", "--checkpoints", tiny.pretrained(), "--test_path", tiny.dev)
    assert ended.code == 2 and ended.err.count("\n") == 1


@pytest.mark.parametrize("family", ["ppminilm", "skep"])
def test_our_forward_is_paddlenlps(tiny, family):
    """The mask that we build by casts gives what the stock classifier gives, padding and all (1e-6)."""
    import model as models
    from paddlenlp.transformers import PPMiniLMForSequenceClassification, SkepForSequenceClassification

    ours = models.load_or_adopt(str(tiny.pretrained(family)), 2)
    stock_class = {"ppminilm": PPMiniLMForSequenceClassification, "skep": SkepForSequenceClassification}[family]
    stock = stock_class(ours.config)
    stock.set_state_dict(ours.state_dict())
    ours.eval()
    stock.eval()
    ids = paddle.to_tensor([[1, 5, 2, 7, 8, 2], [1, 6, 2, 9, 2, 0]])
    types = paddle.to_tensor([[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0]])
    np.testing.assert_allclose(ours(ids, types).numpy(), stock(ids, token_type_ids=types).numpy(), atol=1e-6)


def test_tiny_data_is_what_the_docstring_says():
    assert len(tiny_aspects.rows()) == 192
