# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The committed sample corpus: what it must hold, and that its generator still makes it."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from common.data.readers import kinds_of, read_labels, read_tag_labels

import pytest
from utils import read_examples

DATA = Path(__file__).resolve().parents[2] / "ernie_tiny_slu" / "data"
PARTS = ("train", "dev", "test")


@pytest.fixture(scope="module")
def labels():
    return read_labels(DATA / "intent_label.txt"), read_tag_labels(DATA / "slot_label.txt")


@pytest.fixture(scope="module")
def corpus(labels):
    """Reading checks that intents and kinds are known and that column 4 without its marks is column 2."""
    return {name: read_examples(DATA / f"{name}.txt", *labels) for name in PARTS}


def test_the_generator_makes_the_committed_files_byte_for_byte(tmp_path):
    command = [sys.executable, DATA / "make_sample.py", "--output_dir", tmp_path]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    for name in PARTS:
        assert (tmp_path / f"{name}.txt").read_bytes() == (DATA / f"{name}.txt").read_bytes()


def test_it_refuses_to_overwrite(tmp_path):
    command = [sys.executable, DATA / "make_sample.py", "--output_dir", DATA]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 2 and "already there; pass --overwrite" in done.stderr


def test_sizes_and_whole_dialogues(corpus):
    sizes = {name: len(examples) for name, examples in corpus.items()}
    assert sizes["train"] == pytest.approx(2400, abs=10)
    assert sizes["dev"] == pytest.approx(300, abs=5) and sizes["test"] == pytest.approx(300, abs=5)
    sessions = [{example.session for example in corpus[name]} for name in PARTS]
    assert not sessions[0] & sessions[1] and not sessions[0] & sessions[2] and not sessions[1] & sessions[2]
    turns = Counter(example.session for examples in corpus.values() for example in examples)
    assert set(turns.values()) == {2, 3, 4, 5, 6}


@pytest.mark.parametrize("name", ["train", "test"])
def test_all_intents_and_kinds_occur(corpus, labels, name):
    assert {example.intent for example in corpus[name]} == set(labels[0])
    assert {span.kind for example in corpus[name] for span in example.spans} == set(kinds_of(labels[1]))


def test_most_names_in_test_are_not_in_train(corpus):
    def names(part):
        return [(span.kind, example.text[span.start : span.end]) for example in corpus[part] for span in example.spans]

    known, asked = set(names("train")), names("test")
    assert sum(name not in known for name in asked) > 0.4 * len(asked)


def test_texts_are_short_and_varied(corpus):
    texts = [example.text for examples in corpus.values() for example in examples]
    assert sum(len(text) <= 14 for text in texts) > 0.9 * len(texts)
    assert max(map(len, texts)) > 20  # some must be cut at 16 tokens
    everything = "\n".join(texts)
    for form in (
        r"1\d{10}",
        r"(?<!\d)110(?!\d)",
        "岁",
        "[a-z]{3}",
        "[A-Z]{3}",
        "[Ａ-Ｚａ-ｚ０-９]",
        "😊",
        r"\+",
        "[！。]",
        "波放|倒航|大电话",
    ):
        assert re.search(form, everything), form


def test_some_queries_mean_different_things_in_different_dialogues(corpus):
    meanings = defaultdict(set)
    for example in corpus["train"]:
        meanings[example.text].add(example.intent)
    assert len(meanings["取消"]) >= 3


def test_every_rule_of_the_grammar_is_there_and_used():
    sys.path.insert(0, str(DATA))
    try:
        from make_sample import GRAMMAR, read_grammar
    finally:
        sys.path.remove(str(DATA))
    rules = read_grammar(GRAMMAR)
    named = {name for rule in rules.values() for word in rule for name in re.findall(r"[{\[](\w+)[}\]]", word)}
    assert named <= set(rules)
    intents = set(read_labels(DATA / "intent_label.txt"))
    states = {"when idle", "when music", "when navigation", "when phone_call"}
    assert set(rules) == named | intents | states | {"before", "after", "misheard"}
