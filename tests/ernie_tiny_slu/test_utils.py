# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import itertools
import re

from common.cli import UserError
from common.data.readers import Span, read_labels, read_tag_labels

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from utils import IGNORED, Example, lost_spans, parse_marked, read_examples, tag_ids

KINDS = ["singer", "song", "phone_num", "age"]
SLOTS = ["O"] + [prefix + kind for kind in KINDS for prefix in ("B-", "I-")]
INTENTS = ["music.play", "music.pause", "OTHERS"]
TAG_INDEX = {tag: number for number, tag in enumerate(SLOTS)}


# --- marks


def test_the_documents_sample():
    text, spans = parse_marked("来一首<singer>周华健</singer>的<song>花心</song>", "f:1", KINDS)
    assert text == "来一首周华健的花心"
    assert spans == [Span("singer", 3, 6), Span("song", 7, 9)]
    assert [text[span.start : span.end] for span in spans] == ["周华健", "花心"]


@pytest.mark.parametrize(
    "text",
    ["3<5", "<", "</", "<3", "<3>", "< song>", "<song >", "<>", "</>", "a<b", "5>3", "<歌>", "<song1>", ">>", ""],
)
def test_what_is_no_mark_is_text(text):
    assert parse_marked(text, "f:1", KINDS) == (text, [])
    assert parse_marked(f"<song>{text}x</song>", "f:1", KINDS) == (text + "x", [Span("song", 0, len(text) + 1)])


def test_spans_count_code_points_and_may_touch():
    assert parse_marked("😊<song>é😊</song><age>3岁</age>", "f:1", KINDS) == (
        "😊é😊3岁",
        [Span("song", 1, 3), Span("age", 3, 5)],
    )


@pytest.mark.parametrize(
    "marked, column, message",
    [
        ("听<sing>周</sing>", 2, "unknown slot `sing` (did you mean `singer`?)"),
        ("听<b>周</b>", 2, "unknown slot `b`;"),
        ("听<Song>周</Song>", 2, "unknown slot `Song` (did you mean `song`?)"),
        ("<singer>周<song>花</song></singer>", 10, "<song> inside <singer>; slots do not nest, write </singer> first"),
        ("<song>花<song>心</song>", 8, "<song> inside <song>"),
        ("<singer>周</song>", 10, "</song> closes <singer>; write </singer>"),
        ("听花</song>", 3, "</song> closes nothing"),
        ("听<song>花</song></song>", 16, "</song> closes nothing"),
        ("听<song>花心", 2, "<song> is not closed; write </song>"),
        ("听<song></song>花", 2, "<song> holds nothing"),
        ("听<song> \u3000</song>花", 2, "<song> holds nothing"),
    ],
)
def test_faulty_marks_name_line_column_and_mend(marked, column, message):
    with pytest.raises(UserError, match=re.escape(f"f:7:{column}: {message}")):
        parse_marked(marked, "f:7", KINDS)
    with pytest.raises(UserError, match=re.escape(f"f:7:{column + 20}: {message}")):
        parse_marked(marked, "f:7", KINDS, first_column=21)


pieces = st.sampled_from(
    ["<song>", "</song>", "<singer>", "</singer>", "<x>", "</", "<", ">", "song", "花", "😊", " ", "3"]
)
fuzzed = st.one_of(
    st.lists(pieces, max_size=12).map("".join), st.text("<>/song_ 花3", max_size=30), st.text(max_size=30)
)


@settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
@given(fuzzed)
@example("<song>" * 50)
def test_any_text_is_parsed_or_refused_with_its_place(marked):
    try:
        text, spans = parse_marked(marked, "f:1", KINDS)
    except UserError as fault:
        place = re.match(r"f:1:(\d+): ", str(fault))
        assert place and marked[int(place[1]) - 1] == "<"
        return
    assert re.sub(rf"</?({'|'.join(KINDS)})>", "", marked) == text
    assert all(text[span.start : span.end].strip() and span.kind in KINDS for span in spans)
    assert all(left.end <= right.start for left, right in itertools.pairwise(spans))


# Text that cannot make a mark by itself or together with what stands beside it.
plain = st.text(st.characters(exclude_characters="<>", exclude_categories=["Cs"]), max_size=8)
named = st.tuples(st.sampled_from(KINDS), plain.filter(str.strip))


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(plain, named), max_size=8))
def test_marks_put_in_are_found_again(parts):
    marked, text, spans = "", "", []
    for part in parts:
        kind, words = part if isinstance(part, tuple) else (None, part)
        if kind:
            spans.append(Span(kind, len(text), len(text) + len(words)))
        marked += f"<{kind}>{words}</{kind}>" if kind else words
        text += words
    assert parse_marked(marked, "f:1", KINDS) == (text, spans)


# --- the corpus

GOOD = "7\t听花心\tmusic.play\t听<song>花心</song>\n"


def corpus(folder, content):
    path = folder / "train.txt"
    path.write_text(content, encoding="utf-8", newline="")
    return path


def test_read_examples(tmp_path):
    path = corpus(tmp_path, "\ufeff" + GOOD + "\r\n" + "8\t取消\tmusic.pause\t取消\r\n")
    assert read_examples(path, INTENTS, SLOTS) == [
        Example("7", "听花心", "music.play", (Span("song", 1, 3),)),
        Example("8", "取消", "music.pause", ()),
    ]
    assert [found.where for found in read_examples(path, INTENTS, SLOTS)] == [f"{path}:1", f"{path}:3"]


