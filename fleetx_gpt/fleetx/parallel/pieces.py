# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What processes have in parts, put together again, by files in a folder that all of them see.

Only a process that reads them holds the whole arrays, in the host's memory; nothing of it passes through a GPU's.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from fleetx.state import weights

Arrays = dict[str, np.ndarray]


def write(folder: Path, number: int, arrays: Arrays, axes: dict[str, int]) -> None:
    """One process's parts.

    Args:
        number: place among the processes whose parts are put side by side.
        axes: name -> axis along which an array is a part; an array without one is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights.save(arrays, folder / f"{number}.safetensors")
    (folder / f"{number}.json").write_text(json.dumps(axes), encoding="utf-8")


def read(folder: Path, rows: int | None = None) -> Arrays:
    """The whole arrays.

    Args:
        rows: of a token table and its moments; further ones are padding and left out.
    """
    return dict(_whole(folder, rows))


def _whole(folder: Path, rows: int | None) -> Iterator[tuple[str, np.ndarray]]:
    from safetensors import safe_open

    numbers = sorted(int(path.stem) for path in folder.glob("*.safetensors"))
    opened = {n: safe_open(str(folder / f"{n}.safetensors"), "numpy") for n in numbers}
    axes: dict[str, int] = {}
    holders: dict[str, list[int]] = {}
    for number in numbers:
        axes |= json.loads((folder / f"{number}.json").read_text(encoding="utf-8"))
        for name in opened[number].keys():  # noqa: SIM118  an opened file is no mapping
            holders.setdefault(name, []).append(number)
    for name, found in holders.items():
        axis = axes.get(name)
        if axis is None:
            yield name, opened[found[0]].get_tensor(name)
            continue
        array = np.concatenate([opened[number].get_tensor(name) for number in found], axis=axis)
        if rows is not None and "word_embeddings.weight" in name:
            array = array[:rows]
        yield name, array


def together(
    folder: Path, number: int, arrays: Arrays, axes: dict[str, int], wait: Callable[[], None], reads: bool, rows: int
) -> Arrays | None:
    """All processes' parts as whole arrays; None where a process does not read them. Every process has to call it.

    Args:
        number: as of `write`; negative for a process whose parts others have as well.
        wait: until all processes have come here.
    """
    if number >= 0:
        write(folder, number, arrays, axes)
    wait()
    whole = read(folder, rows) if reads else None
    wait()
    if number == 0:
        shutil.rmtree(folder)
    return whole
