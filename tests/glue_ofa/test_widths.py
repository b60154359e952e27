# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_glue_ofa.py through its main, and upstream's defects by name."""

import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import common  # noqa: F401  before paddle
from common import files
from common.compress import distill as distilling
from common.compress import ofa
from common.models import width
from common.models.encoders import encoder_of

import numpy as np
import paddle
import pytest
from calls import call
from glue import model, tasks
from glue import widths as widths_module
from test_run_glue import state_of
from tiny_glue import APP, CONFIG, WIDTHS, ofa_words, words, write_pretrained

REPO = Path(__file__).resolve().parents[2]
# Regressions that are tested where the code is that they are about.
ELSEWHERE = {
    "the attention's scale is lost": ("test_ofa.py", "test_at_full_width_the_super_network_is_the_plain_model"),
    "importance accumulates gradients": ("test_ofa.py", "test_importance_adds_up_the_batches_of_their_own"),
    "stale gradients in the first step": ("test_ofa.py", "test_importance_leaves_nothing_behind"),
    "heads are cut off by int()": ("test_width.py", "test_heads_are_rounded_not_cut_off"),
    "set_state_dict only warns": ("test_checkpoint.py", "test_an_unshrunk_config_does_not_take_shrunk_weights"),
    "short runs save nothing": ("test_training.py", "test_a_run_shorter_than_save_steps_is_saved_and_evaluated"),
}  # fmt: skip


@pytest.mark.parametrize("defect", ELSEWHERE)
def test_defects_of_upstream_are_tested_where_they_belong(defect):
    file, name = ELSEWHERE[defect]
    assert f"def {name}(" in (REPO / "tests" / "common" / file).read_text()


def test_every_width_is_kept_at_its_best_and_loads_without_flags(widths):
    sizes = {"width_1": ([6, 6], [96, 96]), "width_0.6667": ([4, 4], [64, 64]), "width_0.5": ([3, 3], [48, 48])}
    for name, (heads, ffn) in sizes.items():
        small, record = model.load(widths / name), files.read_json(widths / name / "training.json")
        assert (small.config.layer_heads, small.config.layer_ffn) == (heads, ffn)
        assert (record["stage"], record["gate"]["agreement"]) == (name, 1.0) and record["gate"]["max_abs_diff"] <= 1e-6
        assert record["dev"]["accuracy"] > 0.9
    whole = files.read_json(widths / "training.json")
    assert list(whole["widths"]) == list(sizes) and whole["stage"] == "super_network"
    assert [each["width"] for each in whole["widths"].values()] == list(WIDTHS)


def test_what_is_told(widths):
    out = (widths / "stdout.txt").read_text()
    assert "fine-tuned model, SST-2 dev: accuracy" in out
    assert "width 0.666667: " in out and "72 rows to train on, 24 held back" in out


@pytest.mark.parametrize("family", ["bert", "tinybert", "ernie", "ppminilm"])
def test_at_full_width_the_super_network_is_the_plain_model(tiny, family):
    """Upstream's lost the attention's scale, without an error. Tolerance 1e-6, on one text and on two."""
    network = model.load_or_adopt(str(tiny.pretrained(family)), 2)
    network.eval()
    super_network = deepcopy(network)
    ofa.make_elastic(encoder_of(super_network))
    ids = paddle.to_tensor([[1, 5, 2, 7, 8, 2], [1, 6, 2, 9, 2, 0]])
    for types in (paddle.zeros_like(ids), paddle.to_tensor([[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0]])):
        expected = network(ids, types).numpy()
        ofa.set_width(encoder_of(super_network), 1.0)
        np.testing.assert_allclose(super_network(ids, types).numpy(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("heads", "kept"), [(4, [4, 3, 3, 2]), (8, [8, 7, 5, 4]), (12, [12, 10, 8, 6]), (16, [16, 13, 11, 8])]
)
def test_heads_are_rounded_and_come_back_the_same(heads, kept, tmp_path):
    """Upstream restores heads by int(): 8 at 5/6, 4 at 2/3 and 16 come out wrong, and the model no longer loads."""
    changes = {"hidden_size": 4 * heads, "num_attention_heads": heads}
    write_pretrained(tmp_path / "bert", "bert", ["a text"], **changes)
    network = model.load_or_adopt(str(tmp_path / "bert"), 2)
    super_network = deepcopy(network)
    ofa.make_elastic(encoder_of(super_network))
    for ratio, expected in zip((1.0, 5 / 6, 2 / 3, 0.5), kept, strict=True):
        small = distilling.cut_out(super_network, deepcopy(network), encoder_of, ratio)
        assert small.config.layer_heads == [expected] * CONFIG["num_hidden_layers"]
        from common.models import checkpoint

        checkpoint.save(small, tmp_path / "bert" / "vocab.txt", tmp_path / f"cut_{ratio:g}", {"app": "glue_ofa"})
        again = model.load(tmp_path / f"cut_{ratio:g}")
        assert width.heads_of(encoder_of(again)) == [expected] * CONFIG["num_hidden_layers"]


def test_importance_sees_training_rows_only(tiny, tuned, tmp_path, monkeypatch):
    """Neither the reported split nor the rows that choose."""
    seen, first_batches = [], distilling.first_batches

    def watched(rows, *rest):
        seen.append(len(rows))
        return first_batches(rows, *rest)

    monkeypatch.setattr(distilling, "first_batches", watched)
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / "out", max_steps=1))
    assert ended.code == 0, ended.err
    assert seen == [72]


