# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import hashlib
from pathlib import Path

from common.cli import UserError
from common.data import readers

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def write(folder: Path, content: str | bytes, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# --- label files


@pytest.mark.parametrize("content", ["a\nb\n", "a\nb", "a\r\nb\r\n", "\ufeffa\nb\n"])
def test_labels_keep_their_order_whatever_the_line_ends(tmp_path, content):
    assert readers.read_labels(write(tmp_path, content)) == ["a", "b"]


@pytest.mark.parametrize(
    "content, message",
    [
        ("a\n\nb\n", r"file\.txt:2: blank line"),
        ("a\nb\n\n", r"file\.txt:3: blank line"),
        ("a\n  \n", r"file\.txt:2: blank line"),
        ("a\nb\na\n", r"file\.txt:3: label `a` stands already in line 1"),
        ("a\nb \n", r"file\.txt:2: white space before or after the label `b`"),
        ("a\nb\t7\n", r"file\.txt:2: 'b\\t7' holds a tab"),
        ("a\rb\r", r"file\.txt:1: 'a\\rb' holds a tab or another control character"),
        ("", r"file\.txt: the label file is empty"),
        ("\ufeff", r"file\.txt: the label file is empty"),
        ("\n", r"file\.txt:1: blank line"),
    ],
)
def test_a_faulty_label_file_names_the_line(tmp_path, content, message):
    with pytest.raises(UserError, match=message):
        readers.read_labels(write(tmp_path, content))


def test_a_label_file_that_is_absent_or_not_utf8_is_named(tmp_path):
    with pytest.raises(UserError, match=r"intents\.txt: no such label file; .* holds: file\.txt"):
        write(tmp_path, "a\n")
        readers.read_labels(tmp_path / "intents.txt")
    with pytest.raises(UserError, match=r"file\.txt:2: byte 2 .* not UTF-8, it looks like gb18030"):
        readers.read_labels(write(tmp_path, "a\n歌\n".encode("gb18030")))


def test_tag_labels_in_any_order(tmp_path):
    tags = ["I-song", "O", "B-song", "B-age", "I-age"]
    assert readers.read_tag_labels(write(tmp_path, "\n".join(tags))) == tags
    assert readers.kinds_of(tags) == ["song", "age"]


@pytest.mark.parametrize(
    "tags, message",
    [
        ("O song-B song-I", r"file\.txt:2: the prefix of `song-B` stands last; write `B-song`"),
        ("O B-song song-I", r"file\.txt:3: the prefix of `song-I` stands last; write `I-song`"),
        ("O B-song I-song E-song", r"file\.txt:4: `E-song` is no tag"),
        ("O song", r"file\.txt:2: `song` is no tag"),
        ("O B- I-", r"file\.txt:2: `B-` is no tag"),
        ("o B-song I-song", r"file\.txt:1: `o` is no tag"),
        ("B-song I-song", r"file\.txt: no label `O`"),
        ("O I-song", r"file\.txt:2: `I-song` without `B-song`; add a line `B-song`"),
        ("O B-song", r"file\.txt:2: `B-song` without `I-song`; add a line `I-song`"),
        ("O B-song I-song B-song", r"file\.txt:4: label `B-song` stands already in line 2"),
    ],
)
def test_a_faulty_tag_file_names_the_line_and_the_mend(tmp_path, tags, message):
    with pytest.raises(UserError, match=message):
        readers.read_tag_labels(write(tmp_path, tags.replace(" ", "\n") + "\n"))


label_lines = st.lists(
    st.sampled_from(["O", "B-song", "I-song", "song-B", "", " ", "I-age", "\ufeff", "a"]), max_size=7
)
label_files = st.one_of(
    st.builds(str.join, st.sampled_from(["\n", "\r\n", "\r", "\n\n"]), label_lines),
    st.text("OBI-song \t\r\n\0\ufeff歌\ud800", max_size=30),
    st.text(max_size=30),
)


@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=label_files)
def test_any_label_file_is_read_or_refused_in_one_line(tmp_path, content):
    path = write(tmp_path, content.encode("utf-8", "surrogatepass"))
    for read in (readers.read_labels, readers.read_tag_labels):
        try:
            labels = read(path)
        except UserError as fault:
            assert str(fault).startswith(str(path))
        else:
            assert labels and len(set(labels)) == len(labels) and all(label.strip() == label for label in labels)
            assert read is readers.read_labels or "O" in labels


# --- columns

THREE_GOOD = '1\ta\tb\n\n2\t"c\td\n   \n3\te\tf'


def test_columns_pass_over_blank_lines_and_keep_quotes(tmp_path):
    expected = [["1", "a", "b"], ["2", '"c', "d"], ["3", "e", "f"]]
    for content in (THREE_GOOD, THREE_GOOD.replace("\n", "\r\n") + "\r\n", "\ufeff" + THREE_GOOD):
        assert readers.read_columns(write(tmp_path, content), 3) == expected


def test_only_line_feeds_end_a_line(tmp_path):
    text = "a\u2028b\x0cc\x85d"
    assert readers.read_columns(write(tmp_path, f"1\t{text}\n"), 2) == [["1", text]]


