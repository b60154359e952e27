# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An options dataclass as a command line, and what a user sees when something is wrong.

Exit codes: 2 for the user's input, 3 for an environment that lacks something, 1 only for our own bugs.
"""

import contextlib
import difflib
import errno
import io
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_type_hints

T = TypeVar("T")
NOT_OUR_BUG = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}  # full or forbidden disk
# What PaddleNLP's import sets off in pinned libraries; nothing that a user could mend, and an error is to be one line.
LIBRARY_NOISE = ("Setuptools is replacing distutils", "pkg_resources is deprecated")
BOX_CHARACTERS = "╭╮╰╯│─"


class UserError(Exception):
    """The user's input is wrong. The message says what, where and how to mend it, in one line."""

    exit_code = 2


class EnvironmentLacks(Exception):
    """An engine, library, device or build feature that was asked for is not there."""

    exit_code = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean `x`?)` for the nearest of the known words, or an empty string."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean `{near[0]}`?)" if near else ""


def one_line(message: str) -> str:
    return " ".join(str(message).split())


def parse(options_class: type[T], arguments: Sequence[str]) -> T:
    """Build the options from command-line words.

    Flags keep their underscores; a boolean is written `--flag` or `--flag True`; a list is words after one flag.

    Raises:
        UserError: an unknown flag or a value of the wrong type, or what the dataclass's own checks raise.
        SystemExit: with code 0 after `--help`.
    """
    import tyro

    words = _normalise(options_class, list(arguments))
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), _wide_unless_help(words):
            return tyro.cli(
                options_class, args=words, use_underscores=True, config=(tyro.conf.FlagConversionOff,), prog=_program()
            )
    except SystemExit as stop:
        if not stop.code:
            print(printed.getvalue(), end="")
            raise
        raise UserError(_message_of_box(printed.getvalue())) from None


def run(main: Callable[[T], Any], options_class: type[T], arguments: Sequence[str] | None = None) -> None:
    """Parse, call `main`, and turn the two kinds of expected failure into one line and an exit code."""
    for message in LIBRARY_NOISE:
        warnings.filterwarnings("ignore", message)
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    try:
        main(parse(options_class, [word for word in words if word != "--debug"]))
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except (UserError, EnvironmentLacks, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno not in NOT_OUR_BUG:
            raise
        if debug:
            traceback.print_exc()
        print(f"error: {one_line(problem)}", file=sys.stderr)
        sys.exit(getattr(problem, "exit_code", EnvironmentLacks.exit_code))
    except KeyboardInterrupt:
        if debug:
            traceback.print_exc()
        print("interrupted", file=sys.stderr)
        sys.exit(130)


@contextlib.contextmanager
def _wide_unless_help(words: list[str]) -> Iterator[None]:
    """The parser draws its messages as wide as the terminal and would cut a long path in two."""
    before = os.environ.get("COLUMNS")
    if not {"--help", "-h"} & set(words):
        os.environ["COLUMNS"] = "2000"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("COLUMNS", None)
        else:
            os.environ["COLUMNS"] = before


def _program() -> str:
    return sys.argv[0].rsplit("/", 1)[-1] or "program"


def _boolean_flags(options_class: type) -> set[str]:
    hints = get_type_hints(options_class)
    return {f.name for f in fields(options_class) if hints[f.name] is bool or bool in get_args(hints[f.name])}


def _normalise(options_class: type, words: list[str]) -> list[str]:
    """Spell booleans out for the parser and refuse unknown flags with the nearest known one."""
    if not is_dataclass(options_class):
        return words
    known = {field.name for field in fields(options_class)}
    booleans = _boolean_flags(options_class)
    out: list[str] = []
    for position, word in enumerate(words):
        flag = re.match(r"--([A-Za-z][\w-]*)(=.*)?$", word)
        if not flag:
            out.append(word)
            continue
        name = flag[1].replace("-", "_")
        if name == "help":
            out.append("--help")
            continue
        if name not in known:
            raise UserError(
                f"unknown flag --{flag[1]}{did_you_mean(f'--{name}', ['--' + k for k in known])}; --help lists all"
            )
        value = flag[2][1:] if flag[2] else None
        if value is not None and value.startswith("-"):  # as a word of its own it would be read as a flag
            out.append(f"--{name}={value}")
            continue
        following = words[position + 1] if position + 1 < len(words) else None
        out.append(f"--{name}")
        if value is not None:
            out.append(_boolean_word(value) if name in booleans else value)
        elif name in booleans and (following is None or following.startswith("--")):
            out.append("True")
        elif name in booleans:
            words[position + 1] = _boolean_word(following)
    return out


def _boolean_word(word: str) -> str:
    spelled = {"true": "True", "1": "True", "yes": "True", "false": "False", "0": "False", "no": "False"}
    return spelled.get(word.lower(), word)


def _message_of_box(text: str) -> str:
    """The error sentence out of the parser's drawn box."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines = [
        line.strip(BOX_CHARACTERS + "-+| ") if set(line) <= set(BOX_CHARACTERS + "-+ ") else line.strip("│| ")
        for line in text.splitlines()
    ]
    body = lines[1:]  # the first one is the box's title
    while body and not body[0]:
        body.pop(0)
    message = body[: body.index("")] if "" in body else body
    return one_line(" ".join(message)).rstrip(".") + "; --help lists all flags"
