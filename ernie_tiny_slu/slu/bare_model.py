# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A static model that lies without its bundle, as PaddleNLP exports it: what its program says, and a bundle around it.

It needs a vocabulary and label files beside it; what else must be known is read from the program.
"""

from dataclasses import dataclass
from pathlib import Path

from common.bundle import Bundle
from common.bundle.checks import MANIFEST
from common.cli import UserError
from common.data.readers import read_labels, read_tag_labels
from common.data.tokenizer import WordPieceTokenizer
from common.engines.paddle import input_types

from slu.predictor import TASK

USUAL_LENGTH = 16  # the document's, in tokens


@dataclass(frozen=True)
class Facts:
    """What a program says of itself.

    Attributes:
        input: name of the token ids.
        dtype: of the token ids, "int64" or "int32".
        rows: of the word table.
        positions: rows of the position table.
        widths: number of intents, number of slot tags.
        precision: "fp32" or "int8", of the matrix products.
    """

    input: str
    dtype: str
    rows: int
    positions: int
    widths: list[int]
    precision: str


def facts_of(program: Path) -> Facts:
    """Reads a `.pdmodel` file.

    Raises:
        UserError: not a program, or not one with token ids alone as input and two outputs, intents before slots.
    """
    from paddle.base import core

    try:
        described = core.ProgramDesc(program.read_bytes())  # must outlive its block
        block = described.block(0)
        operators = [block.op(number) for number in range(block.op_size())]
    except Exception as fault:  # whatever the C++ side says of bytes that are no program
        raise UserError(f"{program}: damaged or not a static model; export it again") from fault

    def shape(name: str) -> list[int]:
        return list(block.find_var(name.encode()).shape())

    names = [operator.output("Out")[0] for operator in operators if operator.type() == "feed"]
    outputs = [shape(operator.input("X")[0]) for operator in operators if operator.type() == "fetch"]
    tables: dict[bool, list[int]] = {True: [], False: []}  # by whether the token ids themselves are looked up
    for operator in operators:
        if operator.type() == "lookup_table_v2":
            tables[operator.input("Ids") == names].append(shape(operator.input("W")[0])[0])
    if len(names) != 1 or [len(each) for each in outputs] != [2, 3] or not all(tables.values()):
        raise UserError(
            f"{program}: {len(names)} inputs and outputs with {', '.join(str(len(each)) for each in outputs)} axes; "
            "expected token ids alone, intents [batch, intents] and slots [batch, length, tags]; export it again"
        )
    int8 = any("quantize_linear" in operator.type() for operator in operators)
    return Facts(
        input=names[0],
        dtype=input_types(program, names)[names[0]],
        rows=tables[True][0],
        positions=max(tables[False]),
        widths=[each[-1] for each in outputs],
        precision="int8" if int8 else "fp32",
    )


def bundle_around(
    program: Path,
    weights: Path,
    vocabulary: Path,
    label_files: dict[str, Path],
    max_length: int | None,
    folder: Path,
) -> Bundle:
    """What a bundle would say of a model that lies alone, from its program, the vocabulary and the label files.

    Args:
        label_files: of "intent" and "slot", in this order.
        max_length: longest input in tokens; None takes the document's, or the position table's where that is shorter.
        folder: gets links to the files under a bundle's names, to be kept while the model is opened.

    Raises:
        UserError: vocabulary, labels or length do not belong to the model.
    """
    facts = facts_of(program)
    labels = {"intent": read_labels(label_files["intent"]), "slot": read_tag_labels(label_files["slot"])}
    tokens = len(WordPieceTokenizer(vocabulary))
    if tokens != facts.rows:
        raise UserError(f"{vocabulary}: {tokens} tokens, but the word table of {program} has {facts.rows} rows")
    for name, width in zip(labels, facts.widths, strict=True):
        if len(labels[name]) != width:
            raise UserError(
                f"{label_files[name]}: {len(labels[name])} labels, but the {name} head of {program} is {width} wide"
            )
    length = max_length or min(USUAL_LENGTH, facts.positions)
    if length > facts.positions:
        raise UserError(f"--max_seq_length {length}: the position table of {program} has {facts.positions} rows")
    listed = {}
    for name, path in (("model.pdmodel", program), ("model.pdiparams", weights), ("vocab.txt", vocabulary)):
        (folder / name).symlink_to(path.resolve())
        listed[name] = {"bytes": path.stat().st_size}
    return Bundle(folder, manifest_of(facts, length, listed), labels)


def manifest_of(facts: Facts, max_length: int, listed: dict[str, dict[str, int]]) -> dict:
    """The manifest of such a bundle; `listed` are its files."""
    return {
        "app": "ernie_tiny_slu",
        "task": TASK,
        "stage": "unknown",
        "precision": facts.precision,
        "architecture": {"vocab_size": facts.rows, "positions": facts.positions},
        "inputs": [{"name": facts.input, "shape": [-1, -1], "dtype": facts.dtype}],
        "outputs": [
            {"name": "intent_logits", "shape": [-1, facts.widths[0]]},
            {"name": "slot_logits", "shape": [-1, -1, facts.widths[1]]},
        ],
        "max_length": max_length,
        "pad_id": 0,
        "files": listed,
    }


def require_flags(program: Path, given: dict[str, Path | None]) -> None:
    """Raises `UserError` for the first flag, name to value, that a model without its bundle needs and lacks."""
    for name, value in given.items():
        if value is None:
            raise UserError(f"--{name} is needed: no {MANIFEST} lies beside {program}, so it is no bundle's model")
