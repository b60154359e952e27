# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A JointErnie as a bundle: program, ONNX, Paddle Lite files, vocabulary, labels, manifest; each engine checked."""

from pathlib import Path

from common import files, parity
from common.data.tags import TagDecoder
from common.data.tokenizer import WordPieceTokenizer
from common.data.tokenizer_rules import RULES_VERSION
from common.engines.gate import gate_bundle
from common.export import lite, onnx_encoder, onnx_weights
from common.export import program as export
from common.models import checkpoint
from common.models import int8 as quantize

import numpy as np
import paddle
from model import JointErnie
from utils import read_examples

from slu.trainer import Labels, decoder_of

TASK = "joint_intent_slot"
GATE_SENTENCES = 200


def write_bundle(
    model: JointErnie, vocabulary: Path, folder: Path, options, labels: Labels, stage: str, metrics: dict
) -> Path:
    """Write `folder/bundle` and, beside it, `infer_model.*` as links under the document's names.

    Raises:
        GateFailed: Paddle Inference or ONNX Runtime does not answer as the dynamic graph; no bundle is left then.
    """
    model.eval()
    target = folder / "bundle"
    with files.replacing_folder(target) as temporary:
        write_models(model, temporary, options.input_dtype)
        files.write_bytes(temporary / checkpoint.VOCABULARY, vocabulary.read_bytes())
        files.write_json(temporary / "labels.json", {"intent": labels.intents, "slot": labels.slots})
        manifest = manifest_of(model, options, labels, stage, metrics, vocabulary)
        gate(model, temporary, manifest, options, labels, vocabulary)
    for suffix in ("pdmodel", "pdiparams"):
        link = folder / f"infer_model.{suffix}"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("bundle") / f"model.{suffix}")
    print(f"exported: {target}", flush=True)
    return target


def write_models(model: JointErnie, folder: Path, dtype: str) -> None:
    """Program, ONNX and Paddle Lite files into one folder."""
    int8 = quantize.is_int8(model)
    heads = [
        onnx_weights.Head("intent_logits", export.linear_arrays(model.intent_classifier), "sentence"),
        onnx_weights.Head("slot_logits", export.linear_arrays(model.slot_classifier), "tokens"),
    ]
    # INT8 wants ONNX Runtime's own operators; FP32 in standard ones is read by every engine.
    style = "onnxruntime" if int8 else "portable"
    onnx_encoder.build(export.encoder_arrays(model.ernie), heads, folder / "model.onnx", style, dtype=dtype)
    export.save_program(model, folder / "model", dtype)
    if dtype == "int32":  # Paddle Lite's Java API and phones pass int32; an int64 model would be read wrongly there
        program = folder / "model.pdmodel", folder / "model.pdiparams"
        lite.convert(*program, folder / "model.arm", "arm", int8)
        if not int8:
            lite.convert(*program, folder / "model.x86", "x86", int8)


def manifest_of(model: JointErnie, options, labels: Labels, stage: str, metrics: dict, vocabulary: Path) -> dict:
    config = model.config
    return {
        "format": 1,
        "app": "ernie_tiny_slu",
        "task": TASK,
        "stage": stage,
        "precision": "int8" if quantize.is_int8(model) else "fp32",
        "embedding": "int8" if getattr(config, "embedding_bits", 32) == 8 else "fp32",
        "architecture": export.architecture(model.ernie, "ernie"),
        "inputs": [{"name": "input_ids", "shape": [-1, -1], "dtype": options.input_dtype}],
        "outputs": [
            {"name": "intent_logits", "shape": [-1, len(labels.intents)]},
            {"name": "slot_logits", "shape": [-1, -1, len(labels.slots)]},
        ],
        "max_length": options.max_seq_length,
        "pad_id": config.pad_token_id,
        "tokenizer": {"rules_version": RULES_VERSION, "vocab_size": len(WordPieceTokenizer(vocabulary))},
        "decoder": {
            "default": config.decoder,
            "transitions": model.crf.transitions() if model.crf is not None else None,
        },
        "metrics": {"split": "dev", **metrics},
        "engines": {},
        **({"int8_ops": quantize.onednn_operators(model)} if quantize.is_int8(model) else {}),
    }


def gate(model: JointErnie, folder: Path, manifest: dict, options, labels: Labels, vocabulary: Path) -> None:
    """Compare every engine with the dynamic graph on real sentences; print one line each."""
    tokenizer = WordPieceTokenizer(vocabulary)
    source = options.dev_path or options.train_path or Path(__file__).parents[1] / "data" / "dev.txt"
    examples = read_examples(source, labels.intents, labels.slots, options.skip_bad_lines)[:GATE_SENTENCES]
    batches = parity.batches_by_length([tokenizer.encode(e.text, options.max_seq_length).ids for e in examples])
    with paddle.no_grad():
        reference = [outputs_of(model, batch) for batch in batches]
    precision = "int8" if quantize.is_int8(model) else "fp32"
    decide = decisions(decoder_of(model, labels))
    least = options.min_agreement if precision == "int8" else parity.INT8_AGREEMENT
    gate_bundle(folder, manifest, batches, reference, decide, options.gate_engines, min_agreement=least)


def compare_models(before: JointErnie, after: JointErnie, rows: list, labels: Labels) -> dict[str, float]:
    """A stage against the one before it, dynamic graph against dynamic graph, on encoded rows."""
    batches = parity.batches_by_length([row.ids for row in rows[:GATE_SENTENCES]])
    with paddle.no_grad():
        pair = [[outputs_of(model, batch) for batch in batches] for model in (before, after)]
    return parity.compare(*pair, decisions(decoder_of(after, labels)))


def outputs_of(model: JointErnie, ids: np.ndarray) -> dict[str, np.ndarray]:
    intent, slots = model(paddle.to_tensor(ids))
    return {"intent_logits": intent.numpy(), "slot_logits": slots.numpy()}


def decisions(decoder: TagDecoder):
    """A batch's outputs -> per sentence the intent and the decoded tags."""

    def decide(outputs: dict[str, np.ndarray]) -> list:
        intents = outputs["intent_logits"].argmax(axis=1)
        tags = [decoder.decode(logits[1:-1]) for logits in outputs["slot_logits"]]
        return [(int(intent), tuple(path)) for intent, path in zip(intents, tags, strict=True)]

    return decide
