# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_msra_ner.py and evaluate.py through their mains: what is learnt, kept, resumed and refused."""

import re
import shutil
import signal
import subprocess
import sys
import time

import common  # noqa: F401  before paddle
from common import files

import numpy as np
import paddle
import pytest
from calls import call
from tiny_ner import APP, LABELS, LENGTH, sentences, train_words


def state_of(folder):
    return paddle.load(str(folder / "model_state.pdparams"))


def same_weights(one, other) -> bool:
    first, second = state_of(one), state_of(other)
    return first.keys() == second.keys() and all(np.array_equal(first[k].numpy(), second[k].numpy()) for k in first)


def test_training_learns_and_records_itself(trained):
    record = files.read_json(trained / "model_best" / "training.json")
    assert record["metrics"]["f1"] > 0.95 and record["metrics"]["f1_strict"] > 0.9
    assert record["labels"] == LABELS and record["max_seq_length"] == LENGTH and record["stage"] == "original"
    assert [data["path"].rsplit("/", 1)[1] for data in record["data"]] == ["train.txt"]


def test_the_test_set_is_never_opened_by_training(tiny, tmp_path):
    """Upstream chooses its best checkpoint on the set it reports. Here training works without there being one."""
    data = tmp_path / "data"
    shutil.copytree(tiny.data, data)
    (data / "test.txt").unlink()
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", data_dir=data, max_steps=2))
    assert ended.code == 0, ended.err
    again = call("run_msra_ner", *train_words(tiny, tmp_path / "with", max_steps=2))
    assert again.code == 0 and same_weights(tmp_path / "out" / "model_best", tmp_path / "with" / "model_best")


def test_a_short_run_saves_its_model(tiny, tmp_path):
    """Upstream saves every --save_steps only: a run of one step ended with nothing."""
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", max_steps=1, save_steps=500))
    assert ended.code == 0, ended.err
    assert {"config.json", "model_state.pdparams", "vocab.txt", "training.json", "gate.txt", "gate.npz"} <= {
        path.name for path in (tmp_path / "out" / "model_best").iterdir()
    }


def test_every_weight_moves_in_one_step(tiny, tmp_path):
    for name, steps in (("a", 1), ("b", 2)):
        words = train_words(tiny, tmp_path / name, max_steps=steps, learning_rate=1e-2)
        assert call("run_msra_ner", *words, "--lr_scheduler_type", "constant").code == 0
    first, second = (state_of(tmp_path / name / "model_best") for name in "ab")
    unmoved = [name for name in first if np.array_equal(first[name].numpy(), second[name].numpy())]
    assert unmoved == ["bert.pooler.dense.weight", "bert.pooler.dense.bias"], "the pooler answers no character"


def test_gradients_are_clipped_to_what_is_asked(tiny, tmp_path):
    """Upstream parses --max_grad_norm and never reads it; here it reaches the Trainer, which clips."""
    import run_msra_ner

    options = run_msra_ner.Options(output_dir=tmp_path, max_grad_norm=0.25)
    assert options.trainer_options().trainer_values()["max_grad_norm"] == 0.25


def test_ernie_trains_too(tiny, tmp_path):
    words = train_words(tiny, tmp_path / "ernie", model_name_or_path=tiny.pretrained("ernie"), max_steps=2)
    assert call("run_msra_ner", *words).code == 0
    config = files.read_json(tmp_path / "ernie" / "model_best" / "config.json")
    assert config["architectures"] == ["ErnieForNer"]


def test_from_scratch_builds_a_vocabulary_of_characters_and_knows_its_longest_sentence(tiny, tmp_path):
    small = {"from_scratch": True, "num_hidden_layers": 1, "hidden_size": 64, "max_steps": 2, "max_seq_length": 128}
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "new", model_name_or_path="bert-base-chinese", **small))
    assert ended.code == 0, ended.err
    assert "from scratch: bert-base-chinese with random weights" in ended.out
    config = files.read_json(tmp_path / "new" / "model_best" / "config.json")
    assert (config["num_hidden_layers"], config["hidden_size"], config["intermediate_size"]) == (1, 64, 256)
    tokens = (tmp_path / "new" / "model_best" / "vocab.txt").read_text().split("\n")
    assert {"1", "9", "京"} <= set(tokens) and "1956" not in tokens and "##9" not in tokens
    longest = max(map(len, sentences())) + 2
    assert files.read_json(tmp_path / "new" / "model_best" / "training.json")["max_seq_length"] == longest


