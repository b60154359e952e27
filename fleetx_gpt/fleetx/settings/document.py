# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Forms of a configuration that are published but not ours: taken, with a warning that names the place."""

from collections.abc import Callable

from fleetx.settings.build import settable
from fleetx.settings.compress import DistillationSettings
from fleetx.settings.tree import Section

# Keys of published configurations that change nothing here.
WITHOUT_EFFECT = (
    "Data.*.loader", "Data.*.sampler.name", "Data.*.sampler.drop_last", "Data.*.sampler.batch_size",
    "Data.*.dataset.name", "Data.*.dataset.mode", "Engine.verbose_freq", "Engine.save_load.save_after_eval",
    "Model.fused_linear", "Model.fuse_mt", "Model.sequence_parallel", "Optimizer.tensor_fusion",
    "Optimizer.multi_precision", "Distributed.fuse_sequence_parallel_allreduce",
    "Distributed.sharding.reduce_overlap", "Distributed.sharding.broadcast_overlap", "Offline_Eval.logging_freq",
)  # fmt: skip


def settle(tree: Section, warn: Callable[[str], None]) -> None:
    """Bring the published forms into ours, in place."""
    _indent_distillation(tree.get("Compress"), warn)
    for pattern in WITHOUT_EFFECT:
        _drop(tree, pattern.split("."), "", warn)


def _indent_distillation(compress: Section | None, warn: Callable[[str], None]) -> None:
    """The document's example has the keys of `Distillation:` beside it, not below it."""
    if not isinstance(compress, Section):
        return
    strays = [field.name for field in settable(DistillationSettings) if field.name in compress]
    if not strays or "Distillation" not in compress:
        return
    place = compress.places["Distillation"]
    below = compress["Distillation"] if isinstance(compress["Distillation"], Section) else Section()
    warn(f"{compress.places[strays[0]]}: {', '.join(strays)} taken as keys of `Distillation:`; indent them below it")
    for name in strays:
        value, where = compress.take(name)
        if name not in below:
            below.put(name, value, where)
    compress.put("Distillation", below, place)


def _drop(section: Section, keys: list[str], path: str, warn: Callable[[str], None]) -> None:
    names = list(section) if keys[0] == "*" else [keys[0]] if keys[0] in section else []
    for name in names:
        if len(keys) == 1:
            warn(f"{section.places[name]}: {path}{name} has no effect here; left out")
            section.take(name)
        elif isinstance(section[name], Section):
            _drop(section[name], keys[1:], f"{path}{name}.", warn)
