# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What is learnt: the next token of a text, or the class of an image. Rows, loss and figures of each."""

import math
from pathlib import Path

from common.cli import UserError

import numpy as np
import paddle
from paddle import nn
from paddle.nn import functional as F

from fleetx.inputs import images, text
from fleetx.inputs.order import Order
from fleetx.inputs.tokenizer import BytePairs
from fleetx.parallel.alone import Alone
from fleetx.settings.model import ModelSettings
from fleetx.settings.settings import SPLITS, Settings


class LanguageTask:
    """Next tokens.

    Attributes:
        vocabulary: the tokenizer; a checkpoint holds it.
        unit: what speed is counted in.
    """

    unit = "tokens/s"

    def __init__(self, settings: Settings, model: ModelSettings, vocabulary: BytePairs | None = None):
        texts = self._texts(settings, "Train")
        self.vocabulary = vocabulary or new_vocabulary(settings, texts)
        self.vocabulary.check_fits(model.vocab_size, "the tokenizer")
        train, evaluation = settings.Data.Train.dataset, settings.Data.Eval.dataset
        tokens = text.tokens_of(texts, self.vocabulary)
        self.train = text.Blocks(text.part_of(tokens, train.split, 0), train.max_seq_len)
        self.eval = None
        if evaluation.input_dir is not None:
            if evaluation.input_dir == train.input_dir:
                part = text.part_of(tokens, evaluation.split, 1)
            else:  # a text of its own is evaluated as a whole
                part = text.tokens_of(self._texts(settings, "Eval"), self.vocabulary)
            self.eval = text.Blocks(part, evaluation.max_seq_len)
        self.rows_per_unit = train.max_seq_len

    @staticmethod
    def _texts(settings: Settings, split: str) -> list[str]:
        key = f"Data.{split}.dataset.input_dir"
        place = getattr(settings.Data, split).dataset.input_dir
        if place is None:
            raise settings.wrong(key, f"is missing; name a text file or folder by -o {key}=PATH")
        return text.corpus(place, key)

    def train_batch(self, rows: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return self.train.batch(rows)

    @staticmethod
    def loss(network: nn.Layer, logits, labels):
        """Mean cross entropy of the next tokens, float32 scalar."""
        return network.factory.token_loss(logits, labels).mean()

    @staticmethod
    def figures(loss: float, accuracy: float) -> dict[str, float]:
        return {"loss": loss, "perplexity": math.exp(min(loss, 700)), "accuracy": accuracy}


class ImageTask:
    """Classes of images; attributes as of `LanguageTask`."""

    unit = "images/s"
    vocabulary = None
    rows_per_unit = 1

    def __init__(self, settings: Settings, model: ModelSettings, vocabulary: None = None):
        read = {split: self._read(settings, model, split) for split in SPLITS[:2]}
        if read["Train"] is None:
            key = "Data.Train.dataset.input_dir"
            raise settings.wrong(key, f"is missing; name a .npz by -o {key}=PATH")
        self.train, self.eval = read["Train"], read["Eval"]

    @staticmethod
    def _read(settings: Settings, model: ModelSettings, split: str) -> images.Images | None:
        place = getattr(settings.Data, split).dataset.input_dir
        name = "train" if split == "Train" else "test"
        sizes = (model.image_size, model.num_channels, model.num_classes)
        return images.read(place, name, *sizes, f"Data.{split}.dataset.input_dir") if place else None

    def train_batch(self, rows: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return self.train.batch(rows, random)

    @staticmethod
    def loss(network: nn.Layer, logits, labels):
        return F.cross_entropy(logits.astype("float32"), labels)

    @staticmethod
    def figures(loss: float, accuracy: float) -> dict[str, float]:
        return {"loss": loss, "accuracy": accuracy}


def new_vocabulary(settings: Settings, texts: list[str]) -> BytePairs:
    """The published files that are named, else one trained on the training text."""
    how = settings.Tokenizer
    if how.vocab_file:
        return BytePairs.of_files(how.vocab_file, how.merges_file)
    return BytePairs.trained(texts, how.train_size or settings.Model.vocab_size)


def task_of(settings: Settings, model: ModelSettings, checkpoint: Path | None = None) -> LanguageTask | ImageTask:
    """The task of the configured module.

    Args:
        checkpoint: folder that brings the tokenizer.
    """
    if model.is_vision:
        return ImageTask(settings, model)
    return LanguageTask(settings, model, BytePairs.of_folder(checkpoint) if checkpoint else None)


def order_of(settings: Settings, task: LanguageTask | ImageTask) -> Order:
    batch = settings.Global.global_batch_size
    return Order(len(task.train), batch, settings.Global.seed, settings.Data.Train.sampler.shuffle)


def evaluate(
    network: nn.Layer, task: LanguageTask | ImageTask, size: int, iterations: int, processes: Alone | None = None
) -> dict[str, float]:
    """Loss, accuracy and for texts perplexity on the first `iterations` batches of Data.Eval.

    Args:
        processes: that have the network together.

    Raises:
        UserError: Data.Eval has no whole row.
    """
    if not len(task.eval):
        raise UserError("Data.Eval: not one whole row; give more text, another split or a smaller max_seq_len")
    was_training = network.training
    network.eval()
    processes = processes or Alone()
    loss = right = seen = 0.0
    with paddle.no_grad():
        for start in range(0, min(iterations * size, len(task.eval)), size):
            inputs, labels = task.eval.batch(np.arange(start, min(start + size, len(task.eval))))
            logits = processes.answer(network, paddle.to_tensor(inputs))
            seen += labels.size
            if logits is not None:
                loss += float(task.loss(network, logits, paddle.to_tensor(labels))) * labels.size
                right += int((network.whole(logits).argmax(-1).numpy() == labels).sum())
    if was_training:
        network.train()
    means = processes.mean({"loss": loss / seen, "right": right / seen}, ("loss", "right"))
    return task.figures(means["loss"], means["right"])
