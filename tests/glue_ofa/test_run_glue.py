# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_glue.py through its main: what is learnt, chosen, kept, resumed and refused."""

import re
import shutil
import subprocess
import sys

import common  # noqa: F401  before paddle
from common import files

import numpy as np
import paddle
import pytest
import tiny_glue
from calls import call
from glue import launch
from tiny_glue import APP, words


def state_of(folder):
    return paddle.load(str(folder / "model_state.pdparams"))


def same_weights(one, other) -> bool:
    first, second = state_of(one), state_of(other)
    return first.keys() == second.keys() and all(np.array_equal(first[k].numpy(), second[k].numpy()) for k in first)


def test_training_learns_and_records_itself(tiny, tuned):
    record = files.read_json(tuned / "training.json")
    assert (record["app"], record["task"], record["stage"]) == ("glue_ofa", "SST-2", "original")
    assert record["dev"]["accuracy"] > 0.9 and record["metrics"]["score"] > 0.9
    assert record["selection_fraction"] == 0.25 and record["data_dir"] == str(tiny.data.resolve())
    assert [each["rows"] for each in record["data"]] == [97, 33]  # header and all
    assert "72 rows to train on, 24 held back" in (tuned / "stdout.txt").read_text()


def test_the_reported_split_chooses_nothing(tiny, tuned, tmp_path):
    """Upstream picked the best checkpoint on the split it reports. Here another dev set changes no weight."""
    folder = tmp_path / "data"
    shutil.copytree(tiny.data, folder)
    lines = (folder / "SST-2" / "dev.tsv").read_text().splitlines(keepends=True)
    turned = [line.replace("\t1\n", "\t?\n").replace("\t0\n", "\t1\n").replace("\t?\n", "\t0\n") for line in lines]
    (folder / "SST-2" / "dev.tsv").write_text("".join(turned))
    ended = call("run_glue", *words(tiny, tmp_path / "out", data_dir=folder))
    assert ended.code == 0, ended.err
    assert same_weights(tuned, tmp_path / "out")
    assert files.read_json(tmp_path / "out" / "training.json")["dev"]["accuracy"] < 0.1


def test_without_a_slice_dev_chooses_and_it_is_said(tiny, tmp_path):
    ended = call("run_glue", *words(tiny, tmp_path / "out", selection_fraction=0, max_steps=2))
    assert ended.code == 0, ended.err
    assert "checkpoints are chosen on dev, which is reported too: its figures flatter" in ended.out


def test_a_short_run_saves_and_evaluates(tiny, tmp_path):
    """Upstream saves at multiples of --save_steps alone: a run of three steps left nothing."""
    ended = call("run_glue", *words(tiny, tmp_path / "out", max_steps=3, save_steps=100))
    assert ended.code == 0, ended.err
    assert (tmp_path / "out" / "checkpoint-3" / ".whole").exists()
    assert (tmp_path / "out" / "model_state.pdparams").exists() and "SST-2 dev: accuracy" in ended.out


def test_visualdl_gets_the_curves(tiny, tmp_path):
    changes = {"max_steps": 3, "logging_steps": 1, "report_to": "visualdl"}
    ended = call("run_glue", *words(tiny, tmp_path / "out", **changes))
    assert ended.code == 0, ended.err
    from visualdl import LogReader  # slow to import

    (log,) = (tmp_path / "out").rglob("vdlrecords.*.log")
    curves = LogReader(file_path=str(log)).get_tags()["scalar"]
    assert {"train/loss", "eval/accuracy"} <= set(curves)


def test_gradients_are_clipped(tiny, tmp_path):
    """`max_grad_norm` is not only read: clipped to nearly nothing, the weights hardly move."""
    moved = {}
    for name, norm in (("free", 1.0), ("clipped", 1e-11)):
        changes = {"max_steps": 1, "warmup_ratio": 0, "max_grad_norm": norm}
        assert call("run_glue", *words(tiny, tmp_path / name, **changes)).code == 0
        after, before = state_of(tmp_path / name), state_of(tiny.pretrained())
        moved[name] = max(np.abs(after[f"bert.{key}"].numpy() - before[key].numpy()).max() for key in before)
    assert moved["free"] > 1e-3 and moved["clipped"] < moved["free"] / 100


