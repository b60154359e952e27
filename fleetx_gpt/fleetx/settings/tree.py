# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""YAML files as nested mappings that know where each key was written; `_base_` and `-o Key.sub=value`."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from common import files
from common.cli import UserError, one_line

import yaml

BASE, INHERITED = "_base_", "_inherited_"
NOTHING = ("None", "none")  # YAML's own word is null; the documents write None
SLASHES = re.compile(r"(^|\s)//(\s|$)")


DEEPEST = 100  # levels of a file; Python's own limit on recursion is a process's, and PaddleSlim's import raises it


class Loader(yaml.SafeLoader):
    """PyYAML's, which gives up with a `RecursionError` at a depth that does not depend on the process."""

    depth = 0

    def compose_node(self, parent, index):
        self.depth += 1
        if self.depth > DEEPEST:
            raise RecursionError
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class Section(dict):
    """A mapping; `places` holds `file:line` (or `-o Key`) of each of its keys."""

    def __init__(self):
        super().__init__()
        self.places: dict[str, str] = {}

    def put(self, key: str, value: Any, place: str) -> None:
        self[key] = value
        self.places[key] = place

    def take(self, key: str) -> tuple[Any, str]:
        """Remove a key; its value and place."""
        return self.pop(key), self.places.pop(key)


def read(path: Path | str, including: tuple[Path, ...] = ()) -> Section:
    """One YAML file on top of the files that its `_base_` names (relative to it; the later ones win).

    A mapping with `_inherited_: False` replaces what the base has under that key; all others are merged key by key.

    Raises:
        UserError: no such file, not YAML, not a mapping, a key twice, or files that include each other in a circle.
    """
    path = Path(path)
    if path.resolve() in including:
        raise UserError(f"{path}: includes itself by way of {BASE}: {' -> '.join(p.name for p in including)}")
    try:
        own = _parse(files.read_text(path, "configuration"), str(path))
    except RecursionError:
        raise UserError(f"{path}: nested too deep, or a part that contains itself (`&` and `*`)") from None
    bases, place = own.take(BASE) if BASE in own else ([], "")
    merged = Section()
    for name in [bases] if isinstance(bases, str) else bases or []:
        if not isinstance(name, str):
            raise UserError(f"{place}: {BASE} is a file or a list of files, got `{name}`")
        base = path.parent / name
        if not base.is_file():
            raise UserError(f"{place}: {BASE} {name}: there is no {base}; write it relative to this file")
        merge(merged, read(base, (*including, path.resolve())))
    merge(merged, own)
    return merged


def merge(under: Section, over: Section) -> None:
    """Put `over` on top of `under`, in place."""
    for key, value in over.items():
        if isinstance(value, Section):
            keep = value.pop(INHERITED, True)
            value.places.pop(INHERITED, None)
            beneath = under.get(key)
            fresh = beneath if isinstance(beneath, Section) and keep is not False else Section()
            merge(fresh, value)
            value = fresh
        under.put(key, value, over.places[key])


def override(tree: Section, words: Iterable[str]) -> None:
    """Apply `Key.sub=value` words, in place; the value is read as YAML and may itself hold `=`.

    Raises:
        UserError: no `=`, a value that is not YAML, or a path that goes through a plain value.
    """
    for word in words:
        path, equals, text = word.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise UserError(f"-o {word}: not of the form Key.sub=value, for example -o Engine.max_steps=100")
        place = f"-o {path.strip()}"
        try:
            node = yaml.compose(text, Loader)
            value = None if node is None else _value(Loader(""), node, lambda _, place=place: place)
        except yaml.YAMLError as fault:
            raise UserError(f"{place}: `{text}` is not a YAML value: {one_line(str(fault))[:120]}") from None
        except RecursionError:
            raise UserError(f"{place}: nested too deep, or a part that contains itself (`&` and `*`)") from None
        into = tree
        for number, key in enumerate(keys[:-1]):
            beneath = into.get(key)
            if beneath is None:
                into.put(key, beneath := Section(), place)
            if not isinstance(beneath, Section):
                raise UserError(f"{place}: {'.'.join(keys[: number + 1])} is the value `{beneath}`, it has no keys")
            into = beneath
        if isinstance(value, Section):
            over = Section()
            over.put(keys[-1], value, place)
            merge(into, over)
        else:
            into.put(keys[-1], value, place)


def walk(section: Section, path: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, place) of every key, sections too."""
    for key, value in section.items():
        yield path + key, section.places[key]
        if isinstance(value, Section):
            yield from walk(value, f"{path}{key}.")


def _parse(text: str, name: str) -> Section:
    loader = Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UserError(f"{name}{line}: not YAML: {getattr(fault, 'problem', None) or one_line(str(fault))}") from None
    if node is None:
        return Section()
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{name}:{node.start_mark.line + 1}: expected `Key: value` lines")
    return _value(loader, node, lambda each: f"{name}:{each.start_mark.line + 1}")


def _value(loader: yaml.SafeLoader, node: yaml.Node, place) -> Any:
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        section = Section()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in section and section.places[key] != place(key_node):
                raise UserError(f"{place(key_node)}: `{key}` stands already in {section.places[key]}; leave one")
            section.put(key, _value(loader, value_node, place), place(key_node))
        return section
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, each, place) for each in node.value]
    if node.style is None and SLASHES.search(node.value):
        raise UserError(f"{place(node)}: `//` begins no comment in YAML; write `#`")
    try:
        value = loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as fault:
        raise UserError(f"{place(node)}: `{node.value}`: {one_line(str(fault))[:120]}") from None
    return None if isinstance(value, str) and value in NOTHING else value
