# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The keys below `Compress`: quantisation-aware training, structured pruning, distillation, alone or together."""

from dataclasses import dataclass, field
from typing import Literal

from fleetx.settings.build import BadValue
from fleetx.settings.checks import above, at_least, share
from fleetx.settings.model import ModelSettings

QUANTIZABLE = ("Linear", "ColumnParallelLinear", "RowParallelLinear")


@dataclass
class QuantizationSettings:
    """Quantisation-aware training."""

    enable: bool = False
    """Train with fake-quantised layers."""
    weight_quantize_type: Literal["channel_wise_abs_max", "abs_max"] = "channel_wise_abs_max"
    """One scale per output channel of a weight, or one per weight."""
    activation_quantize_type: Literal["moving_average_abs_max", "abs_max"] = "moving_average_abs_max"
    """Range of an activation: moving average of the batches' largest values, or the largest of all."""
    weight_preprocess_type: Literal["PACT"] | None = None
    """PACT learns a bound that weights are clipped to before they are quantised."""
    activation_preprocess_type: Literal["PACT"] | None = None
    """The same of activations."""
    weight_bits: int = 8
    """Bits of a weight."""
    activation_bits: int = 8
    """Bits of an activation."""
    quantizable_layer_type: tuple[Literal["Linear", "ColumnParallelLinear", "RowParallelLinear"], ...] = QUANTIZABLE
    """Kinds of layers that are quantised."""
    onnx_format: bool = False
    """Export with quantise and dequantise operators and INT8 weights; ONNX export needs it."""
    moving_rate: float = 0.9
    """Share of the old range that a moving average keeps per batch."""
    window_size: int = 10000
    """Taken because published configurations have it; no activation type above looks at a window."""
    freeze_embedding: bool = False
    """Train without changing the token and position tables."""
    skip_tensor_map: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Layers that stay in floating point: block_3: [linear1, linear2]."""
    start_step: int = 0
    """Step before which layers are wrapped; with pruning at the earliest when that has ended."""

    def __post_init__(self):
        for name in ("weight_bits", "activation_bits"):
            if not 2 <= getattr(self, name) <= 16:
                raise BadValue(name, f"must be 2 to 16, got {getattr(self, name)}")
        share(self, "moving_rate")
        at_least(self, 0, "start_step")
        at_least(self, 1, "window_size")
        if not self.quantizable_layer_type:
            raise BadValue("quantizable_layer_type", f"is empty; take some of {', '.join(QUANTIZABLE)}")

    @property
    def uses_pact(self) -> bool:
        return "PACT" in (self.weight_preprocess_type, self.activation_preprocess_type)


@dataclass
class PruneSettings:
    """Structured pruning: whole heads and feed-forward channels are cut out."""

    enable: bool = False
    """Prune, then go on training."""
    criterion: Literal["l1_norm", "l2_norm", "taylor", "activation"] = "l1_norm"
    """What heads and channels are ranked by; the last two look at training batches."""
    ratio: float = 0.125
    """Share of the heads and of the channels that goes."""
    ranking: Literal["layer", "global"] = "layer"
    """Take the share from every layer, or from all layers together."""
    calibration_batches: int = 8
    """Training batches that taylor and activation look at."""
    begin_step: int = 0
    """Step before which it is pruned for the first time."""
    end_step: int = 0
    """Step before which it is pruned for the last time."""
    times: int = 1
    """In how many equal shares the ratio is reached between these two steps."""

    def __post_init__(self):
        if not 0 < self.ratio < 1:
            raise BadValue("ratio", f"must be above 0 and below 1, got {self.ratio:g}")
        at_least(self, 1, "calibration_batches", "times")
        at_least(self, 0, "begin_step")
        if self.times == 1 and self.end_step == 0:
            self.end_step = self.begin_step
        if self.end_step < self.begin_step or (self.end_step - self.begin_step) < self.times - 1:
            raise BadValue("end_step", f"{self.end_step} leaves no {self.times} steps from {self.begin_step} on")

    def schedule(self) -> dict[int, float]:
        """Step → share of the original heads and channels that is gone after it."""
        if self.times == 1:
            return {self.begin_step: self.ratio}
        stride = (self.end_step - self.begin_step) / (self.times - 1)
        return {self.begin_step + round(n * stride): self.ratio * (n + 1) / self.times for n in range(self.times)}


@dataclass
class TeacherFolder:
    """Where the teacher's weights are."""

    ckpt_dir: str | None = None
    """The teacher's checkpoint; Compress.pretrained if not given."""


@dataclass
class TeacherSettings:
    """The model that is learned from."""

    save_load: TeacherFolder = field(default_factory=TeacherFolder)
    Model: ModelSettings | None = None
    """The teacher's sizes; each one not given is the student's."""


@dataclass
class DistillationSettings:
    """Learning from a teacher's logits as well as from the text."""

    enable: bool = False
    """Add the distillation loss to the loss."""
    distill_loss_ratio: float = 1.0
    """Weight of the distillation loss."""
    distillation_loss_type: Literal["mse", "kl_div", "token_wise_contrastive"] = "kl_div"
    """What is compared, and how."""
    T: float = 1.0
    """Temperature that logits are divided by (kl_div), or similarities (token_wise_contrastive)."""
    Teacher: TeacherSettings = field(default_factory=TeacherSettings)

    def __post_init__(self):
        at_least(self, 0, "distill_loss_ratio")
        above(self, 0, "T")


@dataclass
class CompressSettings:
    """Where compression starts from and what is done."""

    pretrained: str | None = None
    """Checkpoint folder whose weights are loaded before anything is compressed."""
    Quantization: QuantizationSettings = field(default_factory=QuantizationSettings)
    Prune: PruneSettings = field(default_factory=PruneSettings)
    Distillation: DistillationSettings = field(default_factory=DistillationSettings)