def test_a_short_run_leaves_every_width(tiny, tuned, tmp_path):
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / "out", max_steps=1, save_steps=100))
    assert ended.code == 0, ended.err
    assert sorted(path.name for path in (tmp_path / "out").glob("width_*/model_state.pdparams")) == [
        "model_state.pdparams"
    ] * len(WIDTHS)


def test_gradients_of_all_widths_together_are_clipped(tiny, tuned, tmp_path):
    moved = {}
    for name, norm in (("free", 1.0), ("clipped", 1e-11)):
        changes = {"max_steps": 1, "warmup_ratio": 0, "max_grad_norm": norm, "reorder": False}
        assert call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / name, **changes)).code == 0
        after, before = state_of(tmp_path / name / "width_1"), state_of(tuned)
        moved[name] = max(np.abs(after[key].numpy() - before[key].numpy()).max() for key in before)
    assert moved["free"] > 3e-4 and moved["clipped"] < moved["free"] / 100


def test_without_reordering_the_first_heads_stay(tiny, tuned, tmp_path):
    """The ablation's switch: with a learning rate of next to nothing a cut holds the fine-tuned model's first units."""
    changes = {"max_steps": 1, "learning_rate": 1e-12}
    cuts = {}
    for name, more in (("as it was", {"reorder": False}), ("reordered", {})):
        assert call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / name, **changes, **more)).code == 0
        cuts[name] = state_of(tmp_path / name / "width_0.5")["bert.encoder.layers.0.linear1.bias"].numpy()
    first = state_of(tuned)["bert.encoder.layers.0.linear1.bias"].numpy()[:48]
    np.testing.assert_allclose(cuts["as it was"], first, atol=1e-6)
    assert np.abs(cuts["reordered"] - first).max() > 1e-4


def test_without_distillation_the_loss_is_that_of_the_labels(tiny, tuned, tmp_path):
    """The ablation's other switch: the teacher is not even asked."""
    found = {}
    for distill in (True, False):
        changes = {"max_steps": 1, "logging_steps": 1, "reorder": False, "distill": distill}
        ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / str(distill), **changes))
        assert ended.code == 0, ended.err
        found[distill] = float(ended.out.split("step 1 of 1: loss ")[1].split()[0])
    assert found[False] < found[True]


def test_scores_are_distilled_too(tiny, tmp_path):
    assert call("run_glue", *words(tiny, tmp_path / "model", task_name="sts-b", max_steps=2)).code == 0
    given = ofa_words(tiny, tmp_path / "model", tmp_path / "out", task_name="STS-B", max_steps=2)
    ended = call("run_glue_ofa", *given)
    assert ended.code == 0, ended.err
    assert set(files.read_json(tmp_path / "out" / "width_0.5" / "training.json")["dev"]) == {
        "pearson",
        "spearman",
        "score",
    }


def test_a_model_that_paddlenlp_fine_tuned_is_taken(tiny, tuned, tmp_path):
    """Its …ForSequenceClassification has the same weights under the same names, and no training.json."""
    from paddlenlp.transformers import BertForSequenceClassification

    ours = model.load(tuned)
    config = deepcopy(ours.config)
    stock = BertForSequenceClassification(config)
    stock.set_state_dict(ours.state_dict())
    stock.save_pretrained(str(tmp_path / "stock"))
    shutil.copy(tuned / "vocab.txt", tmp_path / "stock")
    ended = call("run_glue_ofa", *ofa_words(tiny, tmp_path / "stock", tmp_path / "out", max_steps=1))
    assert ended.code == 0, ended.err
    assert files.read_json(tmp_path / "out" / "width_1" / "training.json")["dev"]["accuracy"] > 0.9


