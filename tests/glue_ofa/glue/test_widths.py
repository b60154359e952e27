# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""All widths in one training, and upstream's defects by name; run_glue_ofa.py through its main."""

import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import common  # noqa: F401  before paddle
from common import files
from common.compress import distill

import numpy as np
import pytest
from calls import call
from glue import model
from tiny_glue import APP, WIDTHS, ofa_words, words
from weights import state_of

REPO = Path(__file__).resolve().parents[3]

# Defects of upstream and the test of the code that they are about.
ELSEWHERE = {
    "the attention's scale is lost": "test_at_full_width_the_super_network_is_the_plain_model",
    "importance accumulates gradients": "test_importance_adds_up_the_batches_of_their_own",
    "stale gradients in the first step": "test_importance_leaves_nothing_behind",
    "heads are cut off by int()": "test_heads_are_rounded_not_cut_off",
    "set_state_dict only warns": "test_an_unshrunk_config_does_not_take_shrunk_weights",
    "short runs save nothing": "test_a_run_shorter_than_save_steps_is_saved_and_evaluated",
}


@pytest.mark.parametrize("defect", ELSEWHERE)
def test_defects_of_upstream_are_tested_where_they_belong(defect):
    files_of_common = (REPO / "tests" / "common").rglob("test_*.py")
    assert any(f"def {ELSEWHERE[defect]}(" in path.read_text() for path in files_of_common)


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


def test_importance_sees_training_rows_only(tiny, tuned, tmp_path, monkeypatch):
    """Neither the reported split nor the rows that choose."""
    seen, first_batches = [], distill.first_batches

    def watched(rows, *rest):
        seen.append(len(rows))
        return first_batches(rows, *rest)

    monkeypatch.setattr(distill, "first_batches", watched)
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
    for on in (True, False):
        changes = {"max_steps": 1, "logging_steps": 1, "reorder": False, "distill": on}
        ended = call("run_glue_ofa", *ofa_words(tiny, tuned, tmp_path / str(on), **changes))
        assert ended.code == 0, ended.err
        found[on] = float(ended.out.split("step 1 of 1: loss ")[1].split()[0])
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
