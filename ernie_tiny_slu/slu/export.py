# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A JointErnie as a bundle: program, ONNX, Paddle Lite files, vocabulary, labels, manifest; each engine checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files, parity
from common.data.tags import TagDecoder
from common.data.tokenizer import WordPieceTokenizer
from common.engines.gate import gate_bundle
from common.export import lite, program, write_bundle
from common.models import int8

import numpy as np
from model import JointErnie

from slu.data import Labels, Row
from slu.trainer import APP, decoder_of

TASK = "joint_intent_slot"
INPUTS = ("input_ids",)
HEADS = (
    write_bundle.Head("intent", "sentence", "intent_logits", "intent_classifier"),
    write_bundle.Head("slot", "tokens", "slot_logits", "slot_classifier"),
)
OUTPUTS = tuple(head.output for head in HEADS)
GATE_SENTENCES = 200


@dataclass(frozen=True)
class Target:
    """How bundles of one run are exported.

    Attributes:
        max_length: longest input in tokens.
        dtype: of the token ids, "int64" or "int32".
        engines: which are compared with the dynamic graph.
        min_agreement: share of decisions that an INT8 model's engines must share with the dynamic graph, 0..1.
        texts: real sentences on which they are compared.
    """

    max_length: int
    dtype: str
    engines: tuple[str, ...]
    min_agreement: float
    texts: Sequence[str]


def kind_of(model: JointErnie, labels: Labels) -> write_bundle.Kind:
    """This app's bundles; a decision is the intent with the tags as the model's own decoder reads them."""
    return write_bundle.Kind(APP, TASK, INPUTS, HEADS, decisions(decoder_of(model, labels)))


def export(
    model: JointErnie, vocabulary: Path, folder: Path, labels: Labels, stage: str, metrics: dict, target: Target
) -> Path:
    """Write `folder/bundle` and, beside it, `infer_model.*` as links under the document's names.

    Args:
        metrics: on the development set.

    Raises:
        GateFailed: Paddle Inference or ONNX Runtime does not answer as the dynamic graph; no bundle is left then.
    """
    model.eval()
    kind, bundle = kind_of(model, labels), folder / "bundle"
    batches = batches_of(WordPieceTokenizer(vocabulary), target.texts, target.max_length)
    with files.replacing_folder(bundle) as temporary:
        write_models(kind, model, temporary, target.dtype)
        write_bundle.add_words(temporary, vocabulary, {"intent": labels.intents, "slot": labels.slots})
        manifest = manifest_of(kind, model, stage, metrics, target)
        least = target.min_agreement if manifest["precision"] == "int8" else parity.INT8_AGREEMENT
        reference = write_bundle.answers(model, batches, OUTPUTS)
        gate_bundle(temporary, manifest, batches, reference, kind.decide, target.engines, min_agreement=least)
    write_bundle.link_program(folder, "infer_model.pdmodel", "infer_model.pdiparams")
    print(f"exported: {bundle}", flush=True)
    return bundle


def write_models(kind: write_bundle.Kind, model: JointErnie, folder: Path, dtype: str) -> None:
    """Program, ONNX and Paddle Lite files into one folder."""
    is_int8 = int8.is_int8(model)
    # INT8 wants ONNX Runtime's own operators; FP32 in standard ones is read by every engine.
    write_bundle.write_onnx(kind, model, folder / "model.onnx", "onnxruntime" if is_int8 else "portable", dtype)
    program.save_program(model, folder / "model", dtype)
    if dtype == "int32":  # Paddle Lite's Java API and phones pass int32; an int64 model would be read wrongly there
        saved = folder / "model.pdmodel", folder / "model.pdiparams"
        lite.convert(*saved, folder / "model.arm", "arm", is_int8)
        if not is_int8:
            lite.convert(*saved, folder / "model.x86", "x86", is_int8)


def manifest_of(kind: write_bundle.Kind, model: JointErnie, stage: str, metrics: dict, target: Target) -> dict:
    """The bundle's manifest without its files and engines."""
    return write_bundle.manifest_of(
        kind,
        model,
        target.max_length,
        stage,
        {"split": "dev", **metrics},
        target.dtype,
        int8.onednn_operators(model) if int8.is_int8(model) else None,
        decoder={
            "default": model.config.decoder,
            "transitions": model.crf.transitions() if model.crf is not None else None,
        },
    )


def batches_of(tokenizer: WordPieceTokenizer, texts: Sequence[str], max_length: int) -> list[np.ndarray]:
    """The first texts as unpadded batches, int64 [batch, length]."""
    return parity.batches_by_length([tokenizer.encode(text, max_length).ids for text in texts[:GATE_SENTENCES]])


def compare_models(before: JointErnie, after: JointErnie, rows: Sequence[Row], labels: Labels) -> parity.Comparison:
    """A stage against the one before it, dynamic graph against dynamic graph, on encoded rows."""
    batches = parity.batches_by_length([row.ids for row in rows[:GATE_SENTENCES]])
    answers = (write_bundle.answers(model, batches, OUTPUTS) for model in (before, after))
    return parity.compare(*answers, decisions(decoder_of(after, labels)))


def decisions(decoder: TagDecoder) -> Callable[[parity.Outputs], list]:
    """A batch's outputs -> per sentence the intent and the decoded tags."""

    def decide(outputs: parity.Outputs) -> list:
        intents = outputs["intent_logits"].argmax(axis=1)
        tags = [decoder.decode(logits[1:-1]) for logits in outputs["slot_logits"]]
        return [(int(intent), tuple(path)) for intent, path in zip(intents, tags, strict=True)]

    return decide
