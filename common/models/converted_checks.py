# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a converted model is held against before it may be used: its weights, its token ids, its hidden states."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint, numpy_bert
from common.models.convert_bert import CLASSES, Bert

import numpy as np
import paddle
import paddlenlp.transformers as zoo
from paddlenlp.utils.log import logger


def check(
    folder: Path, bert: Bert, family: str, known_ids: Mapping[str, list[int]], texts: Sequence[str], tolerance: float
) -> list[str]:
    """Compare a written folder with what it was made from; the comparisons in words.

    Args:
        known_ids: texts and the ids that they must have.
        texts: on which tokenizers and hidden states are compared.
        tolerance: largest absolute difference of hidden states.

    Raises:
        UserError: one of them failed.
    """
    logger.set_level("WARNING")  # else it says at each start which files it opens
    model = load_strictly(folder, family)
    tokenizer = WordPieceTokenizer(folder / checkpoint.VOCABULARY)
    if len(tokenizer) != bert.config["vocab_size"]:
        raise UserError(f"vocab.txt: {len(tokenizer)} words, but the word table has {bert.config['vocab_size']} rows")
    check_ids(folder, family, tokenizer, known_ids, texts)
    worst = largest_difference(model, bert, [tokenizer.encode(text).ids for text in texts])
    if not worst <= tolerance:  # a NaN is not
        raise UserError(
            f"hidden states differ by {worst:.1e} from the NumPy reference (at most {tolerance:.0e} may be)"
        )
    known = f", {len(known_ids)} of them with known ids" if known_ids else ""
    return [
        f"{len(bert.weights)} weights, each in its place in {CLASSES[family]}Model",
        f"token ids of {len({*texts, *known_ids})} texts as PaddleNLP's tokenizer gives them{known}",
        f"hidden states of {len(texts)} texts: at most {worst:.1e} from a float64 NumPy forward pass of the source",
    ]


def load_strictly(folder: Path, family: str) -> paddle.nn.Layer:
    """The stock encoder with every weight of the folder in its place; `UserError` where one is missing or left over."""
    model_class = getattr(zoo, f"{CLASSES[family]}Model")
    model = model_class(model_class.config_class.from_pretrained(str(folder)))
    weights = folder / checkpoint.WEIGHTS
    prefix = f"{family}."
    state = {name.removeprefix(prefix): value for name, value in paddle.load(str(weights)).items()}
    checkpoint.fill_strictly(model, state, str(weights))
    model.eval()
    return model


def check_ids(folder: Path, family: str, own: WordPieceTokenizer, known: Mapping[str, list[int]], texts) -> None:
    """Raises `UserError` where this project's tokenizer, PaddleNLP's and the known ids are not of one mind."""
    stock = getattr(zoo, f"{CLASSES[family]}Tokenizer").from_pretrained(str(folder))
    for text in {*texts, *known}:
        ids = own.encode(text).ids
        for whose, wanted in (("PaddleNLP's tokenizer", stock(text)["input_ids"]), ("the model", known.get(text, ids))):
            if ids != wanted:
                raise UserError(f"vocab.txt: `{text}` has the ids {ids}, but {wanted} for {whose}")


def largest_difference(model: paddle.nn.Layer, bert: Bert, ids: Sequence[Sequence[int]]) -> float:
    """Between the model's hidden states and the reference's, over all texts; NaN if one has a NaN."""
    worst = 0.0
    for each in ids:
        with paddle.no_grad():
            states = model(paddle.to_tensor([list(each)]))[0][0].numpy()
        reference = numpy_bert.hidden_states(bert.weights, bert.config, each)
        worst = float(np.max([worst, np.abs(states - reference).max()]))
    return worst