def test_parse_gets_fields_and_place(tmp_path):
    path = write(tmp_path, THREE_GOOD)
    places = readers.read_columns(path, 3, parse=lambda fields, where: (fields[0], where))
    assert places == [("1", f"{path}:1"), ("2", f"{path}:3"), ("3", f"{path}:5")]


@pytest.mark.parametrize("line, got", [("1\ta", 2), ("1\ta\tb\tc", 4), ("1 a b", 1), ("\t", 2), ("\t\t\t", 4)])
def test_the_first_line_with_a_wrong_count_stops(tmp_path, line, got):
    path = write(tmp_path, f"{THREE_GOOD}\n{line}\n")
    with pytest.raises(
        UserError, match=rf"file\.txt:6: expected 3 tab-separated fields, got {got}; .*--skip_bad_lines"
    ):
        readers.read_columns(path, 3)


def refuse_odd(fields: list[str], where: str) -> int:
    if int(fields[0]) % 2:
        raise UserError(f"{where}: {fields[0]} is odd")
    return int(fields[0])


def test_a_line_that_parse_refuses_stops(tmp_path):
    with pytest.raises(UserError, match=r"file\.txt:2: 3 is odd; mend the line"):
        readers.read_columns(write(tmp_path, "2\n3\n4\n"), 1, parse=refuse_odd)


def test_skipped_lines_are_counted_and_the_first_ten_listed(tmp_path, capsys):
    path = write(tmp_path, "".join(f"{number}\n" for number in range(30)) + "1\t2\n")
    assert readers.read_columns(path, 1, skip_bad_lines=True, parse=refuse_odd) == list(range(0, 30, 2))
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert not printed.out
    assert lines[0] == f"{path}: left out 16 of 31 lines, the first 10:"
    assert lines[1:] == [f"  {path}:{number + 1}: {number} is odd" for number in range(1, 20, 2)]


def test_skipping_says_nothing_where_all_lines_are_good(tmp_path, capsys):
    readers.read_columns(write(tmp_path, THREE_GOOD), 3, skip_bad_lines=True)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "content, message", [("", "no line in it"), ("\n \n", "no line in it"), ("a\n", "no good line in it")]
)
def test_a_file_without_a_good_line_is_refused(tmp_path, content, message):
    with pytest.raises(UserError, match=rf"file\.txt: {message}; expected 2 tab-separated fields"):
        readers.read_columns(write(tmp_path, content), 2, skip_bad_lines=True)


# --- splits


def test_no_group_is_torn_and_no_row_lost_or_doubled():
    groups = [number // 3 for number in range(300)]
    parts = readers.split_groups(groups, [0.7, 0.2, 0.1], seed=5)
    assert sorted(row for part in parts for row in part) == list(range(300))
    assert all(part == sorted(part) for part in parts)
    owners = [{groups[row] for row in part} for part in parts]
    assert not owners[0] & owners[1] and not owners[0] & owners[2] and not owners[1] & owners[2]
    assert [len(part) for part in parts] == [210, 60, 30]


def test_the_same_seed_gives_the_same_split_on_every_machine():
    groups = [f"g{number % 7}" for number in range(50)]
    assert readers.split_groups(groups, [0.8, 0.2], 1) == readers.split_groups(groups, [0.8, 0.2], 1)
    assert sorted({groups[row] for row in readers.split_groups(groups, [0.8, 0.2], 2018)[1]}) == ["g6"]
    assert len({tuple(readers.split_groups(groups, [0.8, 0.2], seed)[1]) for seed in range(20)}) > 3


def test_large_groups_land_in_small_parts_too():
    """Dealing the largest groups first would fill dev with short dialogues only."""
    groups = [group for group in range(200) for _ in range(2 + group % 9)]
    means = []
    for seed in range(30):
        dev = readers.split_groups(groups, [0.8, 0.2], seed)[1]
        means.append(len(dev) / len({groups[row] for row in dev}))
    assert sum(means) / len(means) == pytest.approx(len(groups) / 200, rel=0.05)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=30, max_size=60), st.integers(0, 1000))
def test_the_fraction_is_met_within_half_the_smallest_group_that_is_left(sizes, seed):
    groups = [group for group, size in enumerate(sizes) for _ in range(size)]
    train, dev = readers.split_groups(groups, [0.75, 0.25], seed)
    smallest = min(groups.count(group) for group in {groups[row] for row in train})
    assert abs(len(dev) - 0.25 * len(groups)) <= max(smallest / 2, 3)


def test_too_few_groups_and_wrong_fractions_are_refused():
    with pytest.raises(UserError, match=r"9 rows in 1 groups cannot give a part of 0\.2"):
        readers.split_groups(["only"] * 9, [0.8, 0.2], 0)
    for fractions in ([0.8, 0.3], [1.0, 0.0], [1.2, -0.2]):
        with pytest.raises(ValueError, match="add up to 1"):
            readers.split_groups([1, 2, 3], fractions, 0)


def test_describe_counts_rows_and_hashes_the_bytes(tmp_path):
    path = write(tmp_path, THREE_GOOD)
    digest = hashlib.sha256(THREE_GOOD.encode()).hexdigest()
    assert readers.describe(path) == {"path": str(path), "sha256": digest, "rows": 3}
