# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A model of `common.models.encoders` as a bundle: program, ONNX, words, manifest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files, parity
from common.data.tokenizer_rules import RULES_VERSION
from common.export import onnx_encoder, onnx_weights, program
from common.models import checkpoint, encoders

import numpy as np
import paddle

Outputs = parity.Outputs


@dataclass(frozen=True)
class Kind:
    """What an app's bundles have in common.

    Attributes:
        inputs: names of the model's inputs, in the order of `forward`, each [batch, length].
        on: what the head reads, "sentence" or "tokens".
        labels: name of the label list in labels.json; None where the output is one number.
        decide: one batch's outputs -> one comparable decision per text.
    """

    app: str
    task: str
    inputs: tuple[str, ...]
    on: str
    labels: str | None
    decide: Callable[[Outputs], list]


def decide_class(outputs: Outputs) -> list[int]:
    """The most likely class of each text."""
    return outputs["logits"].argmax(axis=1).tolist()


def write_fp32(kind: Kind, network: paddle.nn.Layer, folder: Path, dtype: str = "int64") -> None:
    """`model.pdmodel`, `model.pdiparams` and `model.onnx` of a network whose matrix products are float32."""
    program.save_program(network, folder / "model", dtype, kind.inputs)
    write_onnx(kind, network, folder / "model.onnx", "portable", dtype)


def write_onnx(kind: Kind, network: paddle.nn.Layer, path: Path, style: str, dtype: str = "int64") -> None:
    """Our own ONNX file; INT8 where the network's Linears and tables are."""
    head = onnx_weights.Head("logits", program.linear_arrays(network.classifier), kind.on)
    arrays = program.encoder_arrays(encoders.backbone(network))
    onnx_encoder.build(arrays, [head], path, style, pairs=len(kind.inputs) == 2, dtype=dtype)


def add_words(folder: Path, vocabulary: Path, labels: dict[str, list[str]]) -> None:
    """`vocab.txt` and `labels.json`."""
    files.write_bytes(folder / checkpoint.VOCABULARY, vocabulary.read_bytes())
    files.write_json(folder / "labels.json", labels)


def inputs_of(kind: Kind, dtype: str) -> list[dict]:
    return [{"name": name, "shape": [-1, -1], "dtype": dtype} for name in kind.inputs]


def manifest_of(
    kind: Kind,
    network: paddle.nn.Layer,
    max_length: int,
    stage: str,
    metrics: dict,
    dtype: str = "int64",
    int8_ops: Sequence[str] | None = None,
) -> dict:
    """The bundle's manifest without its files and engines.

    Args:
        metrics: "split" and the scores on it.
        dtype: of the inputs.
        int8_ops: of an INT8 model: what Paddle Inference on a CPU may compute in INT8. None: an FP32 one.
    """
    config = network.config
    shape = [-1, config.num_labels] if kind.on == "sentence" else [-1, -1, config.num_labels]
    return {
        "format": 1,
        "app": kind.app,
        "task": kind.task,
        "stage": stage,
        "precision": "fp32" if int8_ops is None else "int8",
        "embedding": "int8" if getattr(config, "embedding_bits", 32) == 8 else "fp32",
        "architecture": program.architecture(encoders.backbone(network), network.base_model_prefix),
        "inputs": inputs_of(kind, dtype),
        "outputs": [{"name": "logits", "shape": shape}],
        "max_length": max_length,
        "pad_id": 0,
        "tokenizer": {"rules_version": RULES_VERSION, "vocab_size": config.vocab_size},
        "metrics": metrics,
        "engines": {},
        **({} if int8_ops is None else {"int8_ops": list(int8_ops)}),
    }


def answers(network: paddle.nn.Layer, batches: Sequence[tuple[np.ndarray, ...]]) -> list[Outputs]:
    """What the dynamic graph says to each batch (a tuple with an int64 [batch, length] per input)."""
    network.eval()
    with paddle.no_grad():
        return [{"logits": network(*map(paddle.to_tensor, batch)).numpy()} for batch in batches]


def link_program(folder: Path, model: str = "infer.pdmodel", parameters: str = "infer.pdiparams") -> None:
    """The program under the document's names, as links from `folder` into `folder/bundle`."""
    for name, suffix in ((model, "pdmodel"), (parameters, "pdiparams")):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(Path("bundle") / f"model.{suffix}")
