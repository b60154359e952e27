# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The architecture's keys: `Model` and `Compress.Distillation.Teacher.Model`."""

from dataclasses import dataclass
from typing import Literal

from fleetx.settings.build import BadValue
from fleetx.settings.checks import at_least, share

LANGUAGE_MODULES = ("GPTModule", "GPTEvalModule", "GPTGenerationModule")


@dataclass
class ModelSettings:
    """Sizes of a GPT or ViT; the defaults are GPT-345M's."""

    module: Literal["GPTModule", "GPTEvalModule", "GPTGenerationModule", "GeneralClsModule"] = "GPTModule"
    """What is trained: GPTModule a language model, GeneralClsModule an image classifier; the others are GPT as well."""
    name: str | None = None
    """GPT or ViT; the module says it by itself, and another word than that is refused."""
    vocab_size: int = 50304
    """Rows of the token table."""
    vocab_size_divisible_unit: int = 128
    """The table is padded to a multiple of this times mp_degree; padding never gets any probability."""
    hidden_size: int = 1024
    """Features of a token."""
    num_layers: int = 24
    """Transformer layers."""
    num_attention_heads: int = 16
    """Heads per layer before pruning."""
    ffn_hidden_size: int | None = None
    """Channels between the two feed-forward layers; 4 times hidden_size if not given."""
    hidden_dropout_prob: float = 0.1
    """Dropout behind embeddings, attention and feed-forward."""
    attention_probs_dropout_prob: float = 0.1
    """Dropout of attention probabilities."""
    max_position_embeddings: int = 1024
    """Rows of the position table: the longest text in tokens."""
    type_vocab_size: int = 16
    """Taken because published configurations have it; a GPT has no token types, nothing is built from it."""
    initializer_range: float = 0.02
    """Standard deviation of new weights."""
    use_recompute: bool = False
    """Compute activations again when going backward, in place of keeping them."""
    recompute_granularity: Literal["full", "full_attn", "core_attn"] | None = None
    """What is computed again: whole layers (full), attentions, or only scores and probabilities; full if not given."""
    no_recompute_layers: tuple[int, ...] = ()
    """Numbers of the layers that keep their activations."""
    fuse_attn_qkv: bool = True
    """One projection for query, key and value, head by head, in place of three."""
    scale_qk_by_layer_num: bool = True
    """Divide query times key by the layer's number and undo it before the softmax; keeps half precision in range."""
    image_size: int = 384
    """ViT: pixels of a side."""
    patch_size: int = 16
    """ViT: pixels of a patch's side."""
    num_channels: int = 3
    """ViT: colours of an image."""
    num_classes: int = 1000
    """ViT: classes."""

    def __post_init__(self):
        sizes = ("vocab_size", "vocab_size_divisible_unit", "hidden_size", "num_layers", "num_attention_heads")
        at_least(self, 1, *sizes, "ffn_hidden_size", "max_position_embeddings", "image_size", "patch_size")
        at_least(self, 1, "num_channels", "num_classes")
        share(self, "hidden_dropout_prob", "attention_probs_dropout_prob")
        if self.initializer_range <= 0:
            raise BadValue("initializer_range", f"must be above 0, got {self.initializer_range:g}")
        if self.hidden_size % self.num_attention_heads:
            raise BadValue(
                "num_attention_heads", f"{self.num_attention_heads} heads cannot share {self.hidden_size} features"
            )
        if self.is_vision and self.image_size % self.patch_size:
            raise BadValue("patch_size", f"patches of {self.patch_size} do not tile {self.image_size} pixels")
        if self.name is not None and self.name.lower() != self.family.lower():
            raise BadValue("name", f"`{self.name}`, but {self.module} is a {self.family}")
        for number in self.no_recompute_layers:
            if not 0 <= number < self.num_layers:
                raise BadValue(
                    "no_recompute_layers", f"there is no layer {number}; they are 0 to {self.num_layers - 1}"
                )

    @property
    def is_vision(self) -> bool:
        return self.module not in LANGUAGE_MODULES

    @property
    def family(self) -> str:
        return "ViT" if self.is_vision else "GPT"

    @property
    def ffn_size(self) -> int:
        return self.ffn_hidden_size or 4 * self.hidden_size

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.num_attention_heads
