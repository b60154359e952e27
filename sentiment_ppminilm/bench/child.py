# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One bundle in a process of its own, through the predictor that users get: its speed and memory, or its scores."""

from dataclasses import asdict
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from common import child, timing
from common.measure.serving import full_batch, measure_serving

import numpy as np
from aspect.metrics import score as scores_of
from aspect.predictor import AspectPredictor
from data import LabelSet, make_rows, read_examples

BATCHES = 4  # of real texts that are answered from end to end


def answer(action: str, **arguments: Any) -> dict[str, Any]:
    """`serve`, `score` or `make_reference`, for `run_child`."""
    return {"serve": serve, "score": score, "make_reference": make_reference}[action](**arguments)


def serve(
    bundle: str, engine: str, test_path: str, threads: int, repeats: int, batch_size: int, length: int
) -> dict[str, Any]:
    """Answer real texts, then time the model alone on full-length inputs.

    Returns:
        end_to_end_ms (`batch_size` texts to a JSON string), latency_ms (the engine alone, [batch_size, length] without
        padding) and peak_rss_mb, as of `measure_serving`; batch_1_ms (as latency_ms, for one text); same_answers.

    Raises:
        UserError: two runs did not give the same bits; no time counts for such an engine.
    """
    predictor = AspectPredictor(bundle, engine=engine, threads=threads)
    examples = read_examples(test_path, None)
    pairs = list(islice(cycle((e.aspect, e.text) for e in examples), BATCHES * batch_size))
    batches = [pairs[start : start + batch_size] for start in range(0, len(pairs), batch_size)]

    full = full_inputs(predictor, pairs, batch_size, length)
    one = tuple(array[:1] for array in full)

    def run(inputs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        return predictor.logits(*inputs)

    measured = measure_serving(predictor.answer_batch, run, batches, [full], repeats)
    batch_1 = asdict(timing.time_calls(run, [one], 2, repeats))
    timing.require_same_answers(run, [full], engine)
    return {**asdict(measured), "batch_1_ms": batch_1, "same_answers": True}


def full_inputs(predictor: AspectPredictor, pairs: list, batch_size: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and types int64 [batch_size, length] of real words, none of them padding: texts run on as needed."""
    words = [number for aspect, text in pairs for number in predictor.tokenizer.encode_pair(aspect, text).ids if number]
    ids = full_batch(words, batch_size, length)
    types = np.zeros_like(ids)
    types[:, length // 4 :] = 1
    return ids, types


def score(bundle: str, engine: str, test_path: str, batch_size: int) -> dict[str, Any]:
    """Scores on a labelled file (under "all") and the label predicted of each row, in the file's order.

    Batched by length.
    """
    predictor = AspectPredictor(bundle, engine=engine)
    labels = LabelSet(predictor.labels, predictor.names)
    rows = make_rows(read_examples(test_path, labels), predictor.tokenizer, labels, predictor.max_length)
    predicted = [0] * len(rows)
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        longest = max(len(rows[place].ids) for place in places)
        ids, types = np.zeros([2, len(places), longest], "int64")
        for at, place in enumerate(places):
            ids[at, : len(rows[place].ids)] = rows[place].ids
            types[at, : len(rows[place].ids)] = rows[place].token_type_ids
        for place, best in zip(places, predictor.logits(ids, types).argmax(axis=1).tolist(), strict=True):
            predicted[place] = best
    scores = {"all": scores_of(labels, [row.label for row in rows], predicted)}
    return {"scores": scores, "predicted": predicted}


def make_reference(folder: str) -> dict[str, Any]:
    """A bundle of SKEP-large's shape with random weights, for Paddle Inference: its times are real, its answers not."""
    from common import files
    from common.bundle import bundle
    from common.data import vocabulary
    from common.export import program

    import model
    from aspect import export, trainer

    name = model.NAMES[1]
    labels = LabelSet(["0", "1"])
    network = model.build(name, len(labels.values))
    network.eval()
    with files.replacing_folder(Path(folder) / "bundle") as temporary:
        program.save_program(network, temporary / "model", "int64", trainer.INPUTS)
        vocabulary.write(
            temporary / "vocab.txt", vocabulary.widened(list(vocabulary.SPECIALS), network.config.vocab_size)
        )
        files.write_json(temporary / "labels.json", {"class": labels.values})
        bundle.write_manifest(temporary, export.manifest_of(network, labels, 256, "original", {}))
    return {"made": name}


if __name__ == "__main__":
    child.child_main(answer)
