# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of this app's measurement."""

from pathlib import Path
from typing import Any

from common.bundle import read_bundle
from common.bundle.bundle import file_bytes
from common.measure import compare
from common.measure.runner import Job, Runner

APP = Path(__file__).resolve().parents[1]


def runner(threads: int, workers: int = 1) -> Runner:
    return Runner(APP, threads, workers)


def reference(alone: Runner, folder: Path, timing: dict[str, Any]) -> dict[str, Any]:
    """Times and "size_bytes" of SKEP-large's shape on Paddle Inference; slow as it is, two calls will do."""
    if not (folder / "bundle" / "manifest.json").exists():
        alone.child(compare.CHILD, {"action": "make_reference", "folder": str(folder)})
    bundle = read_bundle(folder / "bundle")
    arguments = {"action": "serve", "bundle": str(bundle.path), "engine": "paddle", **timing, "repeats": 2}
    name = "SKEP-large's shape"
    return {"size_bytes": file_bytes(bundle, "paddle"), **alone.once([Job(name, compare.CHILD, arguments)])[name]}
