# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a manifest and a label file must look like. Any JSON value at any place gives a `UserError`, never a crash."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.cli import UserError, did_you_mean

MANIFEST = "manifest.json"
FORMAT = 1
TOKENIZER_RULES = 1
LARGEST = 1 << 40  # no size or count in a bundle comes near it
NEEDED_FILES = ("vocab.txt", "labels.json")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def show(value: Any) -> str:
    """A value of an untrusted file for a message: on one line, printable, short."""
    text = ascii(value) if not isinstance(value, str) or not value.isprintable() else f"`{value}`"
    return text if len(text) <= 60 else text[:57] + "..."


def check_manifest(manifest: Any, where: Path | str) -> None:
    """Types and ranges of every key, and that the parts agree with each other.

    Raises:
        UserError: with the key's place (`inputs[0].dtype`), what it holds and what it must hold.
    """
    top = _Place(manifest, str(where))
    top.expect(dict, "an object")
    version = top["format"]
    if version.expect(int, "a whole number").value != FORMAT:
        version.refuse(f"this program reads format {FORMAT}; export the bundle again, or take the program it is for")
    for key in ("app", "task", "stage"):
        top[key].text()
    for key in ("precision", "embedding"):
        top[key].one_of("fp32", "int8")
    _check_architecture(top["architecture"])
    _check_tensors(top)
    length, positions = top["max_length"].count(least=2), top["architecture"]["positions"].value
    if length > positions:
        top["max_length"].refuse(f"the position table has only {positions} rows; export with a smaller length")
    rows = top["architecture"]["vocab_size"].value
    if top["pad_id"].count(least=0) >= rows:
        top["pad_id"].refuse(f"the embedding has only {rows} rows")
    rules = top["tokenizer"].expect(dict, "an object")["rules_version"]
    if rules.count() != TOKENIZER_RULES:
        rules.refuse(f"this program's tokenizer has rules {TOKENIZER_RULES}; export the bundle again")
    top["tokenizer"]["vocab_size"].count()
    _check_files(top["files"])
    if manifest.get("int8_ops") is not None:  # which operators Paddle Inference may run as INT8; all where absent
        top["int8_ops"].list_of(_Place.text)
    if "metrics" in manifest:
        top["metrics"].expect(dict, "an object")
    if "engines" in manifest:
        for _, entry in top["engines"].expect(dict, "an object").entries():
            _check_engine(entry, manifest["files"])
    if manifest.get("decoder") is not None:
        _check_decoder(top["decoder"])


def check_labels(labels: Any, manifest: dict[str, Any], where: Path | str) -> None:
    """Each list of labels against the width of its output: `x` belongs to `x_logits`, a single list to a single output.

    Raises:
        UserError: with both numbers where they differ.
    """
    top = _Place(labels, str(where))
    widths = {output["name"]: output["shape"][-1] for output in manifest["outputs"]}
    lists = list(top.expect(dict, "an object").entries())
    for name, entry in lists:
        entry.expect(list, "a list of labels")
        if not entry.value:
            entry.refuse("it needs at least one label")
        for _, label in entry.entries():
            label.text()
        if len(set(entry.value)) != len(entry.value):
            entry.refuse("a label stands there twice; remove one and train again")
        output = next(iter(widths)) if len(lists) == len(widths) == 1 else f"{name}_logits"
        if output not in widths:
            raise UserError(f"{where}: labels {show(name)}, but no output `{output}`{did_you_mean(output, widths)}")
        if widths[output] != len(entry.value):
            raise UserError(
                f"{where}: {len(entry.value)} labels in {show(name)}, but the output `{output}` is {widths[output]} "
                "wide; take the label file the model was trained with"
            )
    bare = [name for name in widths if name.endswith("_logits") and name.removesuffix("_logits") not in labels]
    if bare and not len(lists) == len(widths) == 1:
        raise UserError(f"{where}: no labels for the output `{bare[0]}`; export the bundle again")
    transitions = (manifest.get("decoder") or {}).get("transitions")
    if transitions is not None:
        tags = {len(entry.value) for name, entry in lists if name in ("slot", "tag")}
        if tags != {len(transitions["start"])}:
            raise UserError(
                f"{where}: {' and '.join(map(str, tags)) or 'no'} tags, but the decoder's transitions are for "
                f"{len(transitions['start'])}; export the bundle again"
            )


