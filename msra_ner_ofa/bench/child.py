# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One bundle in a process of its own, through the predictor that users get: its speed and memory, or its scores."""

from dataclasses import asdict
from itertools import cycle
from typing import Any

from common import child, timing
from common.measure.serving import full_batch, measure_serving

from ner.data import read_sentences
from ner.metrics import score as scores_of
from ner.predictor import NerPredictor


def answer(action: str, **arguments: Any) -> dict[str, Any]:
    """`serve` or `score`, for `run_child`."""
    return {"serve": serve, "score": score}[action](**arguments)


def serve(
    bundle: str,
    engine: str,
    test_path: str,
    threads: int,
    repeats: int,
    batch_size: int,
    length: int,
    characters: int,
) -> dict[str, Any]:
    """Read the document's amount of text from end to end, then time the model alone on full windows.

    Returns:
        end_to_end_ms (`characters` characters of test sentences to a JSON string), latency_ms (the engine alone,
        [batch_size, length] without padding) and peak_rss_mb, as of `measure_serving`; same_answers.

    Raises:
        UserError: two runs did not give the same bits; no time counts for such an engine.
    """
    predictor = NerPredictor(bundle, engine=engine, threads=threads)
    texts = texts_of([s.text for s in read_sentences(test_path, predictor.labels)], characters)
    tokens = [number for text in texts for number in predictor.encoder.ids(text)]
    full = full_batch(tokens, batch_size, min(length, predictor.max_length))

    def read(texts: list[str]) -> list:
        return predictor.answer_batch(texts, batch_size)

    measured = measure_serving(read, predictor.run, [texts], [full], repeats)
    timing.require_same_answers(predictor.run, [full], engine)
    return {**asdict(measured), "same_answers": True}


def texts_of(sentences: list[str], characters: int) -> list[str]:
    """Sentences in their order, from the first again after the last, of exactly so many characters."""
    texts: list[str] = []
    for text in cycle(sentences):
        texts.append(text[:characters])
        characters -= len(texts[-1])
        if not characters:
            return texts
    raise ValueError("no sentences")


def score(bundle: str, engine: str, test_path: str, batch_size: int) -> dict[str, Any]:
    """Scores on a labelled file (under "all"), and the tag numbers of each sentence as a string, in the file's order.

    `f1_bio` is F1 of the best legal sequence in place of each character's best tag.
    """
    predictor, legal = (NerPredictor(bundle, engine=engine, decoder=name) for name in ("argmax", "bio"))
    sentences = read_sentences(test_path, predictor.labels)
    gold, ids = [s.tags for s in sentences], [predictor.encoder.ids(s.text) for s in sentences]
    tags = predictor.tags(ids, batch_size)
    scores = scores_of(gold, tags, kinds=True) | {"f1_bio": scores_of(gold, legal.tags(ids, batch_size))["f1"]}
    letters = {label: chr(65 + number) for number, label in enumerate(predictor.labels)}
    return {"scores": {"all": scores}, "predicted": ["".join(map(letters.get, each)) for each in tags]}


if __name__ == "__main__":
    child.child_main(answer)
