# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How wide each encoder layer is: reading it, building it from a config, and cutting it out of a wider one.

Works on `paddle.nn.TransformerEncoder`, which PaddleNLP's BERT, ERNIE, PP-MiniLM and SKEP models are made of. The size
of one head never changes; a narrower layer has fewer heads and fewer feed-forward neurons. What is kept stands first,
so put the important units there before cutting (`common.compress.ofa.reorder`).
"""

from collections.abc import Sequence

import paddle
from paddle import nn

PROJECTIONS = ("q_proj", "k_proj", "v_proj")


def heads_of(encoder: nn.TransformerEncoder) -> list[int]:
    return [layer.self_attn.num_heads for layer in encoder.layers]


def ffn_of(encoder: nn.TransformerEncoder) -> list[int]:
    return [layer.linear1.weight.shape[1] for layer in encoder.layers]


def units(count: int, width: float) -> int:
    """How many of `count` heads or neurons a width keeps: rounded to the nearest, and never none.

    Rounding, not cutting off: 8 heads at 5/6 are 7, 4 at 2/3 are 3; `int()` loses one wherever the product is a hair
    below the whole number.
    """
    return max(1, round(count * width))


def resized_linear(linear: nn.Linear, inputs: int, outputs: int) -> nn.Linear:
    """A Linear that holds the first `inputs` rows and `outputs` columns of another one's weight."""
    small = nn.Linear(inputs, outputs)
    small.weight.set_value(linear.weight[:inputs, :outputs])
    small.bias.set_value(linear.bias[:outputs])
    return small


def resize(encoder: nn.TransformerEncoder, heads: Sequence[int], ffn: Sequence[int]) -> None:
    """Cut each layer down, in place, to its first `heads[i]` heads and `ffn[i]` neurons.

    Raises:
        ValueError: the lists do not fit the number of layers, or ask for more than a layer has.
    """
    if not len(heads) == len(ffn) == len(encoder.layers):
        raise ValueError(f"{len(encoder.layers)} layers, but {len(heads)} head counts and {len(ffn)} FFN sizes")
    for layer, kept_heads, kept_neurons in zip(encoder.layers, heads, ffn, strict=True):
        attention = layer.self_attn
        if not (1 <= kept_heads <= attention.num_heads and 1 <= kept_neurons <= layer.linear1.weight.shape[1]):
            raise ValueError(f"cannot keep {kept_heads} heads and {kept_neurons} neurons of this layer")
        embedding, kept = attention.embed_dim, kept_heads * attention.head_dim
        for name in PROJECTIONS:
            setattr(attention, name, resized_linear(getattr(attention, name), embedding, kept))
        attention.out_proj = resized_linear(attention.out_proj, kept, embedding)
        attention.num_heads = kept_heads
        layer.linear1 = resized_linear(layer.linear1, embedding, kept_neurons)
        layer.linear2 = resized_linear(layer.linear2, kept_neurons, embedding)


def apply_config(encoder: nn.TransformerEncoder, config) -> None:
    """Give a freshly built encoder the widths that its config records (`layer_heads`, `layer_ffn`), if any."""
    if getattr(config, "layer_heads", None):
        resize(encoder, config.layer_heads, config.layer_ffn)


def record(encoder: nn.TransformerEncoder, config) -> None:
    """Write the encoder's widths into its config, so that the checkpoint describes itself."""
    config.layer_heads, config.layer_ffn = heads_of(encoder), ffn_of(encoder)


def parameter_count(model: nn.Layer) -> int:
    return sum(int(paddle.numel(parameter)) for parameter in model.parameters())
