# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Finds the persons, organisations and places in a text, on any engine; imports no training library."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from common import files
from common.bundle import Bundle, read_bundle
from common.bundle.served import bundle_folder, check_task, check_tensors
from common.cli import UserError
from common.data.tags import TagDecoder, spans
from common.data.tokenizer import WordPieceTokenizer
from common.engines import answering, runtime

import numpy as np

from ner.windows import CharacterEncoder, check_length, windows_of

TASK = "named_entities"
AHEAD = 8  # batches of texts that are gathered, so that windows of similar length are read together


class NerPredictor:
    """Finds entities in texts of any length.

    Args:
        bundle: a bundle of this task, or its folder.
        engine, device, threads, precision: see `runtime.load`.
        max_length: tokens of a window; None takes the bundle's.
        decoder: `bio`, the best sequence in which every `I-x` goes on from `B-x` or `I-x`; `argmax`, each character's
            best tag, as the document scores; None takes the bundle's.

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
        decoder: str | None = None,
    ):
        bundle = check_bundle(bundle if isinstance(bundle, Bundle) else read_bundle(bundle, task=TASK))
        self.bundle, self.max_length = bundle, length_for(bundle, max_length)
        self.labels: list[str] = bundle.labels["tag"]
        self.encoder = CharacterEncoder(WordPieceTokenizer(bundle.vocab_path))
        self._decoder = TagDecoder(self.labels, decoder or bundle.decoder or "argmax")
        self._predictor = runtime.load(bundle, engine, device, threads, precision)

    def answer(self, text: str) -> dict[str, Any]:
        """The entities of one text.

        Returns:
            text; entities, each with kind, text and [start, end) in characters (code points) of the text as it was
            given; where nothing could be read also "reason": "empty".
        """
        return self.answer_batch([text])[0]

    def answer_batch(self, texts: Sequence[str], batch_size: int = 16) -> list[dict[str, Any]]:
        """Answers to some texts, `batch_size` windows per call of the engine."""
        ids = [self.encoder.ids(text) for text in texts]
        unknown = self.encoder.tokenizer.unk_id
        readable = [any(number != unknown for number in each) for each in ids]
        logits = iter(self.logits([each for each, good in zip(ids, readable, strict=True) if good], batch_size))
        return [
            self._form(text, next(logits)) if good else {"text": text, "entities": [], "reason": "empty"}
            for text, good in zip(texts, readable, strict=True)
        ]

    def answer_stream(self, texts: Iterable[str], batch_size: int = 16) -> Iterator[dict[str, Any]]:
        """Answers some texts at a time: `texts` may be endless."""
        for some in answering.batches(texts, batch_size, AHEAD):
            yield from self.answer_batch(some, batch_size)

    def logits(self, ids: Sequence[list[int]], batch_size: int) -> list[np.ndarray]:
        """Per text float32 [characters, tags], each row from the window where the character stands best.

        Args:
            ids: of the characters of each text, without [CLS] and [SEP].
        """
        jobs = [(text, window) for text, each in enumerate(ids) for window in windows_of(len(each), self.max_length)]
        jobs.sort(key=lambda job: job[1].end - job[1].start)
        found = [np.empty([len(each), len(self.labels)], np.float32) for each in ids]
        for start in range(0, len(jobs), batch_size):
            batch = jobs[start : start + batch_size]
            windows = [self.encoder.window_ids(ids[text], window) for text, window in batch]
            answers = self.run(answering.padded(windows, self.bundle.pad_id))
            for (text, window), rows in zip(batch, answers, strict=True):
                shift = 1 - window.start  # [CLS] stands first
                found[text][window.first : window.last] = rows[window.first + shift : window.last + shift]
        return found

    def run(self, ids: np.ndarray) -> np.ndarray:
        """Token ids, integers [batch, length] padded with pad_id, to float32 [batch, length, tags]."""
        return self._predictor.run(ids)["logits"]

    def tags(self, ids: Sequence[list[int]], batch_size: int = 16) -> list[list[str]]:
        """A tag for each character of each text; see `logits`."""
        return [[self.labels[n] for n in self._decoder.decode(each)] for each in self.logits(ids, batch_size)]

    def _form(self, text: str, logits: np.ndarray) -> dict[str, Any]:
        offsets = [(place, place + 1) for place in range(len(text))]
        found = spans(self._decoder.decode(logits), self.labels, offsets)
        entities = [{"kind": s.kind, "text": text[s.start : s.end], "start": s.start, "end": s.end} for s in found]
        return {"text": text, "entities": entities}


def find_bundle(path: Path | str) -> Bundle:
    """The checked bundle that `--model_path` means: its folder, or the folder of a static model that holds it.

    Raises:
        UserError: nothing there, or a damaged bundle or one of another task.
    """
    path = files.require(path, "static model (--model_path; export_model_msra_ner_ofa.py writes one)")
    return check_bundle(read_bundle(bundle_folder(path), task=TASK))


def check_bundle(bundle: Bundle) -> Bundle:
    """The same bundle.

    Raises:
        UserError: a bundle of another task, or other inputs, outputs or labels than this app writes.
    """
    check_task(bundle, TASK)
    check_tensors(bundle, ["input_ids"], ["logits"], ["tag"])
    return bundle


def length_for(bundle: Bundle, asked: int | None, flag: str = "--max_seq_length") -> int:
    """Tokens of a window.

    Raises:
        UserError: too short for context, or longer than the bundle was made for.
    """
    if asked is not None and check_length(asked, flag) > bundle.max_length:
        raise UserError(f"{flag} {asked}: the bundle {bundle.path} was made for {bundle.max_length} tokens; give less")
    return asked or bundle.max_length
