# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""How many heads and feed-forward channels each layer has: what pruning changes and a checkpoint records."""

from dataclasses import dataclass, replace

from fleetx.settings.model import ModelSettings


@dataclass(frozen=True)
class Shape:
    """`heads` and `ffn` are one number per layer; `head_size`, features of a head, is never changed."""

    heads: tuple[int, ...]
    ffn: tuple[int, ...]
    head_size: int

    @classmethod
    def dense(cls, model: ModelSettings) -> "Shape":
        """What the settings describe, nothing pruned."""
        layers = model.num_layers
        return cls((model.num_attention_heads,) * layers, (model.ffn_size,) * layers, model.head_size)

    def with_counts(self, heads: list[int], ffn: list[int]) -> "Shape":
        return replace(self, heads=tuple(heads), ffn=tuple(ffn))

    def record(self) -> dict:
        return {"heads": list(self.heads), "ffn": list(self.ffn), "head_size": self.head_size}

    @classmethod
    def of_record(cls, record: dict) -> "Shape":
        return cls(tuple(record["heads"]), tuple(record["ffn"]), record["head_size"])


def padded_rows(model: ModelSettings, degree: int) -> int:
    """Rows of the token table: vocab_size up to a multiple of what processes and kernels like.

    One process needs no padding, and takes none.
    """
    unit = model.vocab_size_divisible_unit * degree if degree > 1 else 1
    return -(-model.vocab_size // unit) * unit
