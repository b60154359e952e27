# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An options dataclass as a command line, and what a user sees when something is wrong.

Every field of the dataclass is a flag of its name. Two class attributes change that:
    ALIASES: flag -> field, where an app's document spells a flag in another way than the field that all apps share.
    NOT_OFFERED: fields that are no flags, because the app decides them itself.

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
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

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


def flags(options: Any) -> dict[str, str]:
    """Flag (without its dashes) -> field of an options class or object, for the fields that are offered."""
    spelling = {name: flag for flag, name in getattr(options, "ALIASES", {}).items()}
    names = [f.name for f in fields(options) if f.name not in getattr(options, "NOT_OFFERED", ())]
    return {spelling.get(name, name): name for name in names}


def flag_of(options: Any, name: str) -> str:
    """How the command line spells the field of that name, for messages: `--batch_size`."""
    return "--" + next((flag for flag, offered in flags(options).items() if offered == name), name)


def values_by_flag(options: Any) -> dict[str, Any]:
    """The values of an options object under the words of its command line, for records of a run."""
    return {flag: getattr(options, name) for flag, name in flags(options).items()}


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
            parsed = tyro.cli(
                _command_line(options_class),
                args=words,
                use_underscores=True,
                config=(tyro.conf.FlagConversionOff,),
                prog=_program(),
            )
    except SystemExit as stop:
        if not stop.code:
            print(printed.getvalue(), end="")
            raise
        raise UserError(_message_of_box(printed.getvalue())) from None
    return options_class(**{name: getattr(parsed, name) for name in flags(options_class).values()})


def _command_line(options_class: type) -> type:
    """What tyro is given: the options class with its flags respelled or left out, and without its checks.

    The checks run afterwards, once, when `parse` builds the options themselves.
    """
    import tyro

    hints = get_type_hints(options_class, include_extras=True)
    offered = {name: flag for flag, name in flags(options_class).items()}
    # tyro reads the help of a field from the source of the class, which it finds by the class's name
    body: dict[str, Any] = {name: getattr(options_class, name) for name in ("__module__", "__qualname__", "__doc__")}
    body |= {"__annotations__": {}, "__post_init__": lambda self: None}
    for each in fields(options_class):
        if each.name not in offered:
            body["__annotations__"][each.name] = hints[each.name]
            body[each.name] = field(init=False, default=None)
        elif offered[each.name] != each.name:
            body["__annotations__"][each.name] = Annotated[hints[each.name], tyro.conf.arg(name=offered[each.name])]
            body[each.name] = field(default=each.default, default_factory=each.default_factory)
    make = dataclass(kw_only=True, frozen=options_class.__dataclass_params__.frozen)
    return make(type(options_class.__name__, (options_class,), body))


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
    names = flags(options_class).items()
    return {flag for flag, name in names if hints[name] is bool or bool in get_args(hints[name])}


def _normalise(options_class: type, words: Sequence[str]) -> list[str]:
    """The words as the parser wants them: values of booleans spelled out, `--flag=value` in two words.

    Raises:
        UserError: an unknown flag; names the nearest known one.
    """
    known, booleans = flags(options_class), _boolean_flags(options_class)
    spelled: list[str] = []
    of_boolean = False  # whether the word before was a boolean flag, whose value may follow
    for word in words:
        match = re.match(r"--([A-Za-z][\w-]*)(=.*)?$", word)
        if of_boolean and word.startswith("--"):
            spelled.append("True")
        if not match:
            spelled.append(_boolean_word(word) if of_boolean and not word.startswith("--") else word)
            of_boolean = False
            continue
        flag, value = match[1].replace("-", "_"), match[2]
        if flag not in known and flag != "help":
            near = did_you_mean(f"--{flag}", ["--" + name for name in known])
            raise UserError(f"unknown flag --{match[1]}{near}; --help lists all")
        of_boolean = flag in booleans and value is None
        spelled += _words_of(flag, value and value[1:], flag in booleans)
    return [*spelled, "True"] if of_boolean else spelled


def _words_of(flag: str, value: str | None, boolean: bool) -> list[str]:
    """The words of a flag that was written alone or as `--flag=value`."""
    if value is None:
        return [f"--{flag}"]
    if value.startswith("-"):  # as a word of its own it would be read as a flag
        return [f"--{flag}={value}"]
    return [f"--{flag}", _boolean_word(value) if boolean else value]


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
