# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What fine-tuning a model of `common.models.encoders` is made of: start, checkpoint record, scores."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common import files
from common.cli import UserError
from common.data import vocabulary
from common.data.readers import describe
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint, encoders

import numpy as np
import paddle
from tqdm import tqdm

TIMINGS = ("runtime", "per_second", "ppl", "epoch")


def start(
    families: encoders.Families, name: str, heads: Mapping[str, Any], flag: str, folder: Path
) -> tuple[paddle.nn.Layer, Path]:
    """The model that `flag` names, and its vocabulary file; a downloaded one comes to lie in `folder`.

    Args:
        heads: as of `encoders.load_or_adopt`.

    Raises:
        UserError: neither a folder nor reachable.
    """
    return encoders.load_or_adopt(families, name, heads, flag), vocabulary_of(name, folder)


def vocabulary_of(name: str, folder: Path) -> Path:
    """The vocabulary file of a model by folder, or by name; a downloaded one comes to lie in `folder`.

    Raises:
        UserError: there is none.
    """
    if Path(name).is_dir():
        return files.require(Path(name) / checkpoint.VOCABULARY, "vocabulary")
    from paddlenlp.transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(name).save_pretrained(str(folder))
    return files.require(folder / checkpoint.VOCABULARY, "vocabulary")


def from_scratch(
    families: encoders.Families,
    name: str,
    heads: Mapping[str, Any],
    flag: str,
    folder: Path,
    texts: Iterable[str],
    **shape: int | None,
) -> tuple[paddle.nn.Layer, Path]:
    """The named architecture with random weights, and a vocabulary of the training texts written into `folder`.

    `heads`, `shape`: as of `encoders.build`.
    """
    network = encoders.build(families, name, heads, flag, **shape)
    rows = network.config.vocab_size
    tokens = vocabulary.build(texts, rows)
    print(
        f"from scratch: {name} with random weights; {len(tokens)} tokens of the training text in a table of {rows} "
        "rows",
        flush=True,
    )
    path = folder / checkpoint.VOCABULARY
    vocabulary.write(path, vocabulary.widened(tokens, rows))
    return network, path


def check_fit(network: paddle.nn.Layer, vocabulary_file: Path, max_length: int, length_flag: str) -> None:
    """Raises `UserError` with both numbers where vocabulary, tables and input length do not fit together."""
    config, tokens = network.config, len(WordPieceTokenizer(vocabulary_file))
    if tokens != config.vocab_size:
        raise UserError(f"{vocabulary_file}: {tokens} tokens, but the model's word table has {config.vocab_size} rows")
    if max_length > config.max_position_embeddings:
        raise UserError(
            f"{length_flag} {max_length}: the model's position table has {config.max_position_embeddings} rows"
        )


def record(
    app: str, arguments: Mapping[str, Any], stage: str, metrics: dict, data: Sequence[Path | None], **more: Any
) -> dict:
    """What `training.json` says of how a checkpoint was made.

    Args:
        arguments: the run's options by name, `seed` among them; all are kept as text.
        metrics: on the development set.
        data: files it was made from.
        more: what loading needs: labels, input length.
    """
    return {
        "app": app,
        "stage": stage,
        "seed": arguments["seed"],
        "from_scratch": arguments.get("from_scratch", False),
        "commit": files.git_commit(),
        "data": [describe(path) for path in data if path],
        **more,
        "metrics": metrics,
        "arguments": {name: str(value) for name, value in arguments.items()},
    }


def record_of(folder: Path, app: str) -> dict:
    """`training.json` of a checkpoint of the app.

    Raises:
        UserError: it is missing or another app's.
    """
    path = files.require(Path(folder) / checkpoint.RECORD, "record of the training")
    content = files.read_json(path)
    if not isinstance(content, dict) or content.get("app") != app:
        raise UserError(f"{path}: not written by {app}; train the checkpoint there")
    return content


def logits_of(
    network: paddle.nn.Layer, rows: Sequence, collate: Callable, inputs: Sequence[str], batch_size: int
) -> list[np.ndarray]:
    """The logits of each row, float32 [classes] or [length, classes], batched by length, in the order of the rows.

    Args:
        rows: with `ids`.
        collate: list of rows -> name to array.
        inputs: names of what `network` is called with.
    """
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    result: list[Any] = [None] * len(rows)
    for first in tqdm(range(0, len(order), batch_size), desc="evaluate", unit="batch", leave=False, disable=None):
        places = order[first : first + batch_size]
        batch = collate([rows[place] for place in places])
        with paddle.no_grad():
            logits = network(*(paddle.to_tensor(batch[name]) for name in inputs)).numpy()
        for place, row_logits in zip(places, logits, strict=True):
            result[place] = row_logits if logits.ndim == 2 else row_logits[: len(rows[place].ids)]
    return result


def plain_metrics(evaluated: dict) -> dict[str, float]:
    """The Trainer's `eval_…` figures without its timings."""
    return {k.removeprefix("eval_"): v for k, v in evaluated.items() if not any(word in k for word in TIMINGS)}


def format_metrics(metrics: dict[str, float]) -> str:
    """Names and figures in one line for the terminal."""
    return "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
