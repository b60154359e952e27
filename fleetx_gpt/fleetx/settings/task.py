# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The keys of what is read and answered: `Data`, `Tokenizer`, `Offline_Eval`, `Generation`, `Inference`."""

from dataclasses import dataclass, field
from typing import Literal

from fleetx.settings.build import BadValue
from fleetx.settings.checks import above, at_least, share

DEFAULT_SPLIT = (949, 50, 1)


@dataclass
class DatasetSettings:
    """Where rows come from."""

    input_dir: str | None = None
    """GPT: a text file, a jsonl file with `text`, or a folder of them. ViT: a .npz with train_images and so on."""
    split: tuple[int, ...] = DEFAULT_SPLIT
    """Shares of the tokens that Train, Eval and Test take of one and the same input_dir."""
    max_seq_len: int = 1024
    """Tokens per row."""

    def __post_init__(self):
        at_least(self, 1, "max_seq_len")
        if len(self.split) != 3 or min(self.split) < 0 or not sum(self.split):
            raise BadValue("split", f"expected three shares such as [949, 50, 1], got {list(self.split)}")


@dataclass
class SamplerSettings:
    """In which order."""

    shuffle: bool = True
    """Another order in each epoch, given by the seed; Eval and Test always keep the data's."""


@dataclass
class SplitSettings:
    """One of Train, Eval, Test."""

    dataset: DatasetSettings = field(default_factory=DatasetSettings)
    sampler: SamplerSettings = field(default_factory=SamplerSettings)


@dataclass
class DataSettings:
    """The three sets of rows."""

    Train: SplitSettings = field(default_factory=SplitSettings)
    Eval: SplitSettings = field(default_factory=SplitSettings)
    Test: SplitSettings = field(default_factory=SplitSettings)


@dataclass
class TokenizerSettings:
    """Byte-level BPE. A checkpoint brings its own; these are for new models."""

    vocab_file: str | None = None
    """Published vocabulary, a JSON of token to number; without it one is trained from the training text."""
    merges_file: str | None = None
    """The merges that belong to it."""
    train_size: int | None = None
    """Tokens of a trained vocabulary; Model.vocab_size if not given."""

    def __post_init__(self):
        if (self.vocab_file is None) != (self.merges_file is None):
            lacking = "merges_file" if self.merges_file is None else "vocab_file"
            raise BadValue(lacking, "vocab_file and merges_file need each other")
        at_least(self, 257, "train_size")


@dataclass
class OfflineEvalSettings:
    """What tools/eval.py scores."""

    eval_path: str | None = None
    """Text for perplexity, or a jsonl with `text` for the cloze test. ViT: a .npz."""
    cloze_eval: bool = False
    """Accuracy on the last word of each passage, in place of perplexity."""
    overlapping_eval: int = 32
    """Tokens that a window of the text is moved on by."""
    batch_size: int = 8
    """Rows per batch."""
    max_seq_len: int = 1024
    """Tokens of a window."""

    def __post_init__(self):
        at_least(self, 1, "overlapping_eval", "batch_size")
        at_least(self, 2, "max_seq_len")
        if self.overlapping_eval > self.max_seq_len:
            raise BadValue(
                "overlapping_eval", f"{self.overlapping_eval} leaves gaps between windows of {self.max_seq_len}"
            )


@dataclass
class GenerationSettings:
    """How text goes on."""

    top_k: int = 50
    """Take one of this many most probable tokens; 0 means of all."""
    top_p: float = 0.75
    """Take one of the fewest tokens that together have this probability."""
    temperature: float = 1.0
    """Logits are divided by this."""
    min_dec_len: int = 1
    """Tokens before which the text cannot end."""
    max_dec_len: int = 200
    """Most tokens that are added."""
    decode_strategy: Literal["sampling", "greedy_search"] = "sampling"
    """Draw the next token, or take the most probable one."""

    def __post_init__(self):
        at_least(self, 0, "top_k", "min_dec_len")
        at_least(self, 1, "max_dec_len")
        above(self, 0, "temperature")
        above(self, 0, "top_p")
        share(self, "top_p", whole=True)


@dataclass
class InferenceSettings:
    """What tools/export.py writes and tools/inference.py opens."""

    model_dir: str = "./output"
    """Folder of the exported model."""
    mp_degree: int = 1
    """Processes that share each layer."""
    onnx: bool = False
    """Write model.onnx as well."""

    def __post_init__(self):
        at_least(self, 1, "mp_degree")
