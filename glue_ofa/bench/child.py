# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One bundle in a process of its own, through the predictor that users get: its speed and memory, or its scores."""

from dataclasses import asdict
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from common import child, timing
from common.measure.serving import full_batch, measure_serving

import numpy as np
from glue import data, metrics
from glue.predictor import GluePredictor

BATCHES = 4  # of texts that are answered from end to end
MADE_UP = ("the quick brown fox jumps over the lazy dog , and the story ends well .", "a fox jumps over a dog .")


def answer(action: str, **arguments: Any) -> dict[str, Any]:
    """`serve` or `score`, for `run_child`."""
    return {"serve": serve, "score": score}[action](**arguments)


def serve(
    bundle: str, engine: str, data_dir: str | None, threads: int, repeats: int, batch_size: int, length: int
) -> dict[str, Any]:
    """Answer texts, then time the model alone on full-length inputs.

    Returns:
        end_to_end_ms (`batch_size` texts to a JSON string), latency_ms (the engine alone, [batch_size, length] without
        padding) and peak_rss_mb, as of `measure_serving`; same_answers.

    Raises:
        UserError: two runs did not give the same bits; no time counts for such an engine.
    """
    predictor = GluePredictor(bundle, engine=engine, threads=threads)
    texts = list(islice(cycle(texts_for(predictor, data_dir)), BATCHES * batch_size))
    batches = [texts[start : start + batch_size] for start in range(0, len(texts), batch_size)]
    full = full_inputs(predictor, texts, batch_size, length)

    def run(inputs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return predictor.logits(*inputs)

    measured = measure_serving(predictor.answer_batch, run, batches, [full], repeats)
    timing.require_same_answers(run, [full], engine)
    return {**asdict(measured), "same_answers": True}


def texts_for(predictor: GluePredictor, data_dir: str | None) -> list[tuple[str, str | None]]:
    """Texts of the dev set, or a made-up one where there are no data."""
    if data_dir is None:
        return [(MADE_UP[0], MADE_UP[1] if predictor.task.pairs else None)]
    split = data.dev_splits(predictor.task, Path(data_dir))[0]
    return [(each.first, each.second) for each in data.read(predictor.task, Path(data_dir), split)]


def full_inputs(predictor: GluePredictor, texts: list, batch_size: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and types int64 [batch_size, length] of real words, none of them padding: texts run on as needed."""
    words = [number for texts in texts for number in data.encode(predictor.tokenizer, *texts, None)[0] if number]
    ids = full_batch(words, batch_size, length)
    types = np.zeros_like(ids)
    if predictor.task.pairs:
        types[:, length // 2 :] = 1
    return ids, types


def score(bundle: str, engine: str, data_dir: str, batch_size: int) -> dict[str, Any]:
    """Metrics on the dev set (under "all") and the prediction for each row of all its splits; batched by length."""
    predictor = GluePredictor(bundle, engine=engine)
    task, answers, every = predictor.task, {}, []
    for split in data.dev_splits(task, Path(data_dir)):
        rows = data.make_rows(task, data.read(task, Path(data_dir), split), predictor.tokenizer, predictor.max_length)
        predicted = predictions(predictor, rows, batch_size)
        answers[split] = ([row.label for row in rows], predicted)
        every += predicted
    scores = metrics.score_splits(task, answers)
    reported = {name: scores[name] for name in metrics.metric_names(task, scores)}
    return {"scores": {"all": reported}, "predicted": every}


def predictions(predictor: GluePredictor, rows: list[data.Row], batch_size: int) -> list:
    """A class index or a score per row, in the order of the rows."""
    predicted: list = [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        batch = data.collate([rows[place] for place in places])
        logits = predictor.logits(batch["input_ids"], batch["token_type_ids"])
        for place, each in zip(places, metrics.predictions(predictor.task, logits), strict=True):
            predicted[place] = each
    return predicted


if __name__ == "__main__":
    child.child_main(answer)
