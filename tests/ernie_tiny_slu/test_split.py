# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parents[2] / "ernie_tiny_slu"


def split(*flags) -> subprocess.CompletedProcess:
    command = [sys.executable, APP / "data" / "split.py", *flags]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=APP)


def lines_of(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def corpus(tmp_path) -> Path:
    """60 dialogues of 1 to 5 turns, blank lines between them; each says `取消` and, again and again, one thing only."""
    path = tmp_path / "corpus.train.txt"
    turns = []
    for session in range(60):
        text = f"听歌{session}"
        said = [f"{session}\t取消\tOTHERS\t取消\n"] + [f"{session}\t{text}\tmusic.play\t{text}\n"] * (session % 5)
        turns.append("".join(said))
    path.write_text("\n".join(turns), encoding="utf-8")
    return path


def test_regression_session_leak_of_a_shuffled_row_split(corpus, tmp_path):
    """The document's `shuf` puts turns of one dialogue on both sides: here that would leak most dev queries."""
    done = split("--corpus", corpus, "--output_dir", tmp_path / "out", "--test_fraction", 0.1, "--seed", 3)
    assert done.returncode == 0, done.stderr
    owners = defaultdict(set)
    rows = []
    for name in ("train", "dev", "test"):
        part = lines_of(tmp_path / "out" / f"{name}.txt")
        rows += part
        for row in part:
            owners[row[0]].add(name)
        texts = {row[1] for row in part} - {"取消"}
        assert not texts & {
            row[1]
            for other in ("train", "dev", "test")
            if other != name
            for row in lines_of(tmp_path / "out" / f"{other}.txt")
        }
    assert len(owners) == 60 and all(len(names) == 1 for names in owners.values())
    whole = [line.split("\t") for line in corpus.read_text(encoding="utf-8").splitlines() if line]
    assert sorted(rows) == sorted(whole)


def test_fractions_report_and_no_test_part_by_default(corpus, tmp_path):
    out = tmp_path / "out"
    done = split("--corpus", corpus, "--output_dir", out)
    train, dev = lines_of(out / "train.txt"), lines_of(out / "dev.txt")
    assert sorted(path.name for path in out.iterdir()) == ["dev.txt", "train.txt"]
    assert len(dev) == pytest.approx(0.2 * (len(train) + len(dev)), abs=1)
    seen = sum(row[1] == "取消" for row in dev)
    sessions = len({row[0] for row in dev})
    assert done.stdout.splitlines() == [
        f"{out}/train.txt: {len(train)} rows, {60 - sessions} sessions",
        f"{out}/dev.txt: {len(dev)} rows, {sessions} sessions; {seen} rows have a query that also stands in train.txt",
    ]


def test_the_seed_decides(corpus, tmp_path):
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert split("--corpus", corpus, "--output_dir", tmp_path / out, "--seed", seed).returncode == 0
    dev = [(tmp_path / out / "dev.txt").read_bytes() for out in "abc"]
    assert dev[0] == dev[1] != dev[2]


def test_nothing_is_overwritten_without_the_flag(corpus, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "dev.txt").write_text("mine")
    done = split("--corpus", corpus, "--output_dir", out)
    assert done.returncode == 2
    assert done.stderr == f"error: {out}/dev.txt: already there; pass --overwrite to replace\n"
    assert (out / "dev.txt").read_text() == "mine" and not (out / "train.txt").exists()
    assert split("--corpus", corpus, "--output_dir", out, "--overwrite").returncode == 0
    assert lines_of(out / "dev.txt")[0][2] == "OTHERS"


def test_published_corrections_are_dropped_and_counted(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(
        "".join(f"{n}\t放体验\tmusic.play\t放<song>体验||体面</song>\n" for n in range(10)), encoding="utf-8"
    )
    done = split("--corpus", path, "--output_dir", tmp_path / "out")
    assert f"{path}: dropped the corrections (`||…`) of 10 rows" in done.stdout
    assert {row[3] for row in lines_of(tmp_path / "out" / "train.txt")} == {"放<song>体验</song>"}


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--dev_fraction", "0"], "--dev_fraction must lie between 0 and 1, got 0"),
        (["--dev_fraction", "1.5"], "--dev_fraction must lie between 0 and 1, got 1.5"),
        (["--dev_fraction", "nan"], "--dev_fraction must lie between 0 and 1, got nan"),
        (["--test_fraction", "0.8"], "--test_fraction must be at least 0 and leave rows for train.txt"),
        (["--test_fraction", "-0.1"], "--test_fraction must be at least 0"),
        (["--dev_fractoin", "0.2"], "unknown flag --dev_fractoin (did you mean `--dev_fraction`?)"),
        (["--corpus", "data/none.txt"], "data/none.txt: no such data file; data/ holds: "),
        (["--corpus", "data/intent_label.txt"], "data/intent_label.txt:1: expected 4 tab-separated fields, got 1"),
    ],
)
def test_bad_flags_and_bad_lines_stop_with_code_2_and_one_line(tmp_path, flags, message):
    done = split("--corpus", "data/train.txt", "--output_dir", tmp_path / "out", *flags)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and message in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_skip_bad_lines_goes_on_and_lists_them(corpus, tmp_path):
    corpus.write_text(corpus.read_text(encoding="utf-8") + "7\tno\n\t取消\tOTHERS\t取消\n", encoding="utf-8")
    assert split("--corpus", corpus, "--output_dir", tmp_path / "out").returncode == 2
    done = split("--corpus", corpus, "--output_dir", tmp_path / "out", "--skip_bad_lines")
    assert done.returncode == 0
    assert "left out 2 of 182 lines:" in done.stderr and "the session (column 1) is empty" in done.stderr


def test_one_dialogue_cannot_be_split(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("7\t取消\tOTHERS\t取消\n" * 9, encoding="utf-8")
    done = split("--corpus", path, "--output_dir", tmp_path / "out")
    assert done.returncode == 2 and "9 rows in 1 groups" in done.stderr


def test_a_corpus_in_another_encoding_is_refused_with_the_byte(corpus, tmp_path):
    corpus.write_bytes(corpus.read_text(encoding="utf-8").encode("gb18030"))
    done = split("--corpus", corpus, "--output_dir", tmp_path / "out")
    assert done.returncode == 2
    assert f"{corpus}:1: byte 4 (0xcf) is not UTF-8, it looks like gb18030" in done.stderr


def test_mark_and_line_ends_of_windows_make_no_difference(corpus, tmp_path):
    split("--corpus", corpus, "--output_dir", tmp_path / "a")
    corpus.write_bytes(b"\xef\xbb\xbf" + corpus.read_bytes().replace(b"\n", b"\r\n"))
    split("--corpus", corpus, "--output_dir", tmp_path / "b")
    for name in ("train.txt", "dev.txt"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
