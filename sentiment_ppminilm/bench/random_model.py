# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A bundle of SKEP-large's shape with random weights: what the small models stand in for. Only its times are real."""

from pathlib import Path
from typing import Any

from common import child, files
from common.bundle import bundle, read_bundle
from common.bundle.bundle import file_bytes
from common.measure import compare
from common.measure.runner import Job, Runner

CHILD = "bench.random_model"
REPEATS = 2  # timed calls: slow as it is, two will do
MAX_LENGTH = 256  # tokens that the bundle says it serves


def time_reference(alone: Runner, folder: Path, timing: dict[str, Any]) -> dict[str, Any]:
    """Make the bundle in `folder` unless it is there, and time it on Paddle Inference.

    Args:
        alone: runs one child process at a time.
        timing: as of `bench.child.serve`, without bundle and engine.

    Returns:
        What `bench.child.serve` gives, and "size_bytes".
    """
    if not (folder / "bundle" / "manifest.json").exists():
        alone.child(CHILD, {"folder": str(folder)})
    made = read_bundle(folder / "bundle")
    arguments = {"action": "serve", "bundle": str(made.path), "engine": "paddle", **timing, "repeats": REPEATS}
    name = "SKEP-large's shape"
    return {"size_bytes": file_bytes(made, "paddle"), **alone.once([Job(name, compare.CHILD, arguments)])[name]}


def answer(folder: str) -> dict[str, str]:
    """Write `folder`/bundle: program, made-up vocabulary, labels, manifest. Returns the architecture's name."""
    from common.data import vocabulary
    from common.export import program

    import model
    from aspect import export, trainer
    from data import LabelSet

    name, labels = model.NAMES[1], LabelSet(["0", "1"])
    network = model.build(name, len(labels.values))
    network.eval()
    with files.replacing_folder(Path(folder) / "bundle") as temporary:
        program.save_program(network, temporary / "model", "int64", trainer.INPUTS)
        words = vocabulary.widened(list(vocabulary.SPECIALS), network.config.vocab_size)
        vocabulary.write(temporary / "vocab.txt", words)
        files.write_json(temporary / "labels.json", {"class": labels.values})
        bundle.write_manifest(temporary, export.manifest_of(network, labels, MAX_LENGTH, "original", {}))
    return {"made": name}


if __name__ == "__main__":
    child.child_main(answer)
