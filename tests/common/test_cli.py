# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Options as a command line: how flags may be written, what a user sees on a mistake, and the exit codes."""

import contextlib
import errno
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from common import cli

import pytest


@dataclass
class Options:
    """A little of every type."""

    name: str = "none"
    """A word."""
    max_length: int = 16
    learning_rate: float = 5e-5
    do_train: bool = False
    use_cache: bool | None = None
    engine: Literal["paddle", "onnxruntime"] = "onnxruntime"
    widths: list[float] = field(default_factory=lambda: [1.0])
    output_dir: Path | None = None

    def __post_init__(self):
        if self.max_length < 1:
            raise cli.UserError(f"--max_length must be at least 1, got {self.max_length}")


def parse(line: str) -> Options:
    return cli.parse(Options, line.split())


def end_of(main, words: list[str], capsys) -> tuple[int, str]:
    """Exit code and stderr of `cli.run`."""
    code = 0
    try:
        cli.run(main, Options, words)
    except SystemExit as stop:
        code = stop.code
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", False),
        ("--do_train", True),
        ("--do_train --max_length 8", True),
        ("--do_train True", True),
        ("--do_train true", True),
        ("--do_train=1", True),
        ("--do_train yes", True),
        ("--do_train False", False),
        ("--do_train=false", False),
        ("--do_train 0", False),
        ("--do_train=no", False),
        ("--do-train", True),
    ],
)
def test_forms_of_a_boolean(line, expected):
    assert parse(line).do_train is expected


def test_a_boolean_that_may_be_none():
    assert parse("").use_cache is None
    assert parse("--use_cache").use_cache is True
    assert parse("--use_cache false").use_cache is False


@pytest.mark.parametrize("line", ["--max_length 8", "--max-length 8", "--max_length=8"])
def test_underscore_hyphen_and_equals_sign(line):
    assert parse(line).max_length == 8


def test_lists_and_paths():
    options = parse("--widths 1.0 0.75 0.5 --output_dir a/b")
    assert options.widths == [1.0, 0.75, 0.5]
    assert options.output_dir == Path("a/b")
    assert parse("--widths=0.5").widths == [0.5]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--learning_rate", "-5"], -5.0),
        (["--learning_rate=-5"], -5.0),
        (["--learning_rate", "3e-4"], 3e-4),
    ],
)
def test_numbers_with_a_sign(words, expected):
    assert cli.parse(Options, words).learning_rate == expected


@pytest.mark.parametrize("value", ["--strange", "-x", "two words", "播放 音乐", "a=b", ""])
def test_a_value_after_an_equals_sign_is_taken_as_it_is(value):
    assert cli.parse(Options, [f"--name={value}"]).name == value


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("--max_lenght 8", ["unknown flag --max_lenght", "did you mean `--max_length`?"]),
        ("--dotrain", ["unknown flag --dotrain", "did you mean `--do_train`?"]),
        ("--xyzzy 1", ["unknown flag --xyzzy; --help lists all"]),
        ("--max_length many", ["--max_length", "'many'"]),
        ("--max_length 1.5", ["--max_length", "'1.5'"]),
        ("--max_length", ["Missing value", "--max_length"]),
        ("--do_train perhaps", ["--do_train", "'perhaps'", "'True', 'False'"]),
        ("--engine tensorrt", ["--engine", "'tensorrt'", "'paddle', 'onnxruntime'"]),
        ("--widths 1 wide", ["--widths", "'wide'"]),
        ("stray", ["stray"]),
        ("--max_length 0", ["--max_length must be at least 1, got 0"]),
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(line, parts, capsys):
    code, err = end_of(lambda options: None, line.split(), capsys)
    assert code == 2
    assert err.startswith("error: ") and err.count("\n") == 1 and "Traceback" not in err
    assert not set(cli.BOX_CHARACTERS) & set(err)
    for part in parts:
        assert part in err


def test_a_long_value_is_shown_whole(capsys):
    value = "/".join(["a-folder-with-hyphens"] * 20)
    code, err = end_of(lambda options: None, ["--engine", value], capsys)
    assert code == 2 and value in err


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (cli.UserError("data/train.txt:118: expected 4 fields,\n got 3"), 2),
        (cli.EnvironmentLacks("no GPU here;\n take --device cpu"), 3),
        (OSError(errno.ENOSPC, "No space left on device", "model.onnx"), 3),
        (PermissionError(errno.EACCES, "Permission denied", "output"), 3),
    ],
)
def test_expected_failures_are_one_line(problem, code, capsys):
    def main(options):
        raise problem

    got, err = end_of(main, [], capsys)
    assert got == code
    assert err == f"error: {' '.join(str(problem).split())}\n"


def test_debug_adds_the_stack_trace(capsys):
    def main(options):
        assert options.max_length == 4
        raise cli.UserError("the reason")

    code, err = end_of(main, ["--debug", "--max_length", "4"], capsys)
    assert code == 2
    assert "Traceback" in err and err.endswith("error: the reason\n")


