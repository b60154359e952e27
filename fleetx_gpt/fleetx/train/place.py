# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Device and precision: asked for by name, so they are there or the run ends."""

import contextlib

from common.cli import EnvironmentLacks

import paddle
from paddle import nn

from fleetx.settings.run import MixPrecisionSettings
from fleetx.settings.settings import Settings


def prepare(settings: Settings) -> str:
    """Choose the device and check that the configuration fits the machine.

    Raises:
        EnvironmentLacks: no such device, or half precision without a GPU.
    """
    gpus = paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0
    there = {"cpu": True, "gpu": gpus > 0, "xpu": paddle.is_compiled_with_xpu()}
    device = settings.Global.device or ("gpu" if there["gpu"] else "cpu")
    if not there[device]:
        raise EnvironmentLacks(f"Global.device: this Paddle or this machine has no {device}; pass -o Global.device=cpu")
    if settings.Engine.mix_precision.enable and device == "cpu":
        raise EnvironmentLacks(
            "Engine.mix_precision.enable: half precision needs a GPU; pass -o Engine.mix_precision.enable=False"
        )
    paddle.set_device(device)
    return device


class Precision:
    """float32, or half precision with the loss scaled so that small gradients survive."""

    def __init__(self, how: MixPrecisionSettings):
        self.how = how
        scaled = how.enable and how.dtype == "float16"
        self.scaler = paddle.amp.GradScaler(init_loss_scaling=how.scale_loss) if scaled else None

    def prepare(self, network: nn.Layer) -> None:
        """Cast the weights, for O2."""
        if self.how.enable and self.how.level == "O2":
            paddle.amp.decorate(models=network, level="O2", dtype=self.how.dtype)

    def autocast(self):
        if not self.how.enable:
            return contextlib.nullcontext()
        return paddle.amp.auto_cast(
            custom_white_list=self.how.custom_white_list,
            custom_black_list=self.how.custom_black_list,
            level=self.how.level,
            dtype=self.how.dtype,
        )

    def backward(self, loss) -> None:
        (self.scaler.scale(loss) if self.scaler else loss).backward()

    def step(self, optimizer) -> None:
        """One update, left out where scaled gradients overflowed."""
        if self.scaler:
            self.scaler.step(optimizer)
            self.scaler.update()
        else:
            optimizer.step()
        optimizer.clear_grad()

    def state(self) -> dict | None:
        if not self.scaler:
            return None
        found = self.scaler.state_dict()
        return {key: value.item() if hasattr(value, "item") else value for key, value in found.items()}

    def restore(self, state: dict | None) -> None:
        if self.scaler and state:
            self.scaler.load_state_dict(state)