class _Place:
    """A value inside a JSON file together with its path there, so that a refusal can name it."""

    def __init__(self, value: Any, file: str, path: str = ""):
        self.value, self.file, self.path = value, file, path

    def refuse(self, why: str) -> None:
        place = f"`{self.path}` is {show(self.value)}" if self.path else f"holds {show(self.value)}"
        raise UserError(f"{self.file}: {place}; {why}")

    def expect(self, kind: type, name: str) -> "_Place":
        if not isinstance(self.value, kind) or (isinstance(self.value, bool) and kind is not bool):
            self.refuse(f"it must be {name}")
        return self

    def __getitem__(self, key: str) -> "_Place":
        if key not in self.value:
            place = f"`{self.path}` has no key" if self.path else "no key"
            raise UserError(f"{self.file}: {place} `{key}`{did_you_mean(key, self.value)}; export the bundle again")
        return _Place(self.value[key], self.file, f"{self.path}.{key}" if self.path else key)

    def entries(self) -> "list[tuple[Any, _Place]]":
        """The members of an object by name, or of a list by index."""
        if isinstance(self.value, dict):
            pairs = [(name, _inside(name)) for name in self.value]
            return [
                (name, _Place(self.value[name], self.file, (self.path + inside).lstrip("."))) for name, inside in pairs
            ]
        return [(i, _Place(value, self.file, f"{self.path}[{i}]")) for i, value in enumerate(self.value)]

    def text(self) -> str:
        if not self.expect(str, "a string").value.strip():
            self.refuse("it must not be empty")
        try:
            self.value.encode()
        except UnicodeEncodeError:
            self.refuse("it holds half of a surrogate pair, which is no character")
        return self.value

    def one_of(self, *words: str) -> str:
        if self.value not in words or not isinstance(self.value, str):
            self.refuse(f"it must be one of {', '.join(words)}")
        return self.value

    def count(self, least: int = 1) -> int:
        if not least <= self.expect(int, "a whole number").value <= LARGEST:
            self.refuse(f"it must be at least {least}" if self.value < least else "it is too large to be true")
        return self.value

    def number(self) -> float:
        if not -LARGEST <= self.expect((int, float), "a number").value <= LARGEST:  # false for NaN too
            self.refuse("it must be a finite number")
        return self.value

    def list_of(self, check: "Callable[[_Place], Any]", length: int | None = None) -> list:
        self.expect(list, "a list")
        if length is not None and len(self.value) != length:
            self.refuse(f"it has {len(self.value)} entries and must have {length}")
        return [check(entry) for _, entry in self.entries()]


def _inside(name: str) -> str:
    return f".{name}" if name.isprintable() and len(name) <= 40 else f".{show(name)}"


def _check_architecture(place: _Place) -> None:
    place.expect(dict, "an object")["name"].text()
    layers = place["layers"].count()
    for key in ("hidden", "vocab_size", "positions"):
        place[key].count()
    for key in ("heads", "ffn"):
        place[key].list_of(_Place.count, length=layers)


def _check_tensors(top: _Place) -> None:
    for key, typed in (("inputs", True), ("outputs", False)):
        names = []
        for _, tensor in top[key].expect(list, "a list").entries():
            names.append(tensor.expect(dict, "an object")["name"].text())
            shape = tensor["shape"].list_of(_dimension)
            if not typed and (not shape or shape[-1] == -1):
                tensor["shape"].refuse("the last axis of an output must have a known width")
            if typed:
                tensor["dtype"].one_of("int32", "int64")
        if not names or len(set(names)) != len(names):
            top[key].refuse("it must name at least one tensor, and none twice")


def _dimension(place: _Place) -> int:
    return place.value if place.expect(int, "a whole number").value == -1 else place.count()


def _check_files(place: _Place) -> None:
    for name, entry in place.expect(dict, "an object").entries():
        if not FILE_NAME.fullmatch(name) or name == MANIFEST:
            raise UserError(f"{place.file}: `files` lists {show(name)}, which is not the plain name of a bundle's file")
        entry.expect(dict, "an object")["bytes"].count(least=0)
        if not re.fullmatch(r"[0-9a-f]{64}", entry["sha256"].text()):
            entry["sha256"].refuse("a sha256 is 64 hexadecimal digits")
    for name in NEEDED_FILES:
        place[name]
    if not any(name.endswith((".pdmodel", ".onnx", ".xml", ".nb")) for name in place.value):
        raise UserError(f"{place.file}: `files` lists no model (.pdmodel, .onnx, .xml or .nb); export the bundle again")


def _check_engine(entry: _Place, listed: dict[str, Any]) -> None:
    entry.expect(dict, "an object")["passed"].expect(bool, "true or false")
    entry["precision"].one_of("fp32", "bf16", "fp16", "int8")
    if entry["file"].text() not in listed:
        entry["file"].refuse("`files` does not list it; export the bundle again")
    for key in ("max_abs_diff", "agreement"):
        if entry.value.get(key) is not None:
            entry[key].number()


def _check_decoder(place: _Place) -> None:
    place.expect(dict, "an object")["default"].text()
    if place.value.get("transitions") is None:
        return
    transitions = place["transitions"].expect(dict, "an object")
    tags = len(transitions["start"].expect(list, "a list").value)
    for key in ("start", "end"):
        transitions[key].list_of(_Place.number, length=tags)
    transitions["pairs"].list_of(lambda row: row.list_of(_Place.number, length=tags), length=tags)
