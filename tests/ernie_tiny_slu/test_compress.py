# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""--do_compress: every strategy word means what it says, alone and combined.

Upstream's four failures (dynabert, +embeddings, ptq, runs shorter than save_steps) and two silent errors (embeddings
alone did nothing, a second width was applied on top of the first) are regression tests here.
"""

import json
import re

from common import files
from common.bundle import read_bundle
from common.export import program
from common.models import int8, width

import numpy as np
import paddle
import pytest
import tiny_app
from calls import Ended
from model import JointErnie
from slu.predictor import SluPredictor
from tiny_app import words

FEW = {"max_steps": 6, "save_steps": 3, "learning_rate": 1e-3, "importance_batches": 2, "calibration_batches": 3}
FULL, THREE_QUARTERS, HALF = ([4, 4], [48, 48]), ([3, 3], [36, 36]), ([2, 2], [24, 24])
TEXTS = ["放刘德华的红豆", "拨打10086", "导航到G60高速", "打电话给Lina", "去博物馆"]


def compress(tiny, source, folder, strategy, *more, **overrides) -> Ended:
    flags = FEW | overrides
    run = words(tiny, folder, "--do_compress", "--strategy", strategy, *more, model_name_or_path=source, **flags)
    return tiny_app.train(run)


def kind_of(folder) -> tuple:
    """Heads and neurons per layer, INT8 Linears?, INT8 tables? From the weights, the config and the bundle alike."""
    model = JointErnie.from_pretrained(str(folder))
    config, bundle = files.read_json(folder / "config.json"), read_bundle(folder / "bundle")
    sizes = (width.heads_of(model.ernie.encoder), program.architecture(model.ernie, "ernie")["ffn"])
    assert sizes == (bundle.architecture["heads"], bundle.architecture["ffn"])
    assert sizes == (config.get("layer_heads", FULL[0]), config.get("layer_ffn", FULL[1]))
    int8_linears = len(int8.quantised_linears(model))
    assert int8_linears in (0, 2 * 6 + 3)  # four projections and two of the FFN per layer, pooler, two heads
    assert bundle.precision == ("int8" if int8_linears else "fp32")
    tables = [layer for layer in model.sublayers() if isinstance(layer, (paddle.nn.Embedding, int8.Int8Embedding))]
    int8_tables = [isinstance(table, int8.Int8Embedding) for table in tables]
    assert len(set(int8_tables)) == 1 and len(tables) == 4
    assert bundle.manifest["embedding"] == ("int8" if int8_tables[0] else "fp32")
    return sizes, bool(int8_linears), int8_tables[0]


def answers(folder) -> list:
    served = SluPredictor(folder / "bundle").answer_all(TEXTS)
    return [(answer["intent"], [(slot["slot"], slot["entity"]) for slot in answer["slots"]]) for answer in served]


def agreement(bundle_folder) -> list[float]:
    return [engine["agreement"] for engine in read_bundle(bundle_folder / "bundle").manifest["engines"].values()]


# --- the document's strategy, with two widths


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


def test_the_shares_of_the_weights_are_those_of_the_width(chain, trained):
    """A head keeps its size (8); a saved width is the small model, not the unshrunk super-network as upstream's."""
    for folder, heads, neurons in (
        (trained, 4, 48),
        (chain / "width_mult_0.75", 3, 36),
        (chain / "width_mult_0.5", 2, 24),
    ):
        state = paddle.load(str(folder / "model_state.pdparams"))
        for layer in range(2):
            name = f"ernie.encoder.layers.{layer}"
            assert state[f"{name}.self_attn.q_proj.weight"].shape == [32, heads * 8]
            assert state[f"{name}.self_attn.out_proj.weight"].shape == [heads * 8, 32]
            assert state[f"{name}.linear1.weight"].shape == [32, neurons]
            assert state[f"{name}.linear2.weight"].shape == [neurons, 32]


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


def test_int8_weights_are_stored_as_int8(chain):
    import onnx

    for more, rows in (("_qat", np.float32), ("_qat_embeddings", np.int8)):
        model = onnx.load(str(chain / f"width_mult_0.75{more}" / "bundle" / "model.onnx"))
        stored = {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}
        vocabulary = read_bundle(chain / f"width_mult_0.75{more}" / "bundle").architecture["vocab_size"]
        tables = [array.dtype for array in stored.values() if array.shape == (vocabulary, 32)]
        assert tables == [np.dtype(rows)]  # one word table, not two as by paddle2onnx
        assert (
            sum(array.dtype == np.int8 and array.ndim == 2 and array.size >= 32 * 11 for array in stored.values()) >= 9
        )


