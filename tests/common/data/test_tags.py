# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Decoders against every path written out, and spans against the text."""

import itertools
from pathlib import Path

from common.cli import UserError
from common.data.readers import Span
from common.data.tags import TagDecoder, Transitions, bio_constraints, spans
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

TAGS = ["O", "B-song", "I-song", "B-singer", "I-singer"]
VOCAB = Path(__file__).resolve().parents[2] / "golden" / "vocab.txt"


def is_legal(path: list[int], tags: list[str]) -> bool:
    before = "O"
    for tag in (tags[number] for number in path):
        if tag[0] == "I" and before not in ("B-" + tag[2:], tag):
            return False
        before = tag
    return True


def best_path(logits: np.ndarray, transitions: Transitions | None) -> list[int]:
    """The best legal path among all T ** length."""

    def score(path):
        total = sum(float(logits[place, tag]) for place, tag in enumerate(path))
        if transitions is not None:
            total += float(transitions.start[path[0]]) + float(transitions.end[path[-1]])
            total += sum(float(transitions.pairs[pair]) for pair in itertools.pairwise(path))
        return total

    paths = itertools.product(range(len(TAGS)), repeat=len(logits))
    return list(max((path for path in paths if is_legal(path, TAGS)), key=score))


def random_transitions(random: np.random.Generator) -> Transitions:
    shapes = (len(TAGS), len(TAGS), (len(TAGS), len(TAGS)))
    return Transitions(*(random.normal(size=shape).astype(np.float32) for shape in shapes))


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_bio_is_the_best_of_all_legal_paths(length):
    random = np.random.default_rng(length)
    decoder = TagDecoder(TAGS, "bio")
    changed = 0
    for _ in range(20):
        logits = random.normal(size=(length, len(TAGS))).astype(np.float32)
        path = decoder.decode(logits)
        assert path == best_path(logits, None)
        changed += path != logits.argmax(1).tolist()
    assert 0 < changed < 20  # both ways through the decoder were taken


@pytest.mark.parametrize("length", [1, 2, 3, 5])
def test_crf_is_the_best_of_all_legal_paths(length):
    random = np.random.default_rng(length)
    for _ in range(10):
        transitions = random_transitions(random)
        lists = {name: getattr(transitions, name).tolist() for name in ("start", "end", "pairs")}
        logits = random.normal(size=(length, len(TAGS))).astype(np.float32)
        path = TagDecoder(TAGS, "crf", transitions).decode(logits)
        assert path == best_path(logits, transitions)
        assert path == TagDecoder(TAGS, "crf", lists).decode(logits)


def test_argmax_takes_each_token_by_itself():
    logits = np.eye(5, dtype=np.float32)[[2, 4, 0, 2]]
    assert TagDecoder(TAGS, "argmax").decode(logits) == [2, 4, 0, 2]


@given(
    logits=arrays.arrays(
        np.float32, st.tuples(st.integers(0, 20), st.just(len(TAGS))), elements=st.floats(-1000, 1000, width=32)
    )
)
@settings(max_examples=200, deadline=None)
def test_bio_is_always_legal(logits):
    path = TagDecoder(TAGS, "bio").decode(logits)
    assert len(path) == len(logits)
    assert is_legal(path, TAGS)


@given(seed=st.integers(0, 2**32 - 1), length=st.integers(1, 30), size=st.sampled_from([0.1, 1, 10, 100]))
@settings(max_examples=100, deadline=None)
def test_crf_is_always_legal(seed, length, size):
    random = np.random.default_rng(seed)
    logits = (size * random.normal(size=(length, len(TAGS)))).astype(np.float32)
    path = TagDecoder(TAGS, "crf", random_transitions(random)).decode(logits)
    assert len(path) == length
    assert is_legal(path, TAGS)


def test_a_sentence_without_tokens_has_no_tags():
    empty = np.zeros((0, len(TAGS)), np.float32)
    transitions = random_transitions(np.random.default_rng(0))
    for name in ("argmax", "bio", "crf"):
        assert TagDecoder(TAGS, name, transitions).decode(empty) == []
    assert spans([], TAGS, []) == []


def test_constraints_forbid_exactly_what_breaks_the_rule():
    rules = bio_constraints(TAGS)
    assert rules.start.dtype == rules.end.dtype == rules.pairs.dtype == np.float32
    for first in range(len(TAGS)):
        assert rules.start[first] == (0 if is_legal([first], TAGS) else -1e4)
        assert rules.end[first] == 0
        for second in range(len(TAGS)):
            expected = -1e4 if TAGS[second][0] == "I" and TAGS[first][2:] != TAGS[second][2:] else 0
            assert rules.pairs[first, second] == expected, (TAGS[first], TAGS[second])


