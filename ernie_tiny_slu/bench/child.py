# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One bundle in a process of its own, through the predictor that users get: its speed and memory, or its scores."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from common import child
from common.measure.serving import measure_serving

import numpy as np


def answer(action: str, **arguments: Any) -> dict[str, Any]:
    """`serve` or `score`, for `run_child("bench.child", {"action": ...})`."""
    return {"serve": serve, "score": score}[action](**arguments)


def serve(bundle: str, engine: str, texts: list[str], repeats: int, threads: int) -> dict[str, Any]:
    """Answer texts one by one, and nothing else.

    Returns:
        As `measure_serving`.
    """
    from slu.predictor import SluPredictor

    predictor = SluPredictor(bundle, engine=engine, threads=threads)
    tokenizer, length = predictor.tokenizer, predictor.max_length
    ids = [np.array([tokenizer.encode(text, length).ids], np.int32) for text in texts]
    return asdict(measure_serving(predictor.answer, predictor._predictor.run, texts, ids, repeats))


def score(bundle: str, decoder: str, test_path: str, train_path: str) -> dict[str, Any]:
    """Scores of a bundle on ONNX Runtime, on whole texts.

    Returns:
        As `scores`.
    """
    from slu.predictor import SluPredictor

    predictor = SluPredictor(bundle, decoder=decoder)
    return scores(predictor.answer, predictor.bundle.labels, test_path, train_path)


def scores(
    understand: Callable[[str], dict], labels: dict[str, list[str]], test_path: str, train_path: str
) -> dict[str, Any]:
    """Scores of answers to a labelled file.

    Args:
        understand: a text to an answer as `SluPredictor.answer` gives it.
        labels: "intent" and "slot".

    Returns:
        "all" and "unseen" (queries whose text is not in `train_path`; None where every one is), each as of
        `metrics.joint_scores`; "queries" and "unseen_queries", how many these are.
    """
    from common.data.readers import Span, read_columns

    from slu.metrics import joint_scores
    from utils import read_examples

    examples = read_examples(test_path, labels["intent"], labels["slot"])
    seen = {fields[1] for fields in read_columns(train_path, 4)}
    answers = [understand(example.text) for example in examples]
    spans = [[Span(slot["slot"], slot["pos"][0], slot["pos"][1] + 1) for slot in answer["slots"]] for answer in answers]

    def of(rows: list[int]) -> dict[str, float]:
        return joint_scores(
            [examples[i].intent for i in rows],
            [examples[i].spans for i in rows],
            [answers[i]["intent"] for i in rows],
            [spans[i] for i in rows],
            [len(examples[i].text) for i in rows],
        )

    unseen = [i for i, example in enumerate(examples) if example.text not in seen]
    return {
        "all": of(list(range(len(examples)))),
        "unseen": of(unseen) if unseen else None,
        "queries": len(examples),
        "unseen_queries": len(unseen),
    }


if __name__ == "__main__":
    child.child_main(answer)