@pytest.mark.parametrize("problem", [ValueError("ours"), FileNotFoundError(errno.ENOENT, "gone", "x")])
def test_our_own_bugs_are_not_dressed_up(problem):
    def main(options):
        raise problem

    with pytest.raises(type(problem)):
        cli.run(main, Options, [])


def test_interrupting_is_no_stack_trace(capsys):
    def main(options):
        raise KeyboardInterrupt

    assert end_of(main, [], capsys) == (130, "interrupted\n")


SCRIPT = """
import sys
from dataclasses import dataclass
from common import cli

@dataclass
class Options:
    '''Train a thing.'''
    steps: int = 3
    '''How many.'''

def main(options):
    1 / 0

try:
    cli.run(main, Options)
finally:
    heavy = {"paddle", "paddlenlp", "onnx", "onnxruntime", "openvino", "fastdeploy", "matplotlib"} & set(sys.modules)
    print("heavy:", sorted(heavy), file=sys.stderr)
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)

    def start(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, path, *words], capture_output=True, text=True)

    return start


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_comes_without_heavy_imports(script, flag):
    result = script(flag)
    assert result.returncode == 0
    assert "usage: train.py" in result.stdout and "--steps" in result.stdout and "How many." in result.stdout
    assert result.stderr == "heavy: []\n"


def test_exit_codes_of_a_real_process(script):
    assert script("--step", "1").returncode == 2
    crash = script()
    assert crash.returncode == 1 and "ZeroDivisionError" in crash.stderr


def test_the_terminal_width_is_put_back(monkeypatch):
    import os

    for before in (None, "77"):
        monkeypatch.delenv("COLUMNS", raising=False)
        if before:
            monkeypatch.setenv("COLUMNS", before)
        for line in ("--max_length 3", "--max_length x"):
            with contextlib.suppress(cli.UserError):
                parse(line)
            assert os.environ.get("COLUMNS") == before


def test_did_you_mean():
    assert cli.did_you_mean("singr", ["singer", "song"]) == " (did you mean `singer`?)"
    assert cli.did_you_mean("zzz", ["singer", "song"]) == ""
    assert cli.did_you_mean("x", []) == ""


@dataclass(kw_only=True)
class Shared:
    """What several apps have."""

    ALIASES: ClassVar[dict[str, str]] = {}
    NOT_OFFERED: ClassVar[frozenset[str]] = frozenset()

    rows_per_step: int = 32
    """Rows of a step."""
    save_steps: int = 100
    """Steps between two checkpoints."""
    eval_steps: int | None = None
    """Steps between two evaluations."""
    keep_best: bool = False
    """Keep the best one."""

    def __post_init__(self):
        if self.eval_steps is None:
            self.eval_steps = self.save_steps
        if self.rows_per_step < 1:
            raise cli.UserError(f"{cli.flag_of(self, 'rows_per_step')} must be at least 1, got {self.rows_per_step}")


@dataclass(kw_only=True)
class Respelled(Shared):
    """An app whose document has other words."""

    # the word of one field is the name of another one, which is not offered
    ALIASES: ClassVar[dict[str, str]] = {"batch_size": "rows_per_step", "eval_steps": "save_steps", "best": "keep_best"}
    NOT_OFFERED: ClassVar[frozenset[str]] = frozenset({"eval_steps"})

    save_steps: int = 50
    """Steps between two evaluations and checkpoints."""
    words: list[str] = field(default_factory=list)
    """The app's own."""


def test_a_document_may_spell_a_flag_in_another_way():
    made = cli.parse(Respelled, ["--batch_size", "8", "--best", "--words", "a", "b"])
    assert made == Respelled(rows_per_step=8, keep_best=True, words=["a", "b"])
    assert type(made) is Respelled
    assert (made.save_steps, made.eval_steps) == (50, 50)
    made = cli.parse(Respelled, ["--eval-steps=7", "--best", "no"])
    assert (made.save_steps, made.eval_steps, made.keep_best) == (7, 7, False)
    assert cli.values_by_flag(made) == {"batch_size": 32, "eval_steps": 7, "best": False, "words": []}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--rows_per_step 8", "unknown flag --rows_per_step"),
        ("--batch_siz 8", "did you mean `--batch_size`?"),
        ("--batch_size x", "--batch_size"),
        ("--batch_size 0", "--batch_size must be at least 1, got 0"),
    ],
)
def test_messages_spell_a_flag_as_the_document_does(line, message):
    with pytest.raises(cli.UserError) as caught:
        cli.parse(Respelled, line.split())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_help_has_the_documents_words(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.parse(Respelled, ["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "An app whose document has other words." in text
    assert "--batch_size INT Rows of a step. (default: 32)" in text
    assert "--eval_steps INT Steps between two evaluations and checkpoints. (default: 50)" in text
    assert "rows_per_step" not in text
    assert "save_steps" not in text
