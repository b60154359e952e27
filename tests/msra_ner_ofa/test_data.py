# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The reader, the development set, the hub: what is read, and what is refused with its line."""

import common  # noqa: F401  before paddle
from common import files
from common.cli import UserError

import pytest
from calls import call
from ner.data import DevSet, Sentence, read_corpus, read_sentences
from tiny_ner import LABELS, train_words

GOOD = "中\tB-LOC\n国\tI-LOC\n"


def corpus_of(data_dir=None, dev_path=None, split_seed=2018):
    return read_corpus(data_dir, DevSet(dev_path, 0.1, split_seed))


def test_blank_lines_end_sentences(tmp_path):
    files.write_text(tmp_path / "a.txt", f"\ufeff{GOOD}\r\n\n\n \tO\r\n５\tO\n")
    first, second = read_sentences(tmp_path / "a.txt", LABELS)
    assert first == Sentence("中国", ("B-LOC", "I-LOC")) and second == Sentence(" ５", ("O", "O"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("中国\tO", "a.txt:4: the first field must be one character, got '中国'"),
        ("\tO", "a.txt:4: the first field must be one character, got ''"),
        ("中", "a.txt:4: expected 2 tab-separated fields (character, tag), got 1"),
        ("中 O", "got 1; mend the line, or leave such sentences out with --skip_bad_lines"),
        ("中\tB-LCO", "a.txt:4: unknown tag `B-LCO` (did you mean `B-LOC`?)"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message, capsys):
    files.write_text(tmp_path / "a.txt", f"{GOOD}\n{line}\n国\tO\n\n{GOOD}")
    with pytest.raises(UserError) as caught:
        read_sentences(tmp_path / "a.txt", LABELS)
    assert message in str(caught.value)
    assert len(read_sentences(tmp_path / "a.txt", LABELS, skip_bad_lines=True)) == 2
    assert "left out 1 of 3 sentences, for 1 lines" in capsys.readouterr().err


def test_an_empty_file_is_no_data(tmp_path):
    files.write_text(tmp_path / "a.txt", "\n\n")
    with pytest.raises(UserError, match="no sentence in it"):
        read_sentences(tmp_path / "a.txt", LABELS)


def test_the_development_set_is_a_seeded_part_of_the_training_set(tiny):
    first, again = (corpus_of(data_dir=tiny.data) for _ in range(2))
    other = corpus_of(data_dir=tiny.data, split_seed=1)
    assert first == again and first.dev != other.dev and len(first.dev) + len(first.train) == 135
    assert not {s.text for s in first.dev} & {s.text for s in first.train}
    assert first.split == {"dev_fraction": 0.1, "split_seed": 2018, "sentences": 135}


def test_a_development_file_is_taken_where_there_is_one(tiny, tmp_path):
    for name in ("train.txt", "label.txt"):
        (tmp_path / name).write_bytes((tiny.data / name).read_bytes())
    files.write_text(tmp_path / "dev.txt", GOOD)
    corpus = corpus_of(data_dir=tmp_path)
    assert len(corpus.train) == 135 and [s.text for s in corpus.dev] == ["中国"]
    named = corpus_of(data_dir=tmp_path, dev_path=tiny.data / "test.txt")
    assert len(named.dev) == 16 and named.split != corpus.split


def test_the_hub_is_read_by_name(monkeypatch):
    import paddlenlp.datasets

    class Loaded(list):
        label_list = ("B-LOC", "I-LOC", "O")

    loaded = Loaded({"tokens": ["中", "国人", str(n)], "labels": [0, 1, 2]} for n in range(20))
    monkeypatch.setattr(paddlenlp.datasets, "load_dataset", lambda name, **_: {"msra_ner": loaded}[name])
    corpus = corpus_of()
    assert corpus.labels == list(Loaded.label_list) and len(corpus.train) == 18
    assert Sentence("中国人7", ("B-LOC", "I-LOC", "I-LOC", "O")) in [*corpus.train, *corpus.dev]


def test_without_network_the_error_names_the_way_out(tiny, tmp_path, monkeypatch):
    import paddlenlp.datasets

    def unreachable(*_, **__):
        raise RuntimeError("Downloading from https://… failed.\nRetry limit reached")

    monkeypatch.setattr(paddlenlp.datasets, "load_dataset", unreachable)
    ended = call("run_msra_ner", *train_words(tiny, tmp_path / "out", data_dir=None))
    assert ended.code == 2 and ended.err.count("\n") == 1
    assert "msra_ner cannot be reached; give a folder with train.txt and label.txt by --data_dir" in ended.err
