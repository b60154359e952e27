# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What several processes cannot do, said before they meet."""

from common.cli import EnvironmentLacks

from fleetx.settings.settings import Settings

MOST_ON_CPU = 2  # with more, gloo's rendezvous in Paddle 2.6 does not end


def check(settings: Settings, started: int) -> None:
    """Compare the degrees with what there is.

    Raises:
        UserError: degrees that do not go together.
        EnvironmentLacks: another number of processes than configured, or what needs GPUs.
    """
    degrees = settings.Distributed
    sharding = degrees.sharding
    if started != degrees.world:
        raise EnvironmentLacks(
            f"Distributed: {degrees.describe()} processes are configured, {started} started; start them by python -m "
            f"paddle.distributed.launch --nproc_per_node {degrees.world} tools/train.py …, or change the degrees"
        )
    if sharding.sharding_degree == 1:
        return check_device(settings)
    stage, key = sharding.sharding_stage, "Distributed.sharding.sharding_stage"
    if stage == 3:
        raise settings.wrong(key, "3 cuts weights into slices that no checkpoint here holds; write 2")
    if sharding.sharding_offload:
        mend = "its states in the host's memory are in no checkpoint; write False"
        raise settings.wrong("Distributed.sharding.sharding_offload", mend)
    if stage > 1 and degrees.mp_degree * degrees.pp_degree > 1:
        raise settings.wrong(key, f"{stage} goes with dp_degree only; write 1, or mp_degree 1 and pp_degree 1")
    check_device(settings)


def check_device(settings: Settings) -> None:
    """Raises `EnvironmentLacks` for what the device, which is chosen by now, does not bear."""
    import paddle

    degrees = settings.Distributed
    if paddle.get_device() != "cpu" or degrees.world == 1:
        return
    if degrees.world > MOST_ON_CPU:
        raise EnvironmentLacks(
            f"Distributed: {degrees.describe()} processes need GPUs; on a CPU at most {MOST_ON_CPU} can meet"
        )
    if degrees.sharding.sharding_degree > 1 and degrees.sharding.sharding_stage > 1:
        stage = degrees.sharding.sharding_stage
        raise EnvironmentLacks(
            f"Distributed.sharding.sharding_stage: Paddle has stage {stage} for GPUs only; write 1 on a CPU"
        )
