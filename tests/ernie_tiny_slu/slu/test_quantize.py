# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""qat, ptq and embeddings: INT8 that is INT8, and answers as before."""

from common.bundle import read_bundle

import numpy as np
import paddle
import pytest
from compressed import FULL, agreement, answers, compress, kind_of


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
