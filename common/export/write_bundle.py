# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A model of `common.models.encoders` as a bundle: program, ONNX, words, manifest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from common import files, parity
from common.data.tokenizer_rules import RULES_VERSION
from common.export import onnx_encoder, onnx_weights, program
from common.models import checkpoint, encoders

import paddle

Outputs = parity.Outputs
AXES = {"sentence": 1, "tokens": 2}  # of an output, before its classes


@dataclass(frozen=True)
class Head:
    """One output of an app's models.

    Attributes:
        labels: name of its label list in labels.json; None where the output is one number.
        on: what the head reads, "sentence" (the pooled [CLS]) or "tokens".
        output: its name in the bundle.
        layer: the network's attribute that holds the Linear.
    """

    labels: str | None
    on: Literal["sentence", "tokens"]
    output: str = "logits"
    layer: str = "classifier"


@dataclass(frozen=True)
class Kind:
    """Describes one app's bundles: inputs, heads, and how a decision is read.

    Attributes:
        app, task: as the manifest names them.
        inputs: names of the model's inputs, in the order of `forward`, each [batch, length].
        heads: in the order of what `forward` gives back.
        decide: one batch's outputs -> one comparable decision per text.
    """

    app: str
    task: str
    inputs: tuple[str, ...]
    heads: tuple[Head, ...]
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
    heads = [onnx_weights.Head(head.output, linear_of(network, head), head.on) for head in kind.heads]
    arrays = program.encoder_arrays(encoders.backbone(network))
    onnx_encoder.build(arrays, heads, path, style, pairs=len(kind.inputs) == 2, dtype=dtype)


def linear_of(network: paddle.nn.Layer, head: Head) -> onnx_weights.Linear:
    """A head's weight and bias, with their scales where they are INT8."""
    return program.linear_arrays(getattr(network, head.layer))


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
    decoder: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The bundle's manifest without its files and engines.

    Args:
        max_length: longest input in tokens.
        metrics: "split" and the scores on it.
        dtype: of the inputs.
        int8_ops: of an INT8 model: what Paddle Inference on a CPU may compute in INT8. None: an FP32 one.
        decoder: how tags are decoded, with the transitions of a CRF; None where nothing is decoded.
    """
    config = network.config
    return {
        "format": 1,
        "app": kind.app,
        "task": kind.task,
        "stage": stage,
        "precision": "fp32" if int8_ops is None else "int8",
        "embedding": "int8" if getattr(config, "embedding_bits", 32) == 8 else "fp32",
        "architecture": program.architecture(encoders.backbone(network), network.base_model_prefix),
        "inputs": inputs_of(kind, dtype),
        "outputs": [
            {"name": head.output, "shape": [-1] * AXES[head.on] + list(linear_of(network, head).bias.shape)}
            for head in kind.heads
        ],
        "max_length": max_length,
        "pad_id": 0,
        "tokenizer": {"rules_version": RULES_VERSION, "vocab_size": config.vocab_size},
        **({} if decoder is None else {"decoder": decoder}),
        "metrics": metrics,
        "engines": {},
        **({} if int8_ops is None else {"int8_ops": list(int8_ops)}),
    }


def answers(
    network: paddle.nn.Layer, batches: Sequence[parity.Batch], outputs: Sequence[str] = ("logits",)
) -> list[Outputs]:
    """What the dynamic graph says to each batch.

    Args:
        batches: int64 [batch, length], or a tuple with one such array per input.
        outputs: names of what the network gives back, in order.
    """
    network.eval()
    answered = []
    with paddle.no_grad():
        for batch in batches:
            given = network(*map(paddle.to_tensor, batch if isinstance(batch, tuple) else (batch,)))
            tensors = given if isinstance(given, (list, tuple)) else (given,)
            answered.append({name: tensor.numpy() for name, tensor in zip(outputs, tensors, strict=True)})
    return answered


def link_program(folder: Path, model: str = "infer.pdmodel", parameters: str = "infer.pdiparams") -> None:
    """The program under the document's names, as links from `folder` into `folder/bundle`."""
    for name, suffix in ((model, "pdmodel"), (parameters, "pdiparams")):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(Path("bundle") / f"model.{suffix}")
