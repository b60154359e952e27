# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""--do_compress: every strategy word means what it says, alone and combined.

Upstream's four failures (dynabert, +embeddings, ptq, runs shorter than save_steps) and two silent errors (embeddings
alone did nothing, a second width was applied on top of the first) are regression tests here, in test_widths.py and in
test_quantize.py.
"""

import json

from common import files
from common.bundle import read_bundle
from common.models import width

import numpy as np
import paddle
import pytest
import tiny_app
from compressed import FULL, HALF, THREE_QUARTERS, answers, compress, kind_of
from model import JointErnie
from tiny_app import words


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("width_mult_0.75", (THREE_QUARTERS, False, False)),
        ("width_mult_0.5", (HALF, False, False)),  # upstream: 0.5 of 0.75
        ("width_mult_0.75_qat", (THREE_QUARTERS, True, False)),
        ("width_mult_0.5_qat", (HALF, True, False)),
        ("width_mult_0.75_qat_embeddings", (THREE_QUARTERS, True, True)),
        ("width_mult_0.5_qat_embeddings", (HALF, True, True)),
    ],
)
def test_every_folder_of_the_chain_is_what_its_name_says(chain, folder, kind):
    assert kind_of(chain / folder) == kind
    stage = "embedding" if kind[2] else "int8" if kind[1] else "width"
    assert read_bundle(chain / folder / "bundle").stage == stage
    assert files.read_json(chain / folder / "training.json")["stage"] == stage


def test_the_chain_still_understands(chain, trained):
    """The corpus is easy and the training enough: both widths answer as the original does."""
    for ratio in ("0.75", "0.5"):
        assert answers(chain / f"width_mult_{ratio}_qat_embeddings") == answers(trained)


def test_every_step_is_smaller_on_disk(chain, trained):
    def size(folder):
        return (folder / "bundle" / "model.onnx").stat().st_size

    folders = [trained] + [chain / f"width_mult_0.75{more}" for more in ("", "_qat", "_qat_embeddings")]
    sizes = [size(folder) for folder in folders]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 4
    assert size(chain / "width_mult_0.5") < size(chain / "width_mult_0.75")


@pytest.mark.parametrize("folder", ["width_mult_0.5", "width_mult_0.5_qat", "width_mult_0.5_qat_embeddings"])
def test_a_compressed_checkpoint_loads_without_flags_and_gives_the_same_logits(chain, tmp_path, folder):
    """Into a model, out to a folder, in again; and the static program answers as the loaded one."""
    ids = paddle.to_tensor([[1, 20, 21, 22, 30, 2]])
    model = JointErnie.from_pretrained(str(chain / folder))
    again_folder = tmp_path / "again"
    again_folder.mkdir()
    from common.models import checkpoint

    checkpoint.write_into(model, chain / folder / "vocab.txt", again_folder, {})
    again = JointErnie.from_pretrained(str(again_folder))
    assert json.loads((again_folder / "config.json").read_text()) == files.read_json(chain / folder / "config.json")
    with paddle.no_grad():
        for a, b in zip(model(ids), again(ids), strict=True):
            assert np.array_equal(a.numpy(), b.numpy())


def test_dynabert_and_qat(trained, tiny, tmp_path):
    ended = compress(tiny, trained, tmp_path, "dynabert+qat", max_steps=30, save_steps=30, learning_rate=2e-3)
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "width_mult_0.75_qat") == (THREE_QUARTERS, True, False)


def test_the_output_can_lie_where_the_training_was(trained, tiny, tmp_path):
    """The document compresses output/X/checkpoint-N into output/X."""
    import shutil

    folder = tmp_path / "out"
    shutil.copytree(trained, folder, symlinks=True)
    source = sorted(folder.glob("checkpoint-*"))[-1]
    ended = compress(tiny, source, folder, "embeddings")
    assert ended.code == 0, ended.err
    assert kind_of(folder / "embeddings") == (FULL, False, True)
    assert files.sha256(folder / "model_state.pdparams") == files.sha256(trained / "model_state.pdparams")


def test_training_goes_on_from_a_pruned_checkpoint(chain, tiny, tmp_path):
    run = words(tiny, tmp_path / "out", "--do_train", model_name_or_path=chain / "width_mult_0.5", max_steps=2)
    ended = tiny_app.train(run)
    assert ended.code == 0, ended.err
    model = JointErnie.from_pretrained(str(tmp_path / "out"))
    assert (width.heads_of(model.ernie.encoder), width.ffn_of(model.ernie.encoder)) == HALF


def test_a_compressed_checkpoint_exported_again_keeps_its_stage(chain, tiny, tmp_path):
    source = chain / "width_mult_0.5_qat"
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", "--do_export", model_name_or_path=source))
    assert ended.code == 0, ended.err
    assert read_bundle(tmp_path / "out" / "bundle").stage == "int8"


@pytest.mark.parametrize(
    ("strategy", "flag", "message"),
    [
        ("ptq", "calibration_batches", "calibration needs at least one whole batch"),
        ("dynabert", "importance_batches", "importance needs at least one batch of training data"),
    ],
)
def test_no_batch_to_calibrate_or_score_on(trained, tiny, tmp_path, strategy, flag, message):
    ended = compress(tiny, trained, tmp_path / "out", strategy, **{flag: 0})
    assert ended.code == 2 and message in ended.err
    assert not list((tmp_path / "out").glob(f"{strategy}*/config.json"))
