# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The keys of a run: `Global`, `Engine`, `Distributed`, `Optimizer`."""

from dataclasses import dataclass, field
from typing import Literal

from fleetx.settings.build import BadValue
from fleetx.settings.checks import above, at_least, share


@dataclass
class GlobalSettings:
    """Device, seed and batch sizes: global = local x dp_degree x sharding_degree, local = micro x accumulated steps."""

    device: Literal["cpu", "gpu", "xpu"] | None = None
    """Where to compute; if not given, a GPU where there is one."""
    seed: int = 1024
    """Of weights, dropout and the order of the data."""
    global_batch_size: int | None = None
    """Rows per optimiser step over all processes; follows from local_batch_size if not given."""
    local_batch_size: int | None = None
    """Rows per optimiser step and process; follows from global_batch_size, else 1."""
    micro_batch_size: int = 1
    """Rows that go through the model at once; a step accumulates local / micro of them."""

    def __post_init__(self):
        at_least(self, 0, "seed")
        at_least(self, 1, "global_batch_size", "local_batch_size", "micro_batch_size")

    @property
    def accumulate_steps(self) -> int:
        return self.local_batch_size // self.micro_batch_size


@dataclass
class MixPrecisionSettings:
    """Half precision, on a GPU."""

    enable: bool = False
    """Compute in half precision."""
    dtype: Literal["float16", "bfloat16"] = "float16"
    """Which half precision."""
    level: Literal["O1", "O2"] = "O2"
    """O1 keeps float32 weights; O2 casts them and keeps master weights in the optimiser."""
    scale_loss: float = 32768.0
    """Loss scale of float16 at the start."""
    custom_black_list: tuple[str, ...] = ()
    """Operators that stay in float32."""
    custom_white_list: tuple[str, ...] = ()
    """Operators that are computed in half precision."""

    def __post_init__(self):
        above(self, 0, "scale_loss")


@dataclass
class SaveLoadSettings:
    """Checkpoints."""

    save_steps: int = 1000
    """Steps between two checkpoints (run_mode step); there is one at the end in any case."""
    save_epoch: int = 1
    """Epochs between two checkpoints (run_mode epoch)."""
    output_dir: str = "./output"
    """Folder for epoch_E_step_S/."""
    ckpt_dir: str | None = None
    """Checkpoint to go on from, evaluate or export: an epoch_E_step_S folder, or an output_dir for its newest one."""
    overwrite: bool = False
    """Train into an output_dir that holds another run's checkpoints, which go."""
    keep: int | None = None
    """Newest checkpoints to keep; all if not given."""

    def __post_init__(self):
        at_least(self, 1, "save_steps", "save_epoch", "keep")


@dataclass
class EngineSettings:
    """The training loop."""

    run_mode: Literal["step", "epoch"] = "step"
    """End after max_steps, or after num_train_epochs."""
    max_steps: int = 500000
    """Optimiser steps (run_mode step)."""
    num_train_epochs: int = 1
    """Passes over the training data (run_mode epoch)."""
    logging_freq: int = 1
    """Steps between two log lines."""
    eval_freq: int = 500
    """Steps between two evaluations on Data.Eval; none without Data.Eval."""
    eval_iters: int = 10
    """Batches of such an evaluation."""
    visualdl: bool = False
    """Write loss, learning rate and speed for VisualDL into output_dir/visualdl."""
    mix_precision: MixPrecisionSettings = field(default_factory=MixPrecisionSettings)
    save_load: SaveLoadSettings = field(default_factory=SaveLoadSettings)

    def __post_init__(self):
        at_least(self, 1, "max_steps", "num_train_epochs", "logging_freq", "eval_freq", "eval_iters")


@dataclass
class ShardingSettings:
    """Optimiser states (stage 1), gradients (2) and weights (3) cut over processes."""

    sharding_degree: int = 1
    """Processes that share the states."""
    sharding_stage: Literal[1, 2, 3] = 1
    """What is cut."""
    sharding_offload: bool = False
    """Keep the cut states in the host's memory."""

    def __post_init__(self):
        at_least(self, 1, "sharding_degree")


@dataclass
class DistributedSettings:
    """How many processes share the work; the product of the degrees is their number."""

    dp_degree: int = 1
    """Processes that see other rows."""
    mp_degree: int = 1
    """Processes that share each layer."""
    pp_degree: int = 1
    """Processes that each hold some of the layers."""
    sharding: ShardingSettings = field(default_factory=ShardingSettings)

    def __post_init__(self):
        at_least(self, 1, "dp_degree", "mp_degree", "pp_degree")

    @property
    def world(self) -> int:
        return self.dp_degree * self.mp_degree * self.pp_degree * self.sharding.sharding_degree

    def describe(self) -> str:
        sharding = self.sharding.sharding_degree
        return f"dp {self.dp_degree} x mp {self.mp_degree} x pp {self.pp_degree} x sharding {sharding} = {self.world}"


@dataclass
class RateSettings:
    """The learning rate: up in a line, down in half a cosine."""

    name: Literal["CosineAnnealingWithWarmupDecay"] = "CosineAnnealingWithWarmupDecay"
    """The only course there is."""
    decay_steps: int = 360000
    """Where min_lr is reached."""
    warmup_rate: float = 0.01
    """Share of decay_steps in which the rate rises."""
    max_lr: float = 5e-5
    """Highest rate."""
    min_lr: float = 1e-5
    """Lowest rate behind the warm-up."""
    use_increments: bool = True
    """decay_steps counts samples (rows of all processes), not optimiser steps."""

    def __post_init__(self):
        at_least(self, 1, "decay_steps")
        share(self, "warmup_rate")
        above(self, 0, "max_lr")
        if not 0 <= self.min_lr <= self.max_lr:
            raise BadValue("min_lr", f"must be 0 to max_lr ({self.max_lr:g}), got {self.min_lr:g}")


@dataclass
class ClipSettings:
    """Clipping of gradients."""

    name: Literal["ClipGradByGlobalNorm"] = "ClipGradByGlobalNorm"
    """By the norm of all gradients together."""
    clip_norm: float = 1.0
    """Largest norm; 0 means no clipping."""

    def __post_init__(self):
        at_least(self, 0, "clip_norm")


@dataclass
class OptimizerSettings:
    """AdamW."""

    name: Literal["AdamW"] = "AdamW"
    """The only optimiser there is."""
    weight_decay: float = 0.01
    """Of all weights but biases and layer norms."""
    beta1: float = 0.9
    """Share of the old first moment."""
    beta2: float = 0.999
    """Share of the old second moment."""
    epsilon: float = 1e-8
    """Added to the denominator."""
    lr: RateSettings = field(default_factory=RateSettings)
    grad_clip: ClipSettings = field(default_factory=ClipSettings)

    def __post_init__(self):
        at_least(self, 0, "weight_decay")
        share(self, "beta1", "beta2")
        above(self, 0, "epsilon")
