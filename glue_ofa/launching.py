# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""`--n_gpu 2` and more: the same command once more, as a process per GPU."""

import os
import sys

from common.cli import EnvironmentLacks


def several(n_gpu: int | None) -> None:
    """With more than one GPU asked for, become Paddle's launcher of this very command; otherwise just return.

    Raises:
        EnvironmentLacks: there are not so many.
    """
    if n_gpu is None or n_gpu < 2 or "PADDLE_TRAINER_ID" in os.environ:
        return
    import common  # noqa: F401  before paddle

    import paddle

    there = paddle.device.cuda.device_count() if paddle.is_compiled_with_cuda() else 0
    if there < n_gpu:
        raise EnvironmentLacks(f"--n_gpu {n_gpu}: this Paddle or this machine has {there}; pass --n_gpu {there}")
    cards = ",".join(map(str, range(n_gpu)))
    command = [sys.executable, "-m", "paddle.distributed.launch", "--gpus", cards, *sys.argv]
    sys.stdout.flush()
    os.execv(sys.executable, command)