@pytest.mark.parametrize("task", ["sts-b", "mnli"])
def test_scores_and_three_classes(tiny, tmp_path, task):
    ended = call("run_glue", *words(tiny, tmp_path / "out", task_name=task, max_steps=4))
    assert ended.code == 0, ended.err
    dev = files.read_json(tmp_path / "out" / "training.json")["dev"]
    wanted = {"sts-b": {"pearson", "spearman", "score"}, "mnli": {"accuracy", "accuracy_mismatched", "score"}}
    assert set(dev) == wanted[task]


@pytest.mark.parametrize("family", ["tinybert", "ernie", "ppminilm"])
def test_every_architecture(tiny, tmp_path, family):
    given = words(tiny, tmp_path / "out", model_type=family, model_name_or_path=tiny.pretrained(family), max_steps=2)
    ended = call("run_glue", *given)
    assert ended.code == 0, ended.err
    assert family in files.read_json(tmp_path / "out" / "config.json")["architectures"][0].lower()
    assert not [name for name in state_of(tmp_path / "out") if "fit_dense" in name]


def test_tinybert_may_be_called_bert_as_in_the_document(tiny, tmp_path):
    given = words(tiny, tmp_path / "out", model_name_or_path=tiny.pretrained("tinybert"), max_steps=1)
    assert call("run_glue", *given).code == 0


def test_from_scratch_builds_the_vocabulary_and_says_so(tiny, tmp_path):
    small = {"from_scratch": True, "num_hidden_layers": 1, "hidden_size": 64, "vocab_size": 90, "max_steps": 1}
    ended = call("run_glue", *words(tiny, tmp_path / "out", model_name_or_path="bert-base-uncased", **small))
    assert ended.code == 0, ended.err
    assert "from scratch: bert-base-uncased with random weights" in ended.out and "table of 90 rows" in ended.out
    config = files.read_json(tmp_path / "out" / "config.json")
    assert (config["num_hidden_layers"], config["hidden_size"], config["vocab_size"]) == (1, 64, 90)
    assert files.read_json(tmp_path / "out" / "training.json")["from_scratch"] is True


def test_an_interrupted_run_goes_on_to_the_same_weights(tiny, tuned, tmp_path):
    """As after a kill: only the first checkpoint and the options' record are left."""
    folder = tmp_path / "out"
    assert call("run_glue", *words(tiny, folder)).code == 0
    kept = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    assert kept
    ended = call("run_glue", *words(tiny, folder, resume_from_checkpoint="last"))
    assert ended.code == 0 and same_weights(tuned, folder)
    ended = call("run_glue", *words(tiny, folder, resume_from_checkpoint="last", task_name="mnli"))
    assert ended.code == 2 and "--task_name is MNLI, but" in ended.err


@pytest.mark.slow
def test_two_processes_give_the_loss_of_one(tiny, tmp_path):
    """Data-parallel on the CPU: two processes with 8 rows each are one process with 16."""
    losses = {}
    launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")]
    for name, before, batch in (("one", [], 16), ("two", launcher, 8)):
        given = words(tiny, tmp_path / name, batch_size=batch, max_steps=6, logging_steps=1)
        command = [sys.executable, *before, str(APP / "run_glue.py"), *map(str, given)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=900)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        losses[name] = [float(loss) for loss in re.findall(r"step \d+ of 6: loss ([\d.]+)", done.stdout)]
        assert len(losses[name]) == 6
    assert losses["two"] == pytest.approx(losses["one"], abs=2e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task_name": "ss-2"}, "--task_name: `ss-2`"),
        ({"model_type": "brt"}, "--model_type: `brt` (did you mean `bert`?)"),
        ({"model_type": "ernie"}, "is a bert; write --model_type bert"),
        (
            {"model_name_or_path": "gpt2"},
            "--model_name_or_path gpt2: its architecture is none of bert",
        ),
        ({"model_name_or_path": "bert-base-uncased"}, "neither a folder here nor reachable as a model name"),
        ({"model_name_or_path": "bert-base-cased"}, "a model of cased text, which is not read here"),
        ({"data_dir": "nowhere"}, "nowhere/train.tsv: no such file of SST-2 (--data_dir)"),
        ({"max_seq_length": 65}, "--max_seq_length 65: the model's position table has 64 rows"),
        ({"max_seq_length": 4}, "--max_seq_length must be at least 5, got 4"),
        ({"batch_size": 0}, "--batch_size must be at least 1, got 0"),
        ({"n_gpu": -1}, "--n_gpu must not be below 0, got -1"),
        ({"selection_fraction": 0.6}, "--selection_fraction must be 0 to 0.5, got 0.6"),
        ({"hidden_size": 64}, "--hidden_size 64: needs --from_scratch"),
        ({"from_scratch": True, "hidden_size": 65}, "--hidden_size 65 is no multiple of 64"),
        (
            {"from_scratch": True, "hidden_size": 64, "num_attention_heads": 6},
            "--num_attention_heads 6: cannot share 64 features",
        ),
        ({"resume_from_checkpoint": "nowhere"}, "--resume_from_checkpoint nowhere: not a whole checkpoint"),
        ({"learning_rate": 1e30}, "the loss is"),
    ],
)
def test_bad_options_are_one_line_with_exit_code_2(tiny, tmp_path, changes, message):
    ended = call("run_glue", *words(tiny, tmp_path / "out", **changes))
    assert ended.code == 2
    assert message in ended.err and ended.err.count("\n") == 1