def test_widths_are_chosen_on_their_own_scores(chain):
    """Each width keeps the cut that was best for it: the score written beside it is that of the saved weights."""
    out = (chain / "stdout.txt").read_text("utf-8")
    for ratio in ("0.75", "0.5"):
        record = files.read_json(chain / f"width_mult_{ratio}" / "training.json")
        line = re.search(rf"^width_mult_{ratio}, dev: (.*)$", out, re.MULTILINE)[1]
        assert f"accuracy {record['metrics']['accuracy']:.4f}" in line
        assert record["metrics"]["accuracy"] > 0.5


# --- each word alone, other combinations


def test_dynabert_alone_in_fewer_steps_than_save_steps(trained, tiny, tmp_path):
    ended = compress(tiny, trained, tmp_path, "dynabert", "--width_mult_list", "0.5", max_steps=4, save_steps=100)
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "width_mult_0.5") == (HALF, False, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dynabert", "width_mult_0.5"]


def test_dynabert_at_full_width_changes_no_shape(trained, tiny, tmp_path):
    ended = compress(tiny, trained, tmp_path, "dynabert", "--width_mult_list", "1.0")
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "width_mult_1") == (FULL, False, False)


def test_qat_alone(trained, tiny, tmp_path):
    ended = compress(tiny, trained, tmp_path, "qat")
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "qat") == (FULL, True, False)
    assert min(agreement(tmp_path / "qat")) >= 0.99
    assert answers(tmp_path / "qat") == answers(trained)


def test_embeddings_alone_are_really_int8(trained, tiny, tmp_path):
    """Upstream's was a silent no-op."""
    ended = compress(tiny, trained, tmp_path, "embeddings")
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "embeddings") == (FULL, False, True)
    state, before = (paddle.load(str(f / "model_state.pdparams")) for f in (tmp_path / "embeddings", trained))
    rows = state["ernie.embeddings.word_embeddings.rows"].numpy()
    table = before["ernie.embeddings.word_embeddings.weight"].numpy()
    assert rows.dtype == np.int8 and rows.shape == table.shape
    scale = state["ernie.embeddings.word_embeddings.row_scale"].numpy()
    assert not rows[0].any()  # the padding row
    assert np.abs(rows[1:] * scale[1:] - table[1:]).max() <= np.abs(table).max() / 127 / 2 + 1e-6  # half a step
    assert answers(tmp_path / "embeddings") == answers(trained)


@pytest.mark.parametrize("strategy", ["qat+embeddings", "ptq+embeddings"])
def test_int8_of_both_kinds_without_a_width(trained, tiny, tmp_path, strategy):
    """The ptq case holds ptq alone too: its result is the first of the two folders."""
    ended = compress(tiny, trained, tmp_path, strategy)
    assert ended.code == 0, ended.err
    word = strategy.split("+")[0]
    assert kind_of(tmp_path / word) == (FULL, True, False)
    assert kind_of(tmp_path / f"{word}_embeddings") == (FULL, True, True)
    assert answers(tmp_path / f"{word}_embeddings") == answers(trained)
    assert ended.out.rstrip().endswith(f"compressed: {tmp_path}/{word}_embeddings")


def test_ptq_moves_no_weight(trained, tiny, tmp_path):
    ended = compress(tiny, trained, tmp_path, "ptq")
    assert ended.code == 0, ended.err
    state, before = (paddle.load(str(f / "model_state.pdparams")) for f in (tmp_path / "ptq", trained))
    for name in ("intent_classifier.weight", "ernie.encoder.layers.0.linear1.weight"):
        found = next(value for key, value in state.items() if key.replace("._layer", "") == name)
        assert np.array_equal(found.numpy(), before[name].numpy())


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


def test_a_pruned_model_is_pruned_again_from_its_own_size(chain, tiny, tmp_path):
    ended = compress(
        tiny, chain / "width_mult_0.5", tmp_path, "dynabert", "--width_mult_list", "0.5", **{"max_steps": 30}
    )
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "width_mult_0.5") == (([1, 1], [12, 12]), False, False)


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


# --- what a step needs


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
