# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An exported model at work: texts that go on, or the offline scores on an engine."""

from collections.abc import Sequence
from pathlib import Path

from common.cli import UserError

import numpy as np

from fleetx.inputs.tokenizer import BytePairs
from fleetx.models import generation
from fleetx.serve import engines, evaluation, export
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import Settings
from fleetx.state import checkpoints


def open_model(settings: Settings, engine: str) -> tuple[ModelSettings, engines.Logits, Path]:
    """The exported model's sizes, its answers and its folder.

    Raises:
        UserError: no exported model, or one that did not pass its gate on this engine.
    """
    folder = Path(settings.Inference.model_dir)
    manifest = export.read(folder)
    if engine not in manifest["engines"]:
        raise UserError(f"--engine {engine}: {folder} was exported for {', '.join(manifest['engines'])} only")
    model = checkpoints.model_of_record(manifest["model"])
    return model, engines.ENGINES[engine](folder, settings.Global.device or "cpu"), folder


def go_on(settings: Settings, texts: Sequence[str], engine: str) -> list[str]:
    """What the model writes behind each text.

    Raises:
        UserError: a text that is empty or leaves no room, or a ViT.
    """
    model, logits, folder = open_model(settings, engine)
    if model.is_vision:
        raise UserError("--text: the exported model is a ViT; score it by -o Offline_Eval.eval_path=X.npz")
    words = BytePairs.of_folder(folder)
    answers = []
    for number, text in enumerate(texts):
        prompt = np.array([words.encode(text)], "int64")
        if not prompt.size or prompt.shape[1] >= model.max_position_embeddings:
            rows = model.max_position_embeddings
            raise UserError(f"--text {text[:40]!r}: {prompt.size} tokens; the model sees 1 to {rows - 1} and one more")
        seed = settings.Global.seed + number
        steps = generation.uncached(lambda ids: logits(ids)[:, :, : words.size])
        row = generation.generate(steps, prompt, settings.Generation, model.max_position_embeddings, words.end, seed)[0]
        answers.append(words.decode(row))
    return answers


def score(settings: Settings, engine: str) -> dict[str, float]:
    """The offline scores of Offline_Eval, by an engine."""
    model, logits, folder = open_model(settings, engine)
    return evaluation.score(settings, model, logits, folder)
