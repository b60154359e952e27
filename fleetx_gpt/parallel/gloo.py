# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What fleet lacks on a CPU, where processes talk by gloo, and a count of the bytes that they exchange.

Paddle 2.6 has no `c_identity` for CPUs, and gloo none of the `*_on_calc_stream` verbs that fleet's Column- and
RowParallelLinear call. On a GPU nothing of this is installed.
"""

from collections import Counter

import paddle
import paddle.distributed as dist
from paddle.base import core

from parallel import reductions

VERBS = ("all_reduce", "reduce", "broadcast", "send", "recv", "all_gather")
SENT: Counter[int] = Counter()
"""id of a group's `process_group` -> bytes that this process gave to a verb: whole tensors, however they travel."""


def install() -> None:
    """Replace fleet's two operations around a shared layer, and count what goes through gloo.

    Raises:
        RuntimeError: the device is not a CPU.
    """
    if paddle.get_device() != "cpu":
        raise RuntimeError("gloo is for CPUs; fleet's own operations are used elsewhere")
    from paddle.distributed import collective
    from paddle.distributed.fleet.layers.mpu import mp_ops

    def identity(tensor, group=None, skip_c_identity_dynamic=False):
        return reductions.Enter.apply(tensor, group)

    def total(tensor, op=dist.ReduceOp.SUM, group=None, *rest, **named):
        return reductions.Leave.apply(tensor, group)

    for module in (mp_ops, collective):
        module._c_identity, module._mp_allreduce = identity, total
    for verb in VERBS:
        _count(verb)


def _count(verb: str) -> None:
    kept = getattr(core.ProcessGroup, verb)
    if getattr(kept, "counts", False):
        return

    def counted(self, first, *rest, **named):
        # all_gather names its output first; what a process gives is its input
        tensor = rest[0] if verb == "all_gather" else first
        if verb != "recv":
            SENT[id(self)] += tensor.size * tensor.element_size()
        return kept(self, first, *rest, **named)

    counted.counts = True
    setattr(core.ProcessGroup, verb, counted)


def sent(groups) -> dict[str, int]:
    """Bytes so far by axis: dp, mp, pp, sharding and ends; axes of one process are left out."""
    named = {name: getattr(groups, name).group for name in ("dp", "mp", "pp", "sharding")}
    named = {name: group for name, group in named.items() if group.nranks > 1} | {"ends": groups.ends}
    return {name: SENT[id(group.process_group)] for name, group in named.items() if group is not None}
