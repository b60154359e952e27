# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A tree of YAML keys → a dataclass: types are checked, an unknown key gets the nearest known one and its place."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from common.cli import UserError, did_you_mean

from fleetx.settings.tree import Section

T = TypeVar("T")
NUMBER = {int: "a whole number", float: "a number", bool: "True or False", str: "a word"}


class BadValue(ValueError):
    """What a dataclass's own checks raise: the field and what is wrong with it."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field


def build(kind: type[T], section: Section, path: str = "") -> T:
    """The dataclass with the section's values; what is not given keeps its default.

    Args:
        path: dotted keys that lead to the section, ending in a dot.

    Raises:
        UserError: an unknown key, a value of another type, or one that the dataclass refuses.
    """
    hints = get_type_hints(kind)
    known = {field.name: hints[field.name] for field in settable(kind)}
    values = {}
    for key, given in section.items():
        place = section.places[key]
        if key not in known:
            raise UserError(f"{place}: unknown key `{path}{key}`{_nearest(key, known, kind)}")
        try:
            values[key] = convert(known[key], given, f"{path}{key}.")
        except TypeError as fault:
            raise UserError(f"{place}: {path}{key}: {fault}") from None
    try:
        return kind(**values)
    except BadValue as fault:
        place = section.places.get(fault.field)
        raise UserError(f"{place + ': ' if place else ''}{path}{fault.field}: {fault}") from None


def convert(hint: Any, given: Any, path: str) -> Any:
    """One value as its field's type wants it. Raises `TypeError` that says what was expected."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if given is None and NoneType in inner:
            return None
        return convert(next(each for each in inner if each is not NoneType), given, path)
    if is_dataclass(hint):
        if given is None:
            return hint()
        if not isinstance(given, Section):
            raise TypeError(f"expected keys below it, got `{given}`")
        return build(hint, given, path)
    if origin is Literal:
        if given not in inner:
            near = did_you_mean(given, inner) if isinstance(given, str) else ""
            raise TypeError(f"`{given}`{near} is not one of {', '.join(map(str, inner))}")
        return given
    if origin is tuple:
        listed = [] if given is None else given if isinstance(given, list) else [given]
        return tuple(convert(inner[0], each, path) for each in listed)
    if origin is dict:
        if given is not None and not isinstance(given, dict):
            raise TypeError(f"expected keys below it, got `{given}`")
        return {key: convert(inner[1], each, path) for key, each in (given or {}).items()}
    return _scalar(hint, given)


def _scalar(hint: type, given: Any) -> Any:
    if hint is float and isinstance(given, str):  # YAML 1.1 takes 5e-5, without a dot, for a word
        try:
            return float(given)
        except ValueError:
            pass
    if hint is float and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    if hint is int and isinstance(given, float) and given.is_integer():
        return int(given)
    if hint is str and isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)  # a folder called 2024
    if not isinstance(given, hint) or (hint is not bool and isinstance(given, bool)):
        raise TypeError(f"expected {NUMBER[hint]}, got `{given}`")
    return given


def settable(kind: type) -> list[Field]:
    """Fields that a YAML file may set."""
    return [field for field in fields(kind) if not field.metadata.get("internal")]


def _nearest(key: str, known: dict[str, Any], kind: type) -> str:
    near = did_you_mean(key, known)
    return near or f"; {kind.__name__.removesuffix('Settings')} has {', '.join(known)}"


def described(kind: type, path: str = "") -> Iterator[tuple[str, Any, str]]:
    """(dotted key, default, help) of every key below; sections come as what is in them."""
    hints, helps = get_type_hints(kind), docstrings(kind)
    for field in settable(kind):
        hint = hints[field.name]
        inner = next((each for each in (hint, *get_args(hint)) if is_dataclass(each)), None)
        if inner is not None and get_origin(hint) is not tuple and hint is inner:
            yield from described(inner, f"{path}{field.name}.")
            continue
        default = field.default if field.default is not MISSING else field.default_factory()
        yield path + field.name, default, helps.get(field.name, "")


def docstrings(kind: type) -> dict[str, str]:
    """The string below each field of a dataclass, its bases' too."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if not is_dataclass(each):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0].body
        for field, below in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                found[field.target.id] = " ".join(str(getattr(below.value, "value", "")).split())
    return found