def test_an_unknown_decoder_names_the_flag():
    with pytest.raises(
        UserError, match=r"--decoder must be one of argmax, bio, crf, got `bios` \(did you mean `bio`\?\)"
    ):
        TagDecoder(TAGS, "bios")


def test_crf_needs_transitions_of_the_same_tags():
    with pytest.raises(UserError, match="this bundle has no transitions; train with --decoder crf"):
        TagDecoder(TAGS, "crf")
    with pytest.raises(UserError, match="transitions are for 5 tags, the labels are 3"):
        TagDecoder(TAGS[:3], "crf", random_transitions(np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"start": [0], "end": [0]}, "must hold numbers in start, end and pairs"),
        ({"start": ["x"], "end": [0], "pairs": [[0]]}, "must hold numbers"),
        ({"start": [0, 0], "end": [0, 0], "pairs": [[0, 0], [0]]}, "must hold numbers"),
        ({"start": [0, 0], "end": [0], "pairs": [[0, 0], [0, 0]]}, r"start \[2\], end \[1\] and pairs \[2, 2\]"),
        ({"start": [0, 0], "end": [0, 0], "pairs": [[0, 0]]}, r"pairs \[1, 2\] do not fit"),
    ],
)
def test_damaged_transitions_are_refused(lists, message):
    with pytest.raises(UserError, match=message):
        TagDecoder(TAGS, "crf", lists)


def read_spans(text: str, tags: list[str], max_length: int | None = None) -> list[tuple[str, str]]:
    encoding = WordPieceTokenizer(VOCAB).encode(text, max_length)
    found = spans([TAGS.index(tag) for tag in tags], TAGS, encoding.offsets[1:-1])
    return [(span.kind, text[span.start : span.end]) for span in found]


def test_spans_of_characters():
    tags = ["O", "B-singer", "I-singer", "I-singer", "O", "B-song", "I-song"]
    assert read_spans("放周华健的花心", tags) == [("singer", "周华健"), ("song", "花心")]


def test_spans_of_digits_and_words_keep_every_character():
    # upstream walked over tokens as if each were one character and lost these
    tags = ["O", "O", "B-song", "I-song", "I-song", "I-song", "O"]
    assert read_spans("播放13800吧", tags) == [("song", "13800")]
    tags = ["O", "O", "B-singer", "I-singer", "O", "B-song", "I-song", "I-song"]
    assert read_spans("播放 Taylor  Swift的Loveing!", tags) == [("singer", "Taylor  Swift"), ("song", "Loveing!")]


def test_slots_are_not_off_by_one():
    # upstream counted [CLS] as a character: the singer of this sentence became `去刘德`
    tokenizer = WordPieceTokenizer(VOCAB)
    text = "去刘德华的歌"
    encoding = tokenizer.encode(text, 16)
    logits = np.zeros((len(encoding.ids), len(TAGS)), np.float32)
    for position, tag in [(2, "B-singer"), (3, "I-singer"), (4, "I-singer")]:  # rows of the model's output
        logits[position, TAGS.index(tag)] = 5
    tags = TagDecoder(TAGS, "bio").decode(logits[1 : len(encoding.ids) - 1])
    assert spans(tags, TAGS, encoding.offsets[1:-1]) == [Span("singer", 1, 4)]
    with pytest.raises(ValueError, match="6 tags for 8 tokens"):
        spans(tags, TAGS, encoding.offsets)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["I-song", "I-song", "O"], [("song", 0, 2)]),
        (["B-song", "I-singer", "I-singer"], [("song", 0, 1), ("singer", 1, 3)]),
        (["B-song", "O", "I-song"], [("song", 0, 1), ("song", 2, 3)]),
        (["B-song", "B-song", "I-song"], [("song", 0, 1), ("song", 1, 3)]),
        (["O", "I-song", "B-song"], [("song", 1, 2), ("song", 2, 3)]),
        (["O", "O", "O"], []),
    ],
)
def test_broken_sequences_are_read_as_seqeval_reads_them(tags, expected):
    from seqeval.metrics.sequence_labeling import get_entities

    found = spans([TAGS.index(tag) for tag in tags], TAGS, [(0, 1), (1, 2), (2, 3)])
    assert [(span.kind, span.start, span.end) for span in found] == expected
    assert get_entities(tags) == [(kind, start, end - 1) for kind, start, end in expected]


@given(path=st.lists(st.integers(0, len(TAGS) - 1), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_sequence_is_read_as_seqeval_reads_it(path):
    from seqeval.metrics.sequence_labeling import get_entities

    found = spans(path, TAGS, [(place, place + 1) for place in range(len(path))])
    expected = get_entities([TAGS[number] for number in path])
    assert [(span.kind, span.start, span.end - 1) for span in found] == expected
