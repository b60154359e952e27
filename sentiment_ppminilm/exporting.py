# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An aspect classifier as a bundle: program, ONNX, vocabulary, labels, manifest; each engine checked on real text."""

from collections.abc import Sequence
from pathlib import Path

from common import bundle, checkpoint, export, files, onnx_encoder, parity
from common.tokenizer_rules import RULES_VERSION

import finetune
import model as models
import numpy as np
import paddle
from data import LabelSet, Row

TASK = "aspect_sentiment"
INPUTS = ("input_ids", "token_type_ids")
GATE_SENTENCES = 100
MUST_PASS = ("paddle", "onnxruntime")  # the document's engine and the CPU's default one


def export_fp32(source: Path, target: Path, options) -> dict[str, dict]:
    """Write `target/bundle` from the checkpoint `source`, and `target/infer.*` as links under the document's names.

    Args:
        options: `max_seq_len`, `gate_path` (labelled text that the engines are compared on), `gate_engines`,
            `skip_bad_lines`.

    Returns:
        The gate's verdict per engine.

    Raises:
        GateFailed: Paddle Inference or ONNX Runtime does not answer as the dynamic graph; nothing is left then.
    """
    network, labels, record = models.load(source), finetune.labels_of(source), finetune.record_of(source)
    vocabulary = source / checkpoint.VOCABULARY
    finetune.check_fit(network, vocabulary, options.max_seq_len, labels)
    with files.replacing_folder(target / "bundle") as temporary:
        write_fp32(network, temporary, options.input_dtype)
        add_words(temporary, vocabulary, labels)
        manifest = manifest_of(network, labels, options.max_seq_len, record["stage"], record["metrics"])
        manifest["inputs"] = inputs_of(options.input_dtype)
        batches = gate_batches(finetune.dataset(options.gate_path, vocabulary, labels, options))
        verdicts = gate(temporary, manifest, batches, reference_of(network, batches), options.gate_engines)
    link_infer(target)
    print(f"exported: {target / 'bundle'}", flush=True)
    return verdicts


def write_fp32(network: paddle.nn.Layer, folder: Path, dtype: str = "int64") -> None:
    """`model.pdmodel`, `model.pdiparams` and `model.onnx` of a network whose matrix products are float32."""
    export.save_program(network, folder / "model", dtype, INPUTS)
    write_onnx(network, folder / "model.onnx", "portable", dtype)


def write_onnx(network: paddle.nn.Layer, path: Path, style: str, dtype: str = "int64") -> None:
    """Our own ONNX file; INT8 where the network's Linears and tables are."""
    head = onnx_encoder.Head("logits", export.linear_arrays(network.classifier), "sentence")
    onnx_encoder.build(export.encoder_arrays(models.backbone(network)), [head], path, style, pairs=True, dtype=dtype)


def add_words(folder: Path, vocabulary: Path, labels: LabelSet) -> None:
    files.write_bytes(folder / checkpoint.VOCABULARY, vocabulary.read_bytes())
    files.write_json(folder / "labels.json", {"class": labels.values})


def inputs_of(dtype: str) -> list[dict]:
    return [{"name": name, "shape": [-1, -1], "dtype": dtype} for name in INPUTS]


def manifest_of(
    network: paddle.nn.Layer,
    labels: LabelSet,
    max_length: int,
    stage: str,
    metrics: dict,
    precision: str = "fp32",
    int8_ops: Sequence[str] | None = None,
) -> dict:
    """The bundle's manifest without its files and engines.

    Args:
        metrics: on the development set.
        int8_ops: with precision "int8": what Paddle Inference on a CPU may compute in INT8.
    """
    config = network.config
    return {
        "format": 1,
        "app": "sentiment_ppminilm",
        "task": TASK,
        "stage": stage,
        "precision": precision,
        "embedding": "int8" if getattr(config, "embedding_bits", 32) == 8 else "fp32",
        "architecture": export.architecture(models.backbone(network), network.base_model_prefix),
        "inputs": inputs_of("int64"),
        "outputs": [{"name": "logits", "shape": [-1, len(labels.values)]}],
        "max_length": max_length,
        "pad_id": 0,
        "tokenizer": {"rules_version": RULES_VERSION, "vocab_size": config.vocab_size},
        "metrics": {"split": "dev", **metrics},
        "engines": {},
        **({"label_names": labels.names} if labels.names else {}),
        **({"int8_ops": list(int8_ops or [])} if precision == "int8" else {}),
    }


def gate_batches(rows: Sequence[Row], count: int = GATE_SENTENCES) -> list[tuple[np.ndarray, np.ndarray]]:
    """Unpadded batches (token ids, token types) of the first rows, each int64 [batch, length]."""
    return parity.pair_batches_by_length([(row.ids, row.token_type_ids) for row in rows[:count]])


def reference_of(network: paddle.nn.Layer, batches: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[dict]:
    """What the dynamic graph answers to each batch."""
    network.eval()
    with paddle.no_grad():
        return [{"logits": network(*map(paddle.to_tensor, batch)).numpy()} for batch in batches]


def decide(outputs: dict[str, np.ndarray]) -> list[int]:
    return outputs["logits"].argmax(axis=1).tolist()


def gate(
    folder: Path,
    manifest: dict,
    batches: list,
    reference: list[dict],
    engines: Sequence[str],
    must: Sequence[str] = MUST_PASS,
    min_agreement: float = parity.INT8_AGREEMENT,
) -> dict[str, dict]:
    """Write the manifest, compare every engine with the reference, note the verdicts in the manifest; a line each.

    Raises:
        GateFailed: an engine of `must` does not pass.
    """
    bundle.write_manifest(folder, manifest)
    precision = manifest["precision"]
    results = parity.check_engines(folder, precision, batches, reference, decide, engines, min_agreement=min_agreement)
    print(f"parity on {sum(len(batch[0]) for batch in batches)} texts, {precision}:")
    for engine, result in results.items():
        print(parity.describe(engine, result), flush=True)
    for engine in must:
        if not results[engine]["passed"]:
            raise parity.GateFailed(
                f"parity gate: {parity.describe(engine, results[engine]).strip()}; nothing exported"
            )
    checked = bundle.read_bundle(folder)
    manifest["engines"] = {
        engine: {"file": bundle.engine_files(checked, engine)[0].name} | result
        for engine, result in results.items()
        if "refused" not in result
    }
    bundle.write_manifest(folder, manifest)
    return results


def link_infer(folder: Path, model: str = "infer.pdmodel", parameters: str = "infer.pdiparams") -> None:
    """The program under the document's names, as links from `folder` into `folder/bundle`."""
    for name, suffix in ((model, "pdmodel"), (parameters, "pdiparams")):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(Path("bundle") / f"model.{suffix}")
