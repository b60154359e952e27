# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Aspect sentiment: an aspect and a text to a label, with any engine of common/engines/runtime.py."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from common import files
from common.bundle.bundle import Bundle, read_bundle
from common.bundle.checks import MANIFEST
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.engines import answering, runtime

import numpy as np

from aspect.options import SHORTEST

TASK = "aspect_sentiment"
Pair = tuple[str, str]
"""An aspect and a text."""


class AspectPredictor:
    """Answers pairs of an aspect and a text.

    Args:
        bundle: a bundle of this task, or its folder.
        engine, device, threads, precision: see `runtime.load`.
        max_length: tokens of a pair that are read, [CLS] and both [SEP] counted; None takes the bundle's.

    Raises:
        UserError, EnvironmentLacks: as `runtime.load`; a bundle of another task; a length beyond the bundle's.
    """

    def __init__(
        self,
        bundle: Bundle | Path | str,
        engine: str = "onnxruntime",
        device: str = "cpu",
        threads: int = 1,
        precision: str | None = None,
        max_length: int | None = None,
    ):
        bundle = check_bundle(bundle if isinstance(bundle, Bundle) else read_bundle(bundle, task=TASK))
        self.bundle = bundle
        self.max_length = answering.check_length(max_length, bundle, SHORTEST)
        self.labels: list[str] = bundle.labels["class"]
        self.names: list[str] | None = bundle.manifest.get("label_names")
        self.tokenizer = WordPieceTokenizer(bundle.vocab_path)
        self._predictor = runtime.load(bundle, engine, device, threads, precision)

    def answer(self, aspect: str, text: str) -> dict[str, Any]:
        """The answer to one pair.

        Returns:
            text, aspect, label (None if nothing was to be read), name (what the bundle calls the label, if it does),
            confidence (softmax, 0 to 1); where so also "truncated": True (longer than max_length, the rest was not
            read) and "reason": "empty" (aspect or text without a known token).
        """
        return self.answer_batch([(aspect, text)])[0]

    def answer_batch(self, pairs: Sequence[Pair]) -> list[dict[str, Any]]:
        """Answers from one call of the engine, in the order of the pairs; padded to the longest."""
        encodings = [self.tokenizer.encode_pair(aspect, text, self.max_length) for aspect, text in pairs]
        answers = [_empty(*pair) for pair in pairs]
        unknown = self.tokenizer.unk_id
        full = [n for n, e in enumerate(encodings) if not answering.has_empty_side(e.ids, e.token_type_ids, unknown)]
        if not full:
            return answers
        ids = answering.padded([encodings[place].ids for place in full], self.bundle.pad_id)
        types = answering.padded([encodings[place].token_type_ids for place in full], 0)
        for place, scores in zip(full, self.logits(ids, types).tolist(), strict=True):
            answers[place] = self._form(*pairs[place], scores, encodings[place].truncated)
        return answers

    def answer_all(self, pairs: Sequence[Pair], batch_size: int = 1) -> list[dict[str, Any]]:
        return list(self.answer_stream(pairs, batch_size))

    def answer_stream(self, pairs: Iterable[Pair], batch_size: int = 1) -> Iterator[dict[str, Any]]:
        """Answers one batch at a time: `pairs` may be endless."""
        for batch in answering.batches(pairs, batch_size):
            yield from self.answer_batch(batch)

    def logits(self, ids: np.ndarray, types: np.ndarray) -> np.ndarray:
        """Token ids and types, integers [batch, length] padded with pad_id and 0, to float32 [batch, classes]."""
        return self._predictor.run(ids, types)["logits"]

    def _form(self, aspect: str, text: str, scores: list[float], truncated: bool) -> dict[str, Any]:
        label, confidence = answering.best_class(scores)
        answer = {"text": text, "aspect": aspect, "label": self.labels[label]}
        if self.names:
            answer["name"] = self.names[label]
        answer["confidence"] = confidence
        if truncated:
            answer["truncated"] = True
        return answer


def find_bundle(path: Path | str) -> Bundle:
    """The checked bundle that `--model_path` means: its folder, or a name without ending whose files link into one.

    Raises:
        UserError: nothing there, a program that lies without a bundle, or a damaged bundle or one of another task.
    """
    path = Path(path)
    if path.is_dir():
        return check_bundle(read_bundle(path, task=TASK))
    program = files.require(f"{path}.pdmodel", "static model (--model_path)").resolve()
    weights = files.require(f"{path}.pdiparams", "weights of the static model (--model_path)").resolve()
    folder = program.parent
    if not (folder / MANIFEST).exists() or (program.name, weights) != ("model.pdmodel", folder / "model.pdiparams"):
        raise UserError(
            f"{path}: its .pdmodel and .pdiparams are not those of one bundle, so nothing says which vocabulary and "
            "labels they need; write a bundle by export_model.py or quant_post.py and give its name"
        )
    return check_bundle(read_bundle(folder, task=TASK))


def check_bundle(bundle: Bundle) -> Bundle:
    """The bundle again.

    Raises:
        UserError: another task, or other inputs, outputs or labels than this app writes.
    """
    if bundle.task != TASK:
        raise UserError(f"{bundle.path}: a bundle of the task `{bundle.task}`, but `{TASK}` was asked for")
    names = [each["name"] for each in bundle.inputs], [each["name"] for each in bundle.outputs], list(bundle.labels)
    if names != (["input_ids", "token_type_ids"], ["logits"], ["class"]):
        raise UserError(
            f"{bundle.path}: inputs, outputs and labels are {names[0]}, {names[1]}, {names[2]}, expected input_ids and "
            "token_type_ids, logits, class; export the bundle again"
        )
    called, labels = bundle.manifest.get("label_names"), bundle.labels["class"]
    if called is not None and not (
        isinstance(called, list) and len(called) == len(labels) and all(isinstance(name, str) for name in called)
    ):
        raise UserError(f"{bundle.path}: `label_names` must be {len(labels)} strings; export the bundle again")
    return bundle


def _empty(aspect: str, text: str) -> dict[str, Any]:
    return {"text": text, "aspect": aspect, "label": None, "confidence": 0.0, "reason": "empty"}
