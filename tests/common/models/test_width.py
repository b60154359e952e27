# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from types import SimpleNamespace

from common.models import width

import paddle
import pytest
from tiny_models import difference, ids, tiny, tiny_bert


@pytest.mark.parametrize(
    ("heads", "expected"),
    [  # at 5/6, 2/3, 3/4, 1/2
        (4, [3, 3, 3, 2]),
        (8, [7, 5, 6, 4]),
        (12, [10, 8, 9, 6]),
        (16, [13, 11, 12, 8]),
    ],
)
def test_heads_are_rounded_not_cut_off(heads, expected):
    """int() gives 6 of 8 at 5/6, 2 of 4 and 10 of 16 at 2/3: one head lost each time."""
    assert [width.units(heads, ratio) for ratio in (5 / 6, 2 / 3, 3 / 4, 1 / 2)] == expected


def test_a_rounded_ratio_and_a_restored_count_agree():
    for heads in (4, 8, 12, 16):
        for kept in range(1, heads + 1):
            assert width.units(heads, kept / heads) == kept


def test_a_layer_never_loses_all_heads():
    assert width.units(4, 0.01) == 1
    assert width.units(12, 1.0) == 12


def test_resize_keeps_the_first_units_of_every_weight():
    model = tiny()
    before = {name: tensor.numpy().copy() for name, tensor in model.ernie.encoder.state_dict().items()}
    width.resize(model.ernie.encoder, [3, 2], [48, 40])
    assert width.heads_of(model.ernie.encoder) == [3, 2]
    assert width.ffn_of(model.ernie.encoder) == [48, 40]
    after = model.ernie.encoder.state_dict()
    assert after.keys() == before.keys()
    assert after["layers.0.self_attn.q_proj.weight"].shape == [32, 24]
    assert after["layers.1.self_attn.out_proj.weight"].shape == [16, 32]
    for name, tensor in after.items():
        kept = before[name][tuple(slice(0, size) for size in tensor.shape)]
        assert (tensor.numpy() == kept).all(), name


@pytest.mark.parametrize("build", [tiny, tiny_bert])
def test_record_and_apply_config_rebuild_the_model(build, tmp_path):
    """A fresh model, shrunk by what the config records, takes the weights strictly and gives the same (tolerance 0)."""
    model = build(num_attention_heads=2)
    encoder = getattr(model, "ernie", model).encoder
    width.resize(encoder, [1, 2], [30, 64])
    width.record(encoder, model.config)
    model.config.save_pretrained(str(tmp_path))
    config = type(model.config).from_pretrained(str(tmp_path))
    assert config.layer_heads == [1, 2]
    assert config.layer_ffn == [30, 64]
    other = type(model)(config)
    other.eval()
    width.apply_config(getattr(other, "ernie", other).encoder, config)
    shapes = {name: tensor.shape for name, tensor in other.state_dict().items()}
    assert shapes == {name: tensor.shape for name, tensor in model.state_dict().items()}
    other.set_state_dict(model.state_dict())
    assert difference(model, other, ids()) == 0


def test_a_config_without_widths_changes_nothing():
    model = tiny()
    width.apply_config(model.ernie.encoder, SimpleNamespace())
    assert width.heads_of(model.ernie.encoder) == [4, 4]
    assert width.ffn_of(model.ernie.encoder) == [64, 64]


@pytest.mark.parametrize(
    ("heads", "ffn", "message"),
    [
        ([4], [64, 64], "2 layers, but 1 head counts and 2 FFN sizes"),
        ([4, 4], [64], "2 layers, but 2 head counts and 1 FFN"),
        ([5, 4], [64, 64], "cannot keep 5 heads"),
        ([4, 0], [64, 64], "cannot keep 0 heads"),
        ([4, 4], [64, 65], "65 neurons"),
        ([4, 4], [0, 64], "0 neurons"),
    ],
)
def test_wrong_sizes_raise(heads, ffn, message):
    with pytest.raises(ValueError, match=message):
        width.resize(tiny().ernie.encoder, heads, ffn)


def bert_base_parameters(ratio: float) -> int:
    """Of a bert-base-uncased, from its shapes alone."""
    hidden, heads, size, ffn, layers = 768, 12, 64, 3072, 12
    kept, neurons = width.units(heads, ratio) * size, width.units(ffn, ratio)
    attention = 3 * (hidden * kept + kept) + kept * hidden + hidden
    feed_forward = hidden * neurons + neurons + neurons * hidden + hidden
    tables = (30522 + 512 + 2) * hidden + 2 * hidden
    return tables + layers * (attention + feed_forward + 4 * hidden) + hidden * hidden + hidden


@pytest.mark.parametrize(("ratio", "millions"), [(1, 109.5), (5 / 6, 95.3), (2 / 3, 81.2), (1 / 2, 67.0)])
def test_bert_base_at_each_width(ratio, millions):
    assert bert_base_parameters(ratio) / 1e6 == pytest.approx(millions, abs=0.06)


def test_parameter_count_follows_the_shapes():
    model = tiny()
    before = width.parameter_count(model)
    assert before == sum(int(paddle.numel(parameter)) for parameter in model.parameters())
    width.resize(model.ernie.encoder, [2, 2], [32, 32])
    per_layer = 4 * 32 * 16 + 3 * 16 + 2 * 32 * 32 + 32  # half of q, k, v, out with biases, half of the FFN
    assert before - width.parameter_count(model) == 2 * per_layer