def test_paddlenlps_tinybert_classifier_computes_something_else(tiny, tmp_path):
    """A ReLU stands before its Linear: taken as ours, its answers would be wrong without an error."""
    folder = tmp_path / "stock"
    shutil.copytree(tiny.pretrained("tinybert"), folder)
    config = files.read_json(folder / "config.json")
    files.write_json(folder / "config.json", config | {"architectures": ["TinyBertForSequenceClassification"]})
    ended = call("run_glue_ofa", *ofa_words(tiny, folder, tmp_path / "out"))
    assert ended.code == 2 and "has a ReLU in front, which this app's has not" in ended.err


def test_an_interrupted_run_goes_on_to_the_same_weights(tiny, tuned, widths, tmp_path):
    """As after a kill between two saves: the last checkpoint and one width's folder are missing."""
    folder = tmp_path / "out"
    shutil.copytree(widths, folder)
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, folder, resume_from_checkpoint="last"))
    assert ended.code == 0, ended.err
    for name in ("width_1", "width_0.5"):
        first, second = state_of(widths / name), state_of(folder / name)
        assert all(np.array_equal(first[key].numpy(), second[key].numpy()) for key in first)
    changed = ofa_words(tiny, tuned, folder, resume_from_checkpoint="last", width_mult_list=(1.0, 0.5))
    ended = call("run_glue_ofa", *changed)
    assert ended.code == 2 and "--width_mult_list is (1.0, 0.5), but" in ended.err


@pytest.mark.slow
def test_two_processes_give_the_loss_of_one(tiny, tuned, tmp_path):
    """All widths, data-parallel on the CPU: two processes with 8 rows each are one process with 16."""
    losses = {}
    launcher = ["-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log")]
    for name, before, batch in (("one", [], 16), ("two", launcher, 8)):
        changes = {"batch_size": batch, "max_steps": 4, "logging_steps": 1, "save_steps": 2, "reorder": False}
        given = ofa_words(tiny, tuned, tmp_path / name, **changes)
        command = [sys.executable, *before, str(APP / "run_glue_ofa.py"), *map(str, given)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=900)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        losses[name] = [float(loss) for loss in re.findall(r"step \d+ of 4: loss ([\d.]+)", done.stdout)]
        assert len(losses[name]) == 4
        assert len(files.read_json(tmp_path / name / "training.json")["widths"]) == len(WIDTHS)
    assert losses["two"] == pytest.approx(losses["one"], abs=2e-5)


def test_what_the_teacher_knows_does_not_choose(tiny, tuned, tmp_path):
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / "out", selection_fraction=0.1))
    assert ended.code == 2 and "was fine-tuned with 0.25, so it may know rows that are to choose" in ended.err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width_mult_list": (0.5,)}, "--width_mult_list: 1.0, the whole width, must be among them"),
        ({"width_mult_list": (1.0, 1.5)}, "--width_mult_list: 1.5 is not in (0, 1]"),
        ({"width_mult_list": (1.0, 0.5, 0.5)}, "names a width twice"),
        ({"importance_batches": 0}, "--importance_batches must be at least 1"),
        ({"task_name": "mnli"}, "was fine-tuned for SST-2"),
        ({"model_type": "ernie"}, "is a bert; write --model_type bert"),
        ({"model_name_or_path": "bert-base-uncased"}, "no such fine-tuned model (run_glue.py writes one)"),
    ],
)
def test_bad_options(tiny, tuned, tmp_path, changes, message):
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / "out", **changes))
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1


def test_what_is_no_start_for_it(tiny, tuned, widths, tmp_path):
    for source, message in (
        (tiny.pretrained(), "not fine-tuned yet; give a folder that run_glue.py wrote"),
        (widths / "width_0.5", "a model of the stage `width_0.5`"),
    ):
        ended = call("run_glue_ofa", *ofa_words(tiny, source, tmp_path / "out"))
        assert ended.code == 2 and message in ended.err
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tuned))
    assert ended.code == 2 and "that is the fine-tuned model itself" in ended.err
    ended = call("run_glue_ofa", *ofa_words(tiny, tuned, widths))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err


def test_a_head_for_another_task_is_refused(tuned):
    with pytest.raises(Exception, match="a head with 2 outputs, but MNLI has 3"):
        model.load_trained(str(tuned), tasks.find("MNLI"))
    assert widths_module.SUPER_NETWORK == "super_network"
