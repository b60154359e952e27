# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""dynabert: widths are trained together and cut out, each at its best."""

import re

from common import files

import paddle
from compressed import FULL, HALF, compress, kind_of


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


def test_widths_are_chosen_on_their_own_scores(chain):
    """Each width keeps the cut that was best for it: the score written beside it is that of the saved weights."""
    out = (chain / "stdout.txt").read_text("utf-8")
    for ratio in ("0.75", "0.5"):
        record = files.read_json(chain / f"width_mult_{ratio}" / "training.json")
        line = re.search(rf"^width_mult_{ratio}, dev: (.*)$", out, re.MULTILINE)[1]
        assert f"accuracy {record['metrics']['accuracy']:.4f}" in line
        assert record["metrics"]["accuracy"] > 0.5


def test_dynabert_alone_in_fewer_steps_than_save_steps(trained, tiny, tmp_path):
    ended = compress(tiny, trained, tmp_path, "dynabert", "--width_mult_list", "0.5", max_steps=4, save_steps=100)
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "width_mult_0.5") == (HALF, False, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dynabert", "width_mult_0.5"]


def test_dynabert_at_full_width_changes_no_shape(trained, tiny, tmp_path):
    ended = compress(tiny, trained, tmp_path, "dynabert", "--width_mult_list", "1.0")
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "width_mult_1") == (FULL, False, False)


def test_a_pruned_model_is_pruned_again_from_its_own_size(chain, tiny, tmp_path):
    ended = compress(
        tiny, chain / "width_mult_0.5", tmp_path, "dynabert", "--width_mult_list", "0.5", **{"max_steps": 30}
    )
    assert ended.code == 0, ended.err
    assert kind_of(tmp_path / "width_mult_0.5") == (([1, 1], [12, 12]), False, False)
