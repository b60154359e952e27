# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A checkpoint → the files that engines open, each compared with the model in memory before it is called good.

Inference.model_dir holds model.pdmodel, model.pdiparams, model.onnx if asked for, manifest.json, and a GPT's tokenizer.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from common import files
from common.cli import UserError

import numpy as np
from paddle import nn

from fleetx.inputs import tokenizer
from fleetx.models import generation
from fleetx.models.build import parameter_count
from fleetx.serve import engines, programs
from fleetx.serve.evaluation import in_memory
from fleetx.serve.programs import GateFailed
from fleetx.settings.settings import Settings
from fleetx.settings.task import GenerationSettings
from fleetx.state import checkpoints
from fleetx.train import place

FORM = 1
TOLERANCE = 1e-4  # of float32, relative to the largest logit
AGREEMENT = {"fp32": 1.0, "int8": 0.98}  # share of equal arg-maxes; two tokens are often close
ROWS, LENGTH = 8, 48  # of the gate's inputs


def run(settings: Settings) -> dict[str, Any]:
    """Export the checkpoint of Engine.save_load.ckpt_dir; the manifest.

    Raises:
        GateFailed: an engine answers otherwise; nothing is written then.
    """
    place.prepare(settings)
    chosen = settings.Engine.save_load.ckpt_dir
    if chosen is None:
        key = "Engine.save_load.ckpt_dir"
        raise settings.wrong(key, f"is missing; name a checkpoint by -o {key}=DIR")
    found = checkpoints.open_folder(chosen)
    checkpoints.agreed(settings, found)
    programs.check_onnx(settings, found)
    network, plain = found.network(), programs.deployed(found)
    inputs = gate_inputs(network, found)
    integers = programs.integers_of(plain) if found.quantization and settings.Inference.onnx else {}
    target = Path(settings.Inference.model_dir)
    with files.replacing_folder(target) as folder:
        if settings.Inference.onnx:
            programs.to_onnx(found, plain, integers, folder)
        programs.save_program(plain, found.model, found.quantization, folder)
        if not found.model.is_vision:
            tokenizer.copy(found.folder, folder)
        manifest = describe(found, network)
        manifest["engines"] = gate(folder, in_memory(network), inputs, manifest["precision"])
        listed = sorted(folder.iterdir())
        manifest["files"] = {p.name: {"bytes": p.stat().st_size, "sha256": files.sha256(p)} for p in listed}
        files.write_json(folder / checkpoints.MANIFEST, manifest)
    return manifest


def gate_inputs(network: nn.Layer, found: checkpoints.Checkpoint) -> list[np.ndarray]:
    """Texts that the model itself draws, whole and cut to other lengths; or random images."""
    model, random = found.model, np.random.default_rng(0)
    if model.is_vision:
        shape = (ROWS, model.num_channels, model.image_size, model.image_size)
        return [random.uniform(-1, 1, shape).astype("float32")]
    longest = min(LENGTH, model.max_position_embeddings)
    words = tokenizer.BytePairs.of_folder(found.folder)
    first = random.integers(0, words.size, (ROWS, 1))
    how = GenerationSettings(max_dec_len=longest, top_k=0, top_p=1.0)
    drawn = generation.generate(generation.cached(network, ROWS), first, how, longest, None)
    ids = np.concatenate([first, np.array(drawn, "int64").reshape(ROWS, -1)], axis=1) % words.size
    return [ids, ids[:3, : longest // 2], ids[:1, :1]]


def gate(folder: Path, memory: engines.Logits, inputs: list[np.ndarray], precision: str) -> dict[str, Any]:
    """Engine → largest difference (share of the largest logit) and share of equal decisions.

    Raises:
        GateFailed: out of bounds.
    """
    expected = [memory(each) for each in inputs]
    there = ["paddle", *(["onnxruntime"] if (folder / engines.ONNX).exists() else [])]
    found = {}
    for name in there:
        logits = engines.ENGINES[name](folder)
        got = [logits(each) for each in inputs]
        pairs = list(zip(expected, got, strict=True))
        scale = max(float(np.abs(one).max()) for one in expected) or 1.0
        far = max(float(np.abs(one - other).max()) for one, other in pairs) / scale
        same = np.concatenate([(one.argmax(-1) == other.argmax(-1)).reshape(-1) for one, other in pairs])
        found[name] = {"difference": far, "agreement": float(same.mean())}
        close = np.isfinite(far) and (far <= TOLERANCE or precision == "int8")
        if not close or found[name]["agreement"] < AGREEMENT[precision]:
            raise GateFailed(
                f"parity gate: {name}: largest difference {far:.3g} of the largest logit, same decisions "
                f"{same.mean():.2%}; allowed are {TOLERANCE:g} (float32) and {AGREEMENT[precision]:.0%}"
            )
    return found


def describe(found: checkpoints.Checkpoint, network: nn.Layer) -> dict[str, Any]:
    """The manifest but for its engines and files."""
    return {
        "form": FORM,
        "app": "fleetx_gpt",
        "checkpoint": str(found.folder),
        "commit": files.git_commit(),
        "precision": "int8" if found.quantization else "fp32",
        "model": asdict(found.model),
        "shape": found.shape.record(),
        "quantization": asdict(found.quantization) if found.quantization else None,
        "parameters": parameter_count(network),
    }


def read(folder: Path | str) -> dict[str, Any]:
    """The manifest of an exported model whose files are those it was written with.

    Raises:
        UserError: no export, or a file that was changed.
    """
    folder = files.require(folder, "exported model (Inference.model_dir)")
    where = files.require(folder / checkpoints.MANIFEST, "manifest (Inference.model_dir is what tools/export.py wrote)")
    manifest = files.read_json(where, "manifest")
    if not isinstance(manifest, dict) or manifest.get("form") != FORM or "engines" not in manifest:
        raise UserError(f"{where}: not of an exported model of form {FORM}; export again")
    for name, entry in manifest["files"].items():
        if files.sha256(files.require(folder / name, "file, though the manifest lists it")) != entry["sha256"]:
            raise UserError(f"{folder / name}: its sha256 is not the manifest's; the file is damaged, export again")
    return manifest
