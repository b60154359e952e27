# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Spoken language understanding: a command's text to its intent and slots, with any engine of common/engines."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from common.bundle import Bundle, read_bundle
from common.bundle.served import check_task
from common.cli import UserError
from common.data.tags import TagDecoder, spans
from common.data.tokenizer import Encoding, WordPieceTokenizer
from common.engines import answering, runtime

import numpy as np

TASK = "joint_intent_slot"
SHORTEST = 3  # [CLS] a [SEP]
DIGITS = 6  # of the confidence: what is behind differs between engines, and between the exp() of C and Java


class SluPredictor:
    """Answers texts.

    Args:
        bundle: a bundle of this app, or its folder.
        engine, device, threads, precision: see `runtime.load`.
        decoder: how slot tags are picked: "argmax", "bio" or "crf"; None takes the bundle's.
        max_length: tokens of a text that are read, [CLS] and [SEP] counted; None takes the bundle's.

    Raises:
        UserError, EnvironmentLacks: as `runtime.load`; a bundle of another task; a length beyond the bundle's.
    """

    def __init__(
        self,
        bundle: Bundle | Path | str,
        engine: str = "onnxruntime",
        decoder: str | None = None,
        device: str = "cpu",
        threads: int = 1,
        precision: str | None = None,
        max_length: int | None = None,
    ):
        if not isinstance(bundle, Bundle):
            bundle = read_bundle(bundle, task=TASK)
        check_task(bundle, TASK)
        for name in ("intent", "slot"):
            if name not in bundle.labels or f"{name}_logits" not in [each["name"] for each in bundle.outputs]:
                raise UserError(f"{bundle.path}: no labels or no output for `{name}`; export the bundle again")
        self.bundle = bundle
        self.max_length = answering.check_length(max_length, bundle, SHORTEST)
        self.tokenizer = WordPieceTokenizer(bundle.vocab_path)
        self._intents, self._tags = bundle.labels["intent"], bundle.labels["slot"]
        self.decoder = TagDecoder(self._tags, decoder or bundle.decoder or "bio", bundle.transitions)
        self._predictor = runtime.load(bundle, engine, device, threads, precision)
        self._unknown = self.tokenizer.unk_id

    def answer(self, text: str) -> dict[str, Any]:
        """The answer to one text.

        Returns:
            text, intent (None if nothing was to be read), confidence (softmax of the intent, 0 to 1, 6 digits), slots:
            a list of {"slot", "entity" (as it stands in the text), "pos": [first, last] character}; where so also
            "truncated": True (longer than max_length, the rest was not read) and "reason": "empty" (no known token).
        """
        encoding = self.tokenizer.encode(text, self.max_length)
        if self._is_empty(encoding):
            return _empty(text)
        outputs = self._predictor.run(np.array([encoding.ids], np.int32))
        return self._form(text, encoding, outputs["intent_logits"][0], outputs["slot_logits"][0])

    def answer_all(self, texts: Sequence[str], batch_size: int = 1) -> list[dict[str, Any]]:
        """Answers in the order of the texts; a batch is padded to its longest text."""
        return list(self.answer_stream(iter(texts), batch_size))

    def answer_stream(self, texts: Iterator[str], batch_size: int = 1) -> Iterator[dict[str, Any]]:
        """The same, one batch at a time: `texts` may be endless."""
        for batch in answering.batches(texts, batch_size):
            yield from [self.answer(batch[0])] if len(batch) == 1 else self._answer_batch(batch)

    def _answer_batch(self, texts: list[str]) -> list[dict[str, Any]]:
        encodings = [self.tokenizer.encode(text, self.max_length) for text in texts]
        full = [i for i, encoding in enumerate(encodings) if not self._is_empty(encoding)]
        answers = [_empty(text) for text in texts]
        if not full:
            return answers
        outputs = self._predictor.run(answering.padded([encodings[i].ids for i in full], self.bundle.pad_id, np.int32))
        for row, i in enumerate(full):
            intent, slots = outputs["intent_logits"][row], outputs["slot_logits"][row]
            answers[i] = self._form(texts[i], encodings[i], intent, slots)
        return answers

    def _is_empty(self, encoding: Encoding) -> bool:
        ids = encoding.ids
        return ids.count(self._unknown) == len(ids) - 2  # all but [CLS] and [SEP], which may be none

    def _form(self, text: str, encoding: Encoding, intent: np.ndarray, slots: np.ndarray) -> dict[str, Any]:
        best, confidence = answering.best_class(intent.tolist())
        last = len(encoding.ids) - 1  # [SEP]; it and [CLS] have no tag
        found = spans(self.decoder.decode(slots[1:last]), self._tags, encoding.offsets[1:last])
        answer = {
            "text": text,
            "intent": self._intents[best],
            "confidence": round(confidence, DIGITS),
            "slots": [
                {"slot": span.kind, "entity": text[span.start : span.end], "pos": [span.start, span.end - 1]}
                for span in found
            ],
        }
        if encoding.truncated:
            answer["truncated"] = True
        return answer


def _empty(text: str) -> dict[str, Any]:
    return {"text": text, "intent": None, "confidence": 0.0, "slots": [], "reason": "empty"}
