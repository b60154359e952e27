# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The machine that this process runs on, read without importing any library; published beside every measured figure."""

import os
import platform
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

# The CPU features that change which kernels run.
FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16", "asimddp", "i8mm")
LIBRARIES = (
    "paddlepaddle",
    "paddlenlp",
    "paddleslim",
    "paddle2onnx",
    "paddlelite",
    "fastdeploy-python",
    "onnxruntime",
    "openvino",
    "nncf",
    "numpy",
    "tokenizers",
)


@lru_cache(maxsize=1)
def cpu_flags() -> frozenset[str]:
    """Features of the first CPU as Linux names them; empty where /proc/cpuinfo is not there."""
    for line in _lines("/proc/cpuinfo"):
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def has_int8_dot_product() -> bool:
    """Whether 8-bit products are summed without saturation: VNNI on x86; always true elsewhere."""
    return platform.machine() not in ("x86_64", "AMD64") or bool(cpu_flags() & {"avx512_vnni", "avx_vnni"})


def has_avx512() -> bool:
    """AVX-512 Foundation, which oneDNN's wide kernels need."""
    return "avx512f" in cpu_flags()


def has_bf16() -> bool:
    """Whether the CPU multiplies bfloat16 itself (AVX-512 or AMX)."""
    return bool(cpu_flags() & {"avx512_bf16", "amx_bf16"})


def describe() -> dict[str, Any]:
    """CPU model, usable cores, features, memory in MiB, operating system, Python, versions of the libraries in use."""
    models = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = [line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    return {
        "cpu": models[0] if models else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "features": [feature for feature in FEATURES if feature in cpu_flags()],
        "memory_mb": int(memory[0]) // 1024 if memory else None,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": ".".join(map(str, sys.version_info[:3])),
        "libraries": {name: version for name in LIBRARIES if (version := _version(name))},
    }


def peak_rss_mb() -> float:
    """The most memory this process has held so far, in MiB."""
    for line in _lines("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    import resource  # not Linux

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20) if sys.platform == "darwin" else peak / 1024


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []
