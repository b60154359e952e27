# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Small PaddleNLP models for the tests of the compression library, and seeded inputs for them."""

from pathlib import Path

from common import files
from common.bundle import bundle
from common.data import vocabulary
from common.export import onnx_encoder, onnx_weights, program
from common.models import checkpoint, width
from common.models import int8 as quantize

import numpy as np
import paddle
from paddle import nn
from paddlenlp.transformers import BertConfig, BertModel, ErnieConfig, ErnieModel, ErniePretrainedModel

WORDS = [*"放一首音乐导航到家的歌花心", "hello", "##o", "[unused1]"]
VOCABULARY = [*vocabulary.SPECIALS, *WORDS]
INTENTS, SLOTS = ["OTHERS", "play", "navigate"], ["O", "B-song", "I-song", "B-singer", "I-singer"]
SHAPE = {
    "vocab_size": 60,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.1,
    "pad_token_id": 0,
}


class Tiny(ErniePretrainedModel):
    """An ERNIE encoder with a sentence head and a token head, as the apps' models are."""

    def __init__(self, config, sentence_dim=None, token_dim=None):
        super().__init__(config)
        config.sentence_dim = sentence_dim or config.sentence_dim
        config.token_dim = token_dim or config.token_dim
        self.ernie = ErnieModel(config)
        self.sentence = nn.Linear(config.hidden_size, config.sentence_dim)
        self.token = nn.Linear(config.hidden_size, config.token_dim)
        width.apply_config(self.ernie.encoder, config)
        quantize.apply_config(self, config)

    @classmethod
    def from_pretrained(cls, path, *args, **kwargs):
        return checkpoint.load(cls, super().from_pretrained, path, *args, **kwargs)

    def forward(self, input_ids):
        mask = paddle.unsqueeze((input_ids == paddle.zeros_like(input_ids)).astype("float32"), [1, 2]) * -1e4
        states, pooled = self.ernie(input_ids, attention_mask=mask)
        return self.sentence(pooled), self.token(states)


def tiny(seed: int = 0, **changes) -> Tiny:
    """In evaluation mode; every weight is random, biases and norms too, and large enough that a lost head shows."""
    paddle.seed(seed)
    return _shaken(Tiny(ErnieConfig(**SHAPE | changes), len(INTENTS), len(SLOTS)), seed)


def tiny_bert(seed: int = 0, **changes) -> BertModel:
    paddle.seed(seed)
    return _shaken(BertModel(BertConfig(**SHAPE | changes)), seed)


def _shaken(model: nn.Layer, seed: int) -> nn.Layer:
    random = np.random.default_rng(seed)
    for weight in model.parameters():
        spread = 0.3 if len(weight.shape) > 1 else 0.1
        weight.set_value(weight.numpy() + random.normal(0, spread, weight.shape).astype("float32"))
    model.eval()
    return model


def ids(rows: int = 4, length: int = 8, seed: int = 0, padded: bool = False) -> paddle.Tensor:
    """int64 [rows, length] without the padding id, or with the last positions of later rows padded."""
    numbers = np.random.default_rng(seed).integers(1, SHAPE["vocab_size"], [rows, length])
    if padded:
        for row in range(1, rows):
            numbers[row, length - min(row, length - 2) :] = 0
    return paddle.to_tensor(numbers)


def logits(model: nn.Layer, numbers: paddle.Tensor) -> np.ndarray:
    """Both outputs of the model as one flat vector."""
    with paddle.no_grad():
        return np.concatenate([output.numpy().reshape(-1) for output in model(numbers)])


def difference(one: nn.Layer, other: nn.Layer, numbers: paddle.Tensor) -> float:
    return float(np.abs(logits(one, numbers) - logits(other, numbers)).max())


def calibrated(seed: int = 0, weight: str = "channel_wise_abs_max", **changes) -> Tiny:
    """The same with fake-quantised Linears whose ranges come from three batches."""
    model = tiny(seed, **changes)
    settings = {"weight_type": weight, "activation_type": "moving_average_abs_max", "moving_rate": 0.9}
    quantize.calibrate(model, [{"input_ids": ids(seed=n)} for n in range(3)], settings)
    return model


def outputs(model: Tiny, numbers) -> dict[str, np.ndarray]:
    """One batch's answers under the names that the bundle gives them."""
    with paddle.no_grad():
        intent, slot = model(paddle.to_tensor(np.asarray(numbers, "int64")))
    return {"intent_logits": intent.numpy(), "slot_logits": slot.numpy()}


def write_onnx(model: Tiny, path: Path, style: str = "portable", dtype: str = "int32") -> None:
    heads = [
        onnx_weights.Head("intent_logits", program.linear_arrays(model.sentence), "sentence"),
        onnx_weights.Head("slot_logits", program.linear_arrays(model.token), "tokens"),
    ]
    onnx_encoder.build(program.encoder_arrays(model.ernie), heads, path, style, dtype=dtype)


def write_bundle(model: Tiny, folder: Path) -> Path:
    """Program and ONNX with all that `read_bundle` wants."""
    int8 = quantize.is_int8(model)
    folder.mkdir(parents=True)
    program.save_program(model, folder / "model", "int32")
    write_onnx(model, folder / "model.onnx", "onnxruntime" if int8 else "portable")
    vocabulary.write(folder / "vocab.txt", vocabulary.widened(VOCABULARY, SHAPE["vocab_size"]))
    files.write_json(folder / "labels.json", {"intent": INTENTS, "slot": SLOTS})
    bundle.write_manifest(
        folder,
        {
            "format": 1,
            "app": "tiny",
            "task": "joint_intent_slot",
            "stage": "int8" if int8 else "original",
            "precision": "int8" if int8 else "fp32",
            "embedding": "fp32",
            "architecture": program.architecture(model.ernie, "tiny"),
            "inputs": [{"name": "input_ids", "shape": [-1, -1], "dtype": "int32"}],
            "outputs": [
                {"name": "intent_logits", "shape": [-1, len(INTENTS)]},
                {"name": "slot_logits", "shape": [-1, -1, len(SLOTS)]},
            ],
            "max_length": SHAPE["max_position_embeddings"],
            "pad_id": 0,
            "tokenizer": {"rules_version": 1, "vocab_size": SHAPE["vocab_size"]},
            "decoder": {"default": "bio", "transitions": None},
            "metrics": {},
            "engines": {},
        },
    )
    return folder