def test_a_folder_with_something_in_it_is_not_overwritten(tiny, tuned):
    ended = call("run_glue", *words(tiny, tuned))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_a_gpu_that_is_not_there_is_refused_by_its_flag(tiny, tmp_path):
    if launch.gpus():
        pytest.skip("this machine has a GPU")
    for count in (1, 4):
        ended = call("run_glue", *words(tiny, tmp_path / "out", n_gpu=count))
        assert (
            ended.code == 3 and f"--n_gpu {count}: this Paddle or this machine has 0 GPUs; pass --n_gpu 0" in ended.err
        )


def test_several_gpus_become_paddles_launcher(monkeypatch):
    """What would be started on a machine with four."""
    started = []
    monkeypatch.setattr(launch, "gpus", lambda: 4)
    monkeypatch.setattr(launch.os, "execv", lambda program, command: started.append(command))
    monkeypatch.setattr(sys, "argv", ["run_glue.py", "--n_gpu", "3"])
    monkeypatch.delenv("PADDLE_TRAINER_ID", raising=False)
    launch.prepare(3)
    assert started[0][1:] == ["-m", "paddle.distributed.launch", "--gpus", "0,1,2", "run_glue.py", "--n_gpu", "3"]
    for count in (None, 0, 1):
        launch.prepare(count)
    launch.prepare(3, may_split=False)
    monkeypatch.setenv("PADDLE_TRAINER_ID", "0")
    launch.prepare(3)
    assert len(started) == 1


def test_help_is_quick_and_imports_no_engine():
    script = "import sys; sys.path.insert(0, sys.argv[1]); import run_glue, run_glue_ofa; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, str(APP)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {"paddle", "paddlenlp", "onnxruntime", "sklearn"} & set(done.stdout.split())


@pytest.mark.parametrize("family", ["bert", "ernie", "ppminilm"])
def test_our_forward_is_paddlenlps(tiny, family):
    """The mask that we build by casts gives what the stock classifier gives, padding and all (1e-6)."""
    from glue import model
    from paddlenlp import transformers

    ours = model.load_or_adopt(str(tiny.pretrained(family)), 2)
    names = {"bert": "Bert", "ernie": "Ernie", "ppminilm": "PPMiniLM"}
    stock = getattr(transformers, f"{names[family]}ForSequenceClassification")(ours.config)
    stock.set_state_dict(ours.state_dict())
    ours.eval()
    stock.eval()
    ids = paddle.to_tensor([[1, 5, 2, 7, 8, 2], [1, 6, 2, 9, 2, 0]])
    types = paddle.to_tensor([[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0]])
    np.testing.assert_allclose(ours(ids, types).numpy(), stock(ids, token_type_ids=types).numpy(), atol=1e-6)


def test_the_tiny_models_have_a_vocabulary_of_their_own(tiny):
    assert (tiny.pretrained() / "vocab.txt").read_text().startswith("[PAD]\n") and tiny_glue.CONFIG["hidden_size"] == 48
