# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Memory and communication of a configuration, as one record and as tables."""

from typing import Any

from fleetx.parallel import memory, sizes, traffic
from fleetx.settings.settings import Settings

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def of_settings(settings: Settings) -> dict[str, Any]:
    """Of each stage of the pipeline, of its process that needs most; `largest` is the stage with the largest sum."""
    degrees = settings.Distributed
    stages = []
    for stage in range(degrees.pp_degree):
        axes = traffic.of_step(settings, stage)
        counts = {
            "dp": degrees.dp_degree,
            "mp": degrees.mp_degree,
            "pp": degrees.pp_degree,
            "ends": 2,
            "sharding": degrees.sharding.sharding_degree,
        }
        stages.append(
            {
                "stage": stage,
                "parameters": sum(weight.size for weight in sizes.weights_of(settings, stage)),
                "memory": memory.of_process(settings, stage).record(),
                "traffic": {
                    name: {"bytes": each.total, "on_the_wire": each.on_the_wire(counts[name])}
                    for name, each in axes.items()
                },
            }
        )
    half = settings.Engine.mix_precision
    return {
        "model": settings.Model.family,
        "parameters": sizes.whole_count(settings.Model),
        "processes": degrees.world,
        "degrees": degrees.describe(),
        "precision": f"{half.dtype} {half.level}" if half.enable else "float32",
        "rows_per_step": settings.Global.global_batch_size,
        "micro_batch_size": settings.Global.micro_batch_size,
        "accumulate_steps": settings.Global.accumulate_steps,
        "length": memory.length_of(settings),
        "stages": stages,
        "largest": max(stages, key=lambda each: each["memory"]["total"])["stage"],
    }


def tables(found: dict[str, Any]) -> str:
    """The record for the eye: the stage that needs most in full, the others' sums."""
    lines = [
        f"{found['model']} with {found['parameters']:,} parameters, {found['precision']}, {found['degrees']}",
        f"{found['rows_per_step']} rows of {found['length']} per step, {found['micro_batch_size']} at once, "
        f"{found['accumulate_steps']} times",
    ]
    shown = found["stages"][found["largest"]]
    if len(found["stages"]) > 1:
        lines.append(f"stage {shown['stage']}, which needs most:")
    lines += ["", f"  {'parameters in a process':<24}{shown['parameters']:>16,}"]
    for name, value in shown["memory"].items():
        if value or name == "total":
            lines.append(f"  {name:<24}{readable(value):>16}")
    if shown["traffic"]:
        lines += ["", f"  {'communication per step':<24}{'tensors':>16}{'sent in a ring':>16}"]
    for name, each in shown["traffic"].items():
        lines.append(f"  {name:<24}{readable(each['bytes']):>16}{readable(each['on_the_wire']):>16}")
    others = [each for each in found["stages"] if each is not shown]
    lines += [""] * bool(others)
    lines += [f"  stage {each['stage']}: {readable(each['memory']['total'])}" for each in others]
    return "\n".join(lines)


def readable(value: int) -> str:
    """Bytes with a unit of powers of 1024: 1,572,864 is 1.50 MiB."""
    size, unit = float(value), 0
    while size >= 1024 and unit + 1 < len(UNITS):
        size, unit = size / 1024, unit + 1
    return f"{size:.{0 if unit == 0 else 2}f} {UNITS[unit]}"