def test_a_killed_run_resumes_to_the_same_weights(tiny, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    steps = {"save_steps": 4, "num_train_epochs": 2}
    assert call("run_msra_ner", *train_words(tiny, whole, **steps)).code == 0
    words = [str(word) for word in train_words(tiny, killed, **steps)]
    child = subprocess.Popen([sys.executable, str(APP / "run_msra_ner.py"), *words], stdout=subprocess.DEVNULL)
    deadline = time.time() + 300
    while not list(killed.glob("checkpoint-*/.whole")) and child.poll() is None and time.time() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(killed.glob("checkpoint-*")), "it was to be killed after a checkpoint"
    shutil.rmtree(killed / "checkpoint-16", ignore_errors=True)  # where the kill came too late, take back the end
    resumed = call("run_msra_ner", *train_words(tiny, killed, **steps, resume_from_checkpoint="last"))
    assert resumed.code == 0, resumed.err
    assert same_weights(whole / "model_best", killed / "model_best")


@pytest.mark.slow
def test_two_processes_give_the_loss_of_one(tiny, tmp_path):
    """Data-parallel on the CPU: two processes with 8 rows each are one process with 16.

    Each averages over its own characters, and the two averages are averaged: rows of one length make both the same.
    """
    data = tmp_path / "data"
    shutil.copytree(tiny.data, data)
    same = [pairs for pairs in sentences() if len(pairs) == 12]
    import tiny_ner

    files.write_text(data / "train.txt", tiny_ner.written(same))
    losses = {}
    for name, launcher, batch in (
        ("one", [], 16),
        ("two", ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")], 8),
    ):
        changes = {
            "batch_size": batch,
            "max_steps": 6,
            "logging_steps": 1,
            "data_dir": data,
            "dev_path": data / "test.txt",
        }
        command = [
            sys.executable,
            *launcher,
            str(APP / "run_msra_ner.py"),
            *map(str, train_words(tiny, tmp_path / name, **changes)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=900)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        losses[name] = [float(loss) for loss in re.findall(r"step \d+ of 6: loss ([\d.]+)", done.stdout)]
        assert len(losses[name]) == 6
        assert (tmp_path / name / "model_best" / "training.json").exists()
    assert losses["two"] == pytest.approx(losses["one"], abs=2e-5)


def test_evaluate_reads_every_character_of_long_sentences(tiny, trained):
    """The last test sentence is longer than a window; upstream would have scored its beginning only."""
    source = trained / "model_best"
    ended = call("evaluate", "--model_name_or_path", source, "--data_dir", tiny.data, "--device", "cpu")
    assert ended.code == 0, ended.err
    characters = sum(len(pairs) for pairs in sentences()[::9]) + sum(len(pairs) for pairs in sentences()[:6])
    assert f"16 sentences, {characters} characters: f1 " in ended.out and "f1_strict" in ended.out
    assert float(re.search(r"f1 ([\d.]+)", ended.out)[1]) > 0.8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_name_or_path": "gpt2"}, "--model_name_or_path gpt2: its architecture is none of bert, ernie"),
        ({"model_name_or_path": "bert-base-chinese"}, "neither a folder here nor reachable as a model name"),
        ({"data_dir": "nowhere"}, "nowhere/label.txt: no such label file"),
        ({"max_seq_length": 41}, "--max_seq_length 41: the model's position table has 40 rows"),
        ({"max_seq_length": 7}, "--max_seq_length must be at least 8, got 7"),
        ({"batch_size": 0}, "--batch_size must be at least 1, got 0"),
        ({"dev_fraction": 1.0}, "--dev_fraction must be in (0, 1), got 1.0"),
        ({"task_name": "mrsa"}, "--task_name `mrsa` (did you mean `msra`?)"),
        ({"hidden_size": 64}, "--hidden_size 64: needs --from_scratch"),
        ({"from_scratch": True, "hidden_size": 65}, "--hidden_size 65 is no multiple of 64"),
        (
            {"from_scratch": True, "hidden_size": 64, "num_attention_heads": 6},
            "--num_attention_heads 6: cannot share 64 features",
        ),
        ({"fp16": True, "bf16": True}, "--fp16 and --bf16 exclude each other"),
        ({"resume_from_checkpoint": "nowhere"}, "--resume_from_checkpoint nowhere: not a whole checkpoint"),
        ({"learning_rate": 1e30}, "the loss is"),
    ],
)
def test_bad_options_are_one_line_with_exit_code_2(tiny, tmp_path, changes, message):
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", **changes))
    assert ended.code == 2
    assert message in ended.err and ended.err.count("\n") == 1


def test_a_folder_with_something_in_it_is_not_overwritten(tiny, trained):
    ended = call("run_msra_ner", *train_words(tiny, trained))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_a_gpu_that_is_not_there_is_refused(tiny, tmp_path):
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle has GPU support")
    for device in ("gpu", "xpu"):
        ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", device=device))
        assert ended.code == 3 and f"--device {device}" in ended.err


def test_a_pretrained_folder_is_no_trained_checkpoint(tiny):
    ended = call("evaluate", "--model_name_or_path", tiny.pretrained(), "--data_dir", tiny.data)
    assert ended.code == 2 and ended.err.count("\n") == 1


@pytest.mark.parametrize("family", ["bert", "ernie"])
def test_our_forward_is_paddlenlps(tiny, family):
    """Upstream's super-network had lost the attention's scale; ours at full width is the stock tagger (1e-6)."""
    from common.compress import ofa
    from common.models import encoders

    from ner import model
    from paddlenlp.transformers import BertForTokenClassification, ErnieForTokenClassification

    ours = encoders.load_or_adopt(model.FAMILIES, str(tiny.pretrained(family)), 7, model.FLAG)
    stock_class = {"bert": BertForTokenClassification, "ernie": ErnieForTokenClassification}[family]
    stock = stock_class(ours.config)
    stock.set_state_dict(ours.state_dict())
    ours.eval()
    stock.eval()
    ids = paddle.to_tensor([[1, 5, 8, 7, 8, 2], [1, 6, 9, 9, 2, 0]])
    np.testing.assert_allclose(ours(ids).numpy(), stock(ids).numpy(), atol=1e-6)
    ofa.make_elastic(model.encoder_of(ours))
    ofa.set_width(model.encoder_of(ours), 1.0)
    np.testing.assert_allclose(ours(ids).numpy(), stock(ids).numpy(), atol=1e-6)
