# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a measured time belongs to, in one line: processor, engine, device."""

from pathlib import Path

from common import machine

LIBRARIES = {"paddle": "paddlepaddle", "fastdeploy": "fastdeploy-python"}  # others are called as their engines
NVIDIA_GPUS = Path("/proc/driver/nvidia/gpus")


def machine_line(engine: str, device: str, threads: int) -> str:
    """Processor and its features, engine and version, device, threads."""
    facts = machine.describe()
    family = engine.split("_")[0]
    version = facts["libraries"].get(LIBRARIES.get(family, family), "")
    where = ", ".join(gpus()) if device == "gpu" else device
    return (
        f"{facts['cpu']}, {facts['cores']} cores, {' '.join(facts['features'])}; {engine} {version} on {where}, "
        f"{threads} thread{'s' * (threads > 1)}"
    )


def gpus(folder: Path = NVIDIA_GPUS) -> list[str]:
    """Names of the NVIDIA GPUs as the driver tells them, read without any library; ["gpu"] where it tells none."""
    lines = [line for path in sorted(folder.glob("*/information")) for line in path.read_text().splitlines()]
    return [line.partition(":")[2].strip() for line in lines if line.startswith("Model")] or ["gpu"]
