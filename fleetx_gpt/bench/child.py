# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One exported model on one engine in a process of its own: its scores, or its speed and memory."""

from dataclasses import asdict
from itertools import cycle, islice
from typing import Any

from common import child, timing
from common.measure.serving import measure_serving

import numpy as np
from fleetx.inputs import images, text
from fleetx.inputs.tokenizer import BytePairs
from fleetx.models import generation
from fleetx.serve import answering, evaluation
from fleetx.settings.load import Settings, load

PROMPTS, WORDS = 3, 8  # texts that are gone on with, and how many words each has
NEW = 32  # tokens that are written behind each
INPUTS = 4  # whole rows that the model alone is timed on


def answer(action: str, **arguments: Any) -> dict[str, Any]:
    """`score` or `serve`, for `run_child`."""
    return {"score": score, "serve": serve}[action](**arguments)


def opened(config: str, folder: str, eval_path: str) -> Settings:
    words = [f"Inference.model_dir={folder}", f"Offline_Eval.eval_path={eval_path}", "Global.device=cpu"]
    return load(config, words, warn=lambda _: None)


def score(config: str, folder: str, engine: str, eval_path: str) -> dict[str, Any]:
    """The offline scores under "all"."""
    settings = opened(config, folder, eval_path)
    settings.Offline_Eval.cloze_eval = False
    found = answering.score(settings, engine)
    return {"scores": {"all": {"accuracy": found.pop("accuracy"), **found}}}


def serve(config: str, folder: str, engine: str, eval_path: str, repeats: int) -> dict[str, Any]:
    """Times and memory as of `measure_serving`.

    latency_ms: the engine alone on one whole row of tokens, or one image. end_to_end_ms: a text to the text with NEW
    tokens behind it (greedily, each from the whole text anew), or an image's bytes to its class.

    Raises:
        UserError: two runs did not give the same bits; no time counts for such an engine.
    """
    settings = opened(config, folder, eval_path)
    model, logits, place = answering.open_model(settings, engine)
    if model.is_vision:
        sizes = (model.image_size, model.num_channels, model.num_classes)
        rows = images.read(eval_path, "test", *sizes, evaluation.KEY)
        numbers = [np.array([n]) for n in range(min(INPUTS, len(rows)))]
        inputs = [rows.batch(each)[0] for each in numbers]
        measured = measure_serving(
            lambda row: int(logits(rows.batch(row)[0]).argmax()), logits, numbers, inputs, repeats
        )
    else:
        words, texts = BytePairs.of_folder(place), text.corpus(eval_path, evaluation.KEY)
        inputs = whole_rows(words, texts, model.max_position_embeddings)
        settings.Generation.decode_strategy = "greedy_search"
        settings.Generation.min_dec_len = settings.Generation.max_dec_len = NEW

        def go_on(prompt: str) -> str:
            steps = generation.uncached(lambda ids: logits(ids)[:, :, : words.size])
            ids = np.array([words.encode(prompt)], "int64")
            longest = model.max_position_embeddings
            return words.decode(generation.generate(steps, ids, settings.Generation, longest, words.end)[0])

        measured = measure_serving(go_on, logits, prompts(texts), inputs, repeats)
    timing.require_same_answers(logits, inputs, engine)
    return asdict(measured)


def whole_rows(words: BytePairs, texts: list[str], length: int) -> list[np.ndarray]:
    """Rows of the text, int64 [1, length] each; a short text runs on anew."""
    tokens = words.encode(texts[0][: 40 * INPUTS * length])
    row = np.array(list(islice(cycle(tokens), INPUTS * length)), "int64")
    return [each[None] for each in row.reshape(INPUTS, length)]


def prompts(texts: list[str]) -> list[str]:
    """Some first words out of the text."""
    words = texts[0].split()
    return [" ".join(words[n * WORDS : (n + 1) * WORDS] or words[:WORDS]) for n in range(PROMPTS)]


if __name__ == "__main__":
    child.child_main(answer)
