# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bytes that the processes of a test give to gloo: whole tensors, however they travel. For processes of tests only."""

from collections import Counter

from paddle.base import core

VERBS = ("all_reduce", "reduce", "broadcast", "send", "recv", "all_gather")
SENT: Counter[int] = Counter()
"""id of a group's `process_group` -> bytes."""


def install() -> None:
    """Count what goes through gloo from now on."""
    for verb in VERBS:
        setattr(core.ProcessGroup, verb, _counting(verb, getattr(core.ProcessGroup, verb)))


def _counting(verb: str, kept):
    def counted(self, first, *rest, **named):
        # all_gather names its output first; what a process gives is its input
        tensor = rest[0] if verb == "all_gather" else first
        if verb != "recv":
            SENT[id(self)] += tensor.size * tensor.element_size()
        return kept(self, first, *rest, **named)

    return counted


def sent(groups) -> dict[str, int]:
    """Bytes so far by axis: dp, mp, pp, sharding and ends; axes of one process are left out."""
    named = {name: getattr(groups, name).group for name in ("dp", "mp", "pp", "sharding")}
    named = {name: group for name, group in named.items() if group.nranks > 1} | {"ends": groups.ends}
    return {name: SENT[id(group.process_group)] for name, group in named.items() if group is not None}
