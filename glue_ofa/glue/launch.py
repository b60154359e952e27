# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""`--n_gpu`: checks that there are as many GPUs, and starts one process per GPU where several are asked for."""

import os
import sys

from common.cli import EnvironmentLacks


def prepare(n_gpu: int | None, may_split: bool = True) -> None:
    """Check the number of GPUs; for several, replace this process by Paddle's launcher of the same command.

    With 0, 1 or None, and in the processes that the launcher starts, it just returns.

    Args:
        may_split: False for a program that uses one GPU, however many there may be.

    Raises:
        EnvironmentLacks: there are fewer.
    """
    if not n_gpu or "PADDLE_TRAINER_ID" in os.environ:
        return
    there = gpus()
    if there < n_gpu:
        raise EnvironmentLacks(
            f"--n_gpu {n_gpu}: this Paddle or this machine has {there} GPUs; pass --n_gpu {there}"
            f"{'' if there else ' for the CPU'}"
        )
    if n_gpu > 1 and may_split:
        cards = ",".join(map(str, range(n_gpu)))
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "paddle.distributed.launch", "--gpus", cards, *sys.argv])


def gpus() -> int:
    """How many GPUs this Paddle can use."""
    import common  # noqa: F401  before paddle

    import paddle

    return paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0