@pytest.mark.parametrize(
    "line, message",
    [
        ("7\t听花心\tmusic.play", "train.txt:2: expected 4 tab-separated fields, got 3"),
        ("7\t听\tmusic.plya\t听", "train.txt:2: unknown intent `music.plya` (did you mean `music.play`?)"),
        ("7\t听\tMUSIC\t听", "train.txt:2: unknown intent `MUSIC`"),
        (
            "7\t听花\tmusic.play\t听<song>花心</song>",
            "train.txt:2: column 4 without its marks is `听花心`, but the query (column 2) is `听花`",
        ),
        ("7\t\tmusic.play\t", "train.txt:2: the query (column 2) is empty"),
        ("7\t \u3000\tmusic.play\t \u3000", "train.txt:2: the query (column 2) is empty"),
        ("7\t\x00\u200b\tmusic.play\t\x00\u200b", "train.txt:2: the query (column 2) is empty"),
        ("\t听\tmusic.play\t听", "train.txt:2: the session (column 1) is empty"),
        ("7\t听花\tmusic.play\t听<sang>花</sang>", "train.txt:2:18: unknown slot `sang` (did you mean `song`?)"),
        ("7\t听花\tmusic.play\t听<song>花", "train.txt:2:18: <song> is not closed"),
    ],
)
def test_a_faulty_line_stops_or_is_left_out_and_listed(tmp_path, capsys, line, message):
    path = corpus(tmp_path, GOOD + line + "\n" + GOOD)
    with pytest.raises(UserError, match=re.escape(message)):
        read_examples(path, INTENTS, SLOTS)
    assert len(read_examples(path, INTENTS, SLOTS, skip_bad_lines=True)) == 2
    errors = capsys.readouterr().err
    assert "left out 1 of 3 lines" in errors and message in errors


@pytest.mark.data
@pytest.mark.parametrize("name, rows", [("train", 18148), ("test", 4544)])
def test_every_line_of_the_real_corpus_parses(shared_data, name, rows):
    folder = shared_data / "nlpcc2018_slu"
    intents, slots = read_labels(folder / "intent_label.txt"), read_tag_labels(folder / "slot_label.txt")
    examples = read_examples(folder / f"{name}.txt", intents, slots)
    assert len(examples) == rows
    assert {found.intent for found in examples} == set(intents)


# --- tags


def tags(text, spans, offsets):
    ids = tag_ids(Example("1", text, "OTHERS", tuple(spans)), offsets, TAG_INDEX)
    return ["-" if number == IGNORED else SLOTS[number] for number in ids]


def characters(text):
    return [(0, 0)] + [(place, place + 1) for place in range(len(text))] + [(0, 0)]


def test_one_tag_per_character_token():
    text = "来周杰的花"
    spans = [Span("singer", 1, 3), Span("song", 4, 5)]
    assert tags(text, spans, characters(text)) == ["-", "O", "B-singer", "I-singer", "O", "B-song", "-"]


def test_spans_of_one_kind_that_touch_stay_apart():
    assert tags("周杰", [Span("singer", 0, 1), Span("singer", 1, 2)], characters("周杰")) == [
        "-",
        "B-singer",
        "B-singer",
        "-",
    ]


def test_digits_and_english_are_tagged_by_word_piece():
    """Upstream walks tokens as if they were characters and loses slots of digits and Latin letters."""
    text = "打13800给Lina"
    spans = [Span("phone_num", 1, 6), Span("singer", 7, 11)]
    offsets = [(0, 0), (0, 1), (1, 3), (3, 6), (6, 7), (7, 9), (9, 11), (0, 0)]
    expected = ["-", "O", "B-phone_num", "I-phone_num", "O", "B-singer", "I-singer", "-"]
    assert tags(text, spans, offsets) == expected


def test_a_token_that_reaches_beyond_a_span_is_inside():
    assert tags("3岁abc", [Span("age", 0, 3)], [(0, 1), (1, 2), (2, 5)]) == ["B-age", "I-age", "I-age"]
    assert tags("xxab", [Span("age", 2, 4)], [(0, 3), (3, 4)]) == ["B-age", "I-age"]


def test_of_two_spans_in_one_token_the_first_wins():
    spans = [Span("age", 0, 1), Span("song", 1, 4)]
    assert tags("abcd", spans, [(0, 2), (2, 4)]) == ["B-age", "B-song"]
    assert tags("abcd", spans, [(0, 4)]) == ["B-age"]


def test_white_space_between_tokens_does_not_break_a_span():
    assert tags("a b", [Span("song", 0, 3)], [(0, 1), (2, 3)]) == ["B-song", "I-song"]


def test_no_offsets_no_tags():
    assert tags("听", [], []) == []


@pytest.mark.parametrize(
    "text, span, offsets, lost",
    [
        ("听花心啊", (1, 3), [(0, 1), (1, 2), (2, 3)], False),  # cut behind the slot
        ("听花心啊", (1, 3), [(0, 1), (1, 2)], True),  # cut in the slot
        ("听花心啊", (1, 3), [(0, 1)], True),  # cut before the slot
        ("听花 \u200b", (1, 4), [(0, 1), (1, 2)], False),  # nothing visible is behind the cut
        ("听花心", (1, 3), [], True),
    ],
)
def test_lost_spans(text, span, offsets, lost):
    found = Example("1", text, "OTHERS", (Span("song", *span),))
    assert lost_spans(found, [(0, 0), *offsets, (0, 0)]) is lost
