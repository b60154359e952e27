# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A text or two to a label or a score, with any engine of common/engines/runtime.py; imports no training library."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from common.bundle.bundle import Bundle, read_bundle
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.engines import answering, runtime

import numpy as np

from glue import tasks
from glue.data import encode
from glue.options import SHORTEST

PREFIX = "glue_"
INPUTS = ["input_ids", "token_type_ids"]
Texts = tuple[str, str | None]
"""A text, and the second one in a task of pairs."""


class GluePredictor:
    """Answers texts, or pairs of texts, as the bundle's task has them.

    Args:
        bundle: a bundle of this app, or its folder.
        engine, device, threads, precision: see `runtime.load`.
        max_length: tokens that are read; None takes the bundle's.

    Raises:
        UserError, EnvironmentLacks: as `runtime.load`; another app's bundle; a length beyond the bundle's.
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
        self.bundle, self.task = check_bundle(bundle if isinstance(bundle, Bundle) else read_bundle(bundle))
        self.max_length = answering.check_length(max_length, self.bundle, SHORTEST)
        self.labels: list[str] = self.bundle.labels.get("class", [])
        self.tokenizer = WordPieceTokenizer(self.bundle.vocab_path)
        self._predictor = runtime.load(self.bundle, engine, device, threads, precision)

    def answer(self, first: str, second: str | None = None) -> dict[str, Any]:
        """The answer to one text or pair.

        Returns:
            text, text_pair (in a task of pairs), then label (None if nothing was to be read) and confidence (softmax,
            0 to 1), or score (0 to 5, as the model says it); where so also "truncated": True (the rest was not read)
            and "reason": "empty" (a text without a known token).
        """
        return self.answer_batch([(first, second)])[0]

    def answer_batch(self, texts: Sequence[Texts]) -> list[dict[str, Any]]:
        """Answers from one call of the engine, in the order of the texts; padded to the longest.

        Raises:
            UserError: one text where the task has two, or the other way round.
        """
        for _, second in texts:
            if (second is not None) != self.task.pairs:
                raise UserError(f"{self.task.name} judges {'two texts' if self.task.pairs else 'one text'} at a time")
        encodings = [encode(self.tokenizer, first, second, self.max_length) for first, second in texts]
        answers = [self._empty(*pair) for pair in texts]
        unknown = self.tokenizer.unk_id
        full = [n for n, (ids, types, _) in enumerate(encodings) if not answering.has_empty_side(ids, types, unknown)]
        if not full:
            return answers
        ids = answering.padded([encodings[place][0] for place in full], self.bundle.pad_id)
        types = answering.padded([encodings[place][1] for place in full], 0)
        for place, outputs in zip(full, self.logits(ids, types).tolist(), strict=True):
            answers[place] = self._form(*texts[place], outputs, encodings[place][2])
        return answers

    def answer_stream(self, texts: Iterable[Texts], batch_size: int = 1) -> Iterator[dict[str, Any]]:
        """Answers one batch at a time: `texts` may be endless."""
        for batch in answering.batches(texts, batch_size):
            yield from self.answer_batch(batch)

    def logits(self, ids: np.ndarray, types: np.ndarray) -> np.ndarray:
        """Token ids and types, integers [batch, length] padded with pad_id and 0, to float32 [batch, outputs]."""
        return self._predictor.run(ids, types)["logits"]

    def _texts(self, first: str, second: str | None) -> dict[str, Any]:
        return {"text": first} if second is None else {"text": first, "text_pair": second}

    def _empty(self, first: str, second: str | None) -> dict[str, Any]:
        nothing = {"score": None} if self.task.regression else {"label": None, "confidence": 0.0}
        return {**self._texts(first, second), **nothing, "reason": "empty"}

    def _form(self, first: str, second: str | None, outputs: list[float], truncated: bool) -> dict[str, Any]:
        answer = self._texts(first, second)
        if self.task.regression:
            answer["score"] = outputs[0]
        else:
            label, confidence = answering.best_class(outputs)
            answer |= {"label": self.labels[label], "confidence": confidence}
        return {**answer, "truncated": True} if truncated else answer


def task_name(task: tasks.Task) -> str:
    """The task as manifests have it: `glue_sst-2`."""
    return f"{PREFIX}{task.name.lower()}"


def check_bundle(bundle: Bundle) -> tuple[Bundle, tasks.Task]:
    """The bundle again, and its task.

    Raises:
        UserError: another app's, or other inputs, outputs or labels than this app writes.
    """
    word = bundle.task.removeprefix(PREFIX)
    if word == bundle.task or bundle.app != "glue_ofa":
        raise UserError(f"{bundle.path}: a bundle of the task `{bundle.task}`, not of GLUE")
    task = tasks.find(word, str(bundle.path))
    names = [each["name"] for each in bundle.inputs], [each["name"] for each in bundle.outputs]
    labels = bundle.labels.get("class", [])
    if (
        names != (INPUTS, ["logits"])
        or labels != list(task.labels or ())
        or bundle.outputs[0]["shape"][-1] != task.outputs
    ):
        raise UserError(f"{bundle.path}: inputs, outputs or labels are not those of {task.name}; export it again")
    return bundle, task


def find_bundle(path: Path | str) -> Bundle:
    """The bundle that `--model_path` means: its folder, or the folder that export_model.py wrote it into."""
    path = Path(path)
    return read_bundle(path / "bundle" if (path / "bundle").is_dir() else path)
