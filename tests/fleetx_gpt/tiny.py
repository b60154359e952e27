# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Texts and images so small that the app's real mains run in seconds, and the words that start them."""

import json
from pathlib import Path

import numpy as np

APP = Path(__file__).resolve().parents[2] / "fleetx_gpt"
CONFIGS = APP / "configs"
IN_PROCESS = ("bench.child", "common.export.onnx_baselines")  # children whose own processes only cost time here
WHO, WHERE = ("cat", "dog", "owl", "fox"), ("mat", "log", "hill", "roof")


def sentences(count: int = 160, seed: int = 0) -> list[str]:
    """The place follows from the animal, so that last words can be learnt."""
    random = np.random.default_rng(seed)
    return [f"the {WHO[n]} sat on the {WHERE[n]}" for n in random.integers(0, 4, count)]


def make(folder: Path) -> Path:
    """data/story.txt, cloze.jsonl, images.npz."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "story.txt").write_text(" . ".join(sentences(600)), encoding="utf-8")
    lines = [json.dumps({"text": f"{first} . {second}"}) for first, second in zip(sentences(7, 1), sentences(7, 2))]  # noqa: B905
    (folder / "cloze.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 64), ("test", 21)):
        labels = random.integers(0, 10, count)
        pixels = random.integers(0, 100, (count, 32, 32, 3)) + 15 * labels[:, None, None, None]
        arrays |= {f"{split}_images": pixels.astype("uint8"), f"{split}_labels": labels}
    np.savez(folder / "images.npz", **arrays)
    return folder


def words(folder: Path, output: Path | str, **changes) -> list[str]:
    """`-o` values for the tiny GPT; Key_sub=… becomes Key.sub=… by two underscores."""
    given = {
        "Data.Train.dataset.input_dir": folder / "data",
        "Data.Eval.dataset.input_dir": folder / "data",
        "Engine.save_load.output_dir": output,
    }
    given |= {key.replace("__", "."): value for key, value in changes.items()}
    return [f"{key}={value}" for key, value in given.items()]


def settings(folder: Path, output: Path | str, config: str = "gpt_tiny", **changes):
    from fleetx.settings.load import load

    return load(CONFIGS / "small" / f"{config}.yaml", words(folder, output, **changes))
