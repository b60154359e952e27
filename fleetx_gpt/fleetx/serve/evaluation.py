# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Offline scores of a checkpoint: perplexity of a text, the last word of passages, classes of images."""

import math
from collections.abc import Callable
from pathlib import Path

from common.cli import UserError

import numpy as np
import paddle
from tqdm import tqdm

from fleetx.inputs import images, scoring, text
from fleetx.inputs.tokenizer import BytePairs
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import Settings
from fleetx.settings.task import OfflineEvalSettings
from fleetx.state import checkpoints
from fleetx.train import place

Logits = Callable[[np.ndarray], np.ndarray]
"""A model's inputs -> float32 logits; the model in memory or an engine that has its export."""
KEY = "Offline_Eval.eval_path"


def in_memory(network: paddle.nn.Layer) -> Logits:
    def logits(inputs: np.ndarray) -> np.ndarray:
        with paddle.no_grad():
            return network(paddle.to_tensor(inputs)).astype("float32").numpy()

    return logits


def token_scores(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Loss and whether the most probable token is the right one, float64 and bool, both of the labels' shape."""
    logits = logits.astype("float64")
    logits -= logits.max(axis=-1, keepdims=True)
    told = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    return np.log(np.exp(logits).sum(axis=-1)) - told, logits.argmax(axis=-1) == labels


def perplexity(logits: Logits, texts: list[str], tokenizer: BytePairs, how: OfflineEvalSettings) -> dict[str, float]:
    """Of every token but the first, each scored once, with a sliding window.

    `adjusted_perplexity` spreads the same loss over words (split at white space), so that tokenizers compare.

    Raises:
        UserError: fewer than two tokens.
    """
    tokens = np.array([token for each in texts for token in tokenizer.encode(each)], "int64")
    words = sum(len(each.split()) for each in texts)
    if len(tokens) < 2 or words < 2:
        raise UserError(f"{KEY}: a text of {len(tokens)} tokens cannot be scored; give a longer one")
    pieces = list(scoring.windows(tokens, how.max_seq_len, how.overlapping_eval))
    loss = right = count = 0.0
    for batch in _told(pieces, how, tokenizer):
        losses, hits = token_scores(logits(batch.ids), batch.labels)
        loss += losses[batch.counted].sum()
        right += hits[batch.counted].sum()
        count += batch.counted.sum()
    return {
        "loss": loss / count,
        "perplexity": _exp(loss / count),
        "adjusted_perplexity": _exp(loss / (words - 1)),
        "accuracy": right / count,
        "tokens": int(count),
        "words": words,
    }


def cloze(logits: Logits, path: Path, tokenizer: BytePairs, how: OfflineEvalSettings) -> dict[str, float]:
    """Share of passages whose last word is right in every token; each passage counts once.

    Raises:
        UserError: no passages, or one without two words.
    """
    texts = text.texts_of(path)
    pieces = [scoring.cloze(each, tokenizer, how.max_seq_len, f"{path}:{n}") for n, each in enumerate(texts, 1)]
    right = 0
    for batch in _told(pieces, how, tokenizer):
        _, hits = token_scores(logits(batch.ids), batch.labels)
        right += int((hits | ~batch.counted).all(axis=1).sum())
    return {"accuracy": right / len(pieces), "right": right, "passages": len(pieces)}


def classes(logits: Logits, rows: images.Images, how: OfflineEvalSettings) -> dict[str, float]:
    """Top-1 accuracy."""
    right = 0
    for start in range(0, len(rows), how.batch_size):
        pixels, labels = rows.batch(np.arange(start, min(start + how.batch_size, len(rows))))
        right += int((logits(pixels).argmax(-1) == labels).sum())
    return {"accuracy": right / len(rows), "right": right, "images": len(rows)}


def score(settings: Settings, model: ModelSettings, logits: Logits, folder: Path) -> dict[str, float]:
    """What the configuration asks for.

    Args:
        folder: holds the tokenizer.

    Raises:
        UserError: no such text or images.
    """
    how = settings.Offline_Eval
    if how.eval_path is None:
        raise settings.wrong(KEY, f"is missing; name what is scored by -o {KEY}=PATH")
    if model.is_vision:
        sizes = (model.image_size, model.num_channels, model.num_classes)
        return classes(logits, images.read(how.eval_path, "test", *sizes, KEY), how)
    if how.max_seq_len > model.max_position_embeddings:
        rows = model.max_position_embeddings
        raise settings.wrong("Offline_Eval.max_seq_len", f"{how.max_seq_len} tokens, but the model sees {rows} at most")
    tokenizer = BytePairs.of_folder(folder)
    if how.cloze_eval:
        return cloze(logits, text.files_of(how.eval_path, KEY)[0], tokenizer, how)
    return perplexity(logits, text.corpus(how.eval_path, KEY), tokenizer, how)


def run(settings: Settings) -> dict[str, float]:
    """Score the checkpoint of Engine.save_load.ckpt_dir, compressed or not."""
    place.prepare(settings)
    key = "Engine.save_load.ckpt_dir"
    chosen = settings.Engine.save_load.ckpt_dir or settings.Compress.pretrained
    if chosen is None:
        raise settings.wrong(key, f"is missing; name a checkpoint by -o {key}=DIR")
    found = checkpoints.open_folder(chosen)
    model = checkpoints.agreed(settings, found)
    return score(settings, model, in_memory(found.network(model)), found.folder)


def _told(pieces: list, how: OfflineEvalSettings, tokenizer: BytePairs):
    count = -(-len(pieces) // how.batch_size)
    return tqdm(scoring.batches(pieces, how.batch_size, tokenizer.end), total=count, disable=None, leave=False)


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf
