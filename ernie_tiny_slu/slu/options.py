# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Options of run_train.py: the document's words, their defaults, and which exclude each other."""

from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError, did_you_mean
from common.engines.allowed import CPU_ENGINES, check_gate_engines
from common.train.options import TrainingOptions, check_widths

STRATEGIES = ("dynabert", "qat", "ptq", "embeddings")
DECODERS = ("argmax", "bio", "crf")
LABEL_NAMES = ("intent_label", "slot_label")


@dataclass(kw_only=True)
class Options(TrainingOptions):
    """Train JointErnie, prune its tables, compress it, evaluate it, export it."""

    model_name_or_path: str = "ernie-3.0-tiny-nano-v2-zh"
    """A pretrained model by name or folder, or a checkpoint of this app."""
    train_path: Path | None = None
    """Training set: session, query, intent, query with marked slots, tab-separated."""
    dev_path: Path | None = None
    """Development set in the same form; it chooses checkpoints."""
    intent_label_path: Path = Path("data/intent_label.txt")
    """Intents, one a line."""
    slot_label_path: Path = Path("data/slot_label.txt")
    """Slot tags, one a line: O, B-<slot>, I-<slot>."""
    max_seq_length: int = 16
    """Longest input in tokens, [CLS] and [SEP] included; longer text is cut."""
    prune_embeddings: bool = False
    """Cut the word table to --max_vocab_size and the position table to --max_seq_length rows."""
    max_vocab_size: int = 8000
    """Rows of the word table that --prune_embeddings keeps at most, by frequency in the training set."""
    dropout: float = 0.1
    """Dropout before the two heads."""
    decoder: str | None = None
    """How slots are read: argmax, bio (no I- without B-) or crf (trained transitions); default: as trained, or bio."""
    do_export: bool = False
    """Write the static model and the bundle for deployment."""
    input_dtype: str = "int64"
    """Type of the exported model's token ids: int64 or int32 (phones need int32)."""
    gate_engines: tuple[str, ...] = CPU_ENGINES
    """Engines that an export is compared on; paddle and onnxruntime are always among them."""
    do_compress: bool = False
    """Compress a fine-tuned checkpoint by --strategy."""
    strategy: str = "dynabert+qat+embeddings"
    """Words joined by +: dynabert (width), qat or ptq (INT8 matrix products), embeddings (INT8 tables)."""
    width_mult_list: tuple[float, ...] = (0.75,)
    """Widths that dynabert trains and cuts out, as shares of heads and neurons."""
    importance_batches: int = 64
    """Training batches on which dynabert scores heads and neurons."""
    weight_quantize_type: str = "channel_wise_abs_max"
    """Scale of INT8 weights: channel_wise_abs_max or abs_max."""
    activation_quantize_type: str = "moving_average_abs_max"
    """Range of INT8 inputs: moving_average_abs_max or abs_max."""
    moving_rate: float = 0.9
    """Share of the old range that the moving average keeps per batch."""
    min_agreement: float = 0.99
    """Share of sentences that ptq and embeddings, which train nothing, must decide as before, and each engine with INT8
    as the dynamic graph; less stops the run."""
    calibration_batches: int = 64
    """Training batches that set the ranges for ptq."""

    def __post_init__(self):
        super().__post_init__()
        self._check_choices()
        self._check_actions()

    def _check_choices(self) -> None:
        choices = {
            "decoder": (None, *DECODERS),
            "input_dtype": ("int64", "int32"),
            "weight_quantize_type": ("channel_wise_abs_max", "abs_max"),
            "activation_quantize_type": ("moving_average_abs_max", "abs_max"),
        }
        for name, allowed in choices.items():
            value = getattr(self, name)
            if value not in allowed:
                words = [word for word in allowed if word]
                raise UserError(f"--{name} must be one of {', '.join(words)}, got {value}{did_you_mean(value, words)}")
        check_gate_engines(self.gate_engines)
        for name in self.label_names:
            if name not in LABEL_NAMES:
                near = did_you_mean(name, LABEL_NAMES)
                raise UserError(f"--label_names: `{name}`{near}; this model's labels are {' and '.join(LABEL_NAMES)}")
        if self.max_seq_length < 3:
            raise UserError(f"--max_seq_length must be at least 3, got {self.max_seq_length}")
        if self.do_compress:
            check_strategy(self.strategy)
            check_widths(self.width_mult_list)

    def _check_actions(self) -> None:
        others = [name for name in ("do_train", "do_eval", "do_export", "prune_embeddings") if getattr(self, name)]
        if self.do_compress and others:
            raise UserError(f"--do_compress and --{others[0]} exclude each other; compress in a run of its own")
        if not self.do_compress and not others:
            raise UserError(
                "nothing to do; pass one of --do_train --do_eval --do_export --prune_embeddings --do_compress"
            )
        if self.train_path is None and (self.do_train or self.do_compress or self.prune_embeddings):
            raise UserError("--train_path is needed to train, compress or prune")
        if self.dev_path is None and (self.do_train or self.do_compress or self.do_eval):
            raise UserError("--dev_path is needed to train, compress or evaluate")
        if self.from_scratch and not self.do_train:
            raise UserError("--from_scratch needs --do_train: a random model is of no use")


def check_strategy(strategy: str) -> list[str]:
    """The strategy's words in the order in which they are carried out.

    Raises:
        UserError: an unknown or repeated word, or qat and ptq together.
    """
    words = strategy.split("+")
    for word in words:
        if word not in STRATEGIES:
            raise UserError(
                f"--strategy: `{word}`{did_you_mean(word, STRATEGIES)}; allowed are {', '.join(STRATEGIES)} joined by +"
            )
    if len(set(words)) < len(words):
        raise UserError(f"--strategy {strategy}: a word stands twice")
    if {"qat", "ptq"} <= set(words):
        raise UserError(f"--strategy {strategy}: qat and ptq both make INT8 matrix products; take one")
    return [word for word in STRATEGIES if word in words]
