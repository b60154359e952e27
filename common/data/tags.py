# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From a tagger's logits to named stretches of the text. NumPy only: this runs in deployment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from common.cli import UserError, did_you_mean
from common.data.readers import Span

import numpy as np

DECODERS = ("argmax", "bio", "crf")
FORBIDDEN = -1e4  # far below any logit; finite, so that sums stay numbers


@dataclass(frozen=True)
class Transitions:
    """What a tag sequence scores beyond its logits: the first tag, the last tag, each pair of neighbours.

    `start` and `end` are float32 [T], `pairs` float32 [T, T] as [from, to].
    """

    start: np.ndarray
    end: np.ndarray
    pairs: np.ndarray

    @classmethod
    def of(cls, lists: Mapping[str, Sequence]) -> "Transitions":
        """From the `transitions` of a bundle's manifest.

        Raises:
            UserError: a part is missing or has another shape than the rest.
        """
        try:
            start, end, pairs = (np.asarray(lists[name], np.float32) for name in ("start", "end", "pairs"))
        except (KeyError, TypeError, ValueError):
            raise UserError("decoder.transitions must hold numbers in start, end and pairs; export again") from None
        if start.ndim != 1 or end.shape != start.shape or pairs.shape != start.shape * 2:
            raise UserError(
                f"decoder.transitions: start {list(start.shape)}, end {list(end.shape)} and pairs {list(pairs.shape)} "
                "do not fit together; export again"
            )
        return cls(start, end, pairs)


def bio_constraints(tags: Sequence[str]) -> Transitions:
    """0 where a tag may stand, -1e4 where not: `I-x` only after `B-x` or `I-x`."""
    count = len(tags)
    start, end, pairs = np.zeros(count, np.float32), np.zeros(count, np.float32), np.zeros((count, count), np.float32)
    for after, tag in enumerate(tags):
        if tag.startswith("I-"):
            start[after] = FORBIDDEN
            allowed = [before for before, other in enumerate(tags) if other in (tag, "B-" + tag[2:])]
            pairs[:, after] = FORBIDDEN
            pairs[allowed, after] = 0
    return Transitions(start, end, pairs)


class TagDecoder:
    """Picks one tag per token. Make it once per model; `decode` may be called from several threads.

    Args:
        tags: the labels behind the last axis of the logits.
        decoder: `argmax`, each token by itself; `bio`, the best sequence in which every `I-x` follows `B-x` or `I-x`;
            `crf`, the best such sequence with the learned transitions added.
        transitions: of a CRF, as `Transitions` or as the manifest's lists.

    Raises:
        UserError: an unknown decoder; `crf` without transitions, or with those of another number of tags.
    """

    def __init__(self, tags: Sequence[str], decoder: str, transitions: Transitions | Mapping | None = None):
        if decoder not in DECODERS:
            known = ", ".join(DECODERS)
            raise UserError(f"--decoder must be one of {known}, got `{decoder}`{did_you_mean(decoder, DECODERS)}")
        self.tags = list(tags)
        self.decoder = decoder
        rules = bio_constraints(self.tags)
        self._may_start = (rules.start == 0).tolist()
        self._may_follow = (rules.pairs == 0).tolist()
        if decoder == "crf":
            if transitions is None:
                raise UserError("--decoder crf: this bundle has no transitions; train with --decoder crf")
            learned = transitions if isinstance(transitions, Transitions) else Transitions.of(transitions)
            if len(learned.start) != len(self.tags):
                raise UserError(
                    f"decoder.transitions are for {len(learned.start)} tags, the labels are {len(self.tags)}"
                )
            rules = Transitions(learned.start + rules.start, learned.end + rules.end, learned.pairs + rules.pairs)
        self._rules = rules
        self._into = np.ascontiguousarray(rules.pairs.T)  # [to, from]

    def decode(self, logits: np.ndarray) -> list[int]:
        """Tag numbers of one sentence.

        `bio` and `crf` never break the rule as long as logits and transitions stay below 1000 in size: an `I-x`
        out of place could always be a `B-x` instead, at a smaller loss than the penalty.

        Args:
            logits: float32 [length, T], without the rows of [CLS] and [SEP].
        """
        if not len(logits):
            return []
        if self.decoder == "crf":
            return self._viterbi(logits)
        best = logits.argmax(axis=1).tolist()
        # a legal sequence of each token's best tag is the best legal sequence
        return best if self.decoder == "argmax" or self._is_legal(best) else self._viterbi(logits)

    def _is_legal(self, path: list[int]) -> bool:
        follow = self._may_follow
        return self._may_start[path[0]] and all([follow[before][tag] for before, tag in pairwise(path)])

    def _viterbi(self, logits: np.ndarray) -> list[int]:
        """The best-scoring path (Viterbi 1967). Forward keeps scores only; the way back looks the choices up again."""
        score = logits[0] + self._rules.start
        scores = [score]
        for here in logits[1:]:
            score = (self._into + score).max(axis=1) + here
            scores.append(score)
        tag = int((score + self._rules.end).argmax())
        path = [tag]
        for score in scores[-2::-1]:
            tag = int((score + self._into[tag]).argmax())
            path.append(tag)
        return path[::-1]


def spans(tag_ids: Sequence[int], tags: Sequence[str], offsets: Sequence[tuple[int, int]]) -> list[Span]:
    """Named stretches in characters, in the order of the text.

    Where `argmax` broke the rule, an `I-x` that does not go on from `B-x` or `I-x` begins a stretch, as in seqeval's
    default counting.

    Args:
        tag_ids: one per token, without [CLS] and [SEP].
        offsets: [begin, end) of the same tokens in the raw text.

    Raises:
        ValueError: not as many tags as tokens. (Both with or both without [CLS], or slots are read off by one.)
    """
    if len(tag_ids) != len(offsets):
        raise ValueError(f"{len(tag_ids)} tags for {len(offsets)} tokens")
    found: list[Span] = []
    kind, start, end = "", 0, 0
    for number, (begin, stop) in zip(tag_ids, offsets, strict=True):
        tag = tags[number]
        if tag[0] == "I" and tag[2:] == kind:
            end = stop
            continue
        if kind:
            found.append(Span(kind, start, end))
        kind, start, end = tag[2:], begin, stop  # `O` has no kind
    if kind:
        found.append(Span(kind, start, end))
    return found
