# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Post-training INT8 of an aspect classifier: one calibration, then a bundle with the files that are right on a target.

PaddleSlim's program computes what TensorRT wants: a range noted behind nearly every operator. On a CPU it is slow and
loses accuracy. For `cpu` and `lite` only its ranges are taken: of the inputs of all products with a stored weight.
"""

import tempfile
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

from common import child, files, parity
from common.bundle.bundle import read_bundle
from common.cli import UserError
from common.compress import static_ptq
from common.engines import gate
from common.engines.gate import gate_bundle
from common.export import lite, write_bundle
from common.export import program as export
from common.models import checkpoint, int8

import model as models
import numpy as np
import paddle
import quant_post
from data import LabelSet, Row, collate, read_labels

from aspect import export as exporting
from aspect import trainer

STAGE_OF = {"original": "int8", "width": "width_int8"}
# What is written for a target, and so what can be compared; FastDeploy's backends read the same files.
ENGINES = {"cpu": gate.CPU_ENGINES, "tensorrt": ("paddle",), "lite": ("paddle",)}
INPUT_DTYPE = {"cpu": "int64", "tensorrt": "int64", "lite": "int32"}  # Paddle Lite on phones is fed int32


def run(options) -> dict[str, dict]:
    """Calibrate, write `quant_model_dir/bundle`, and compare its engines with the FP32 model.

    Returns:
        The gate's verdict per engine.

    Raises:
        UserError: too few rows, labels of another model, or a static model of another checkpoint.
        GateFailed: INT8 decides otherwise than FP32 too often; nothing is left then.
    """
    source = options.checkpoints
    program = options.static_model_dir / options.input_model_filename
    weights = options.static_model_dir / options.input_param_filename
    files.require(program, "static model (export one by export_model.py)")
    network, record = models.load(source), trainer.record_of(source)
    labels = check(options, network, record)
    vocabulary = source / checkpoint.VOCABULARY
    rows = trainer.dataset(options.calibration_path, vocabulary, labels, options)
    feeds = calibration_feeds(rows, options)
    all_rows = trainer.dataset(options.gate_path, vocabulary, labels, options)
    gate_rows = all_rows[: options.gate_rows]
    batches = exporting.gate_batches(gate_rows, options.gate_rows)
    fp32 = exporting.reference_of(network, batches)

    target, target_bundle = options.target, options.quant_model_dir / "bundle"
    with files.replacing_folder(target_bundle) as folder:
        quantised = write_models(options, network, program, weights, feeds, folder)
        exporting.add_words(folder, vocabulary, labels)
        metrics = compare(quantised, fp32, batches, gate_rows, labels, options.min_agreement)
        if len(gate_rows) < len(all_rows):
            metrics["split"] = f"dev, first {len(gate_rows)} rows"
        operators = [] if target == "tensorrt" else int8.onednn_operators(quantised)
        manifest = exporting.manifest_of(
            quantised, labels, options.max_seq_len, STAGE_OF[record["stage"]], metrics, INPUT_DTYPE[target], operators
        )
        engines = [engine for engine in options.gate_engines if engine in ENGINES[target]]
        must, share = quant_post.MUST_PASS[target], options.min_agreement
        verdicts = gate_bundle(folder, manifest, batches, fp32, exporting.KIND.decide, engines, must, share)
    write_bundle.link_program(options.quant_model_dir, options.save_model_filename, options.save_params_filename)
    print(f"quantised: {target_bundle}", flush=True)
    return verdicts


def check(options, network: paddle.nn.Layer, record: dict) -> LabelSet:
    """The checkpoint's labels, after everything that can be refused before the work begins."""
    if record["stage"] not in STAGE_OF:
        raise UserError(f"{options.checkpoints}: a checkpoint of the stage `{record['stage']}`; give a float one")
    if (options.static_model_dir / "bundle").exists():
        given = read_bundle(options.static_model_dir / "bundle", task=exporting.TASK)
        if given.precision != "fp32":
            raise UserError(f"{options.static_model_dir}: an {given.precision} model already; give the FP32 one")
    labels = LabelSet(**record["labels"])
    if options.label_path is not None:
        trainer.check_labels(read_labels(options.label_path), labels, options.label_path)
    said = options.base_model_name
    if said is not None and models.family_of(said) != models.family_of(options.checkpoints):
        own = models.family_of(options.checkpoints)
        raise UserError(f"--base_model_name {said}: but {options.checkpoints} is a {own}; leave the flag out")
    trainer.check_fit(network, options.checkpoints / checkpoint.VOCABULARY, options.max_seq_len, labels)
    return labels


def calibration_feeds(rows: Sequence[Row], options) -> list[dict[str, np.ndarray]]:
    """Whole batches of rows that a seed draws, each of the model's inputs int64 [batch, length].

    Raises:
        UserError: not even one whole batch: ranges out of nothing would be garbage without an error.
    """
    size = options.batch_size
    if len(rows) < size:
        raise UserError(
            f"{options.calibration_path}: {len(rows)} rows are fewer than one calibration batch; give more rows, or "
            f"--batch_size {len(rows)} or less (now {size})"
        )
    order = np.random.default_rng(options.seed).permutation(len(rows))
    starts = range(0, len(rows) - size + 1, size)[: options.batch_nums]
    batches = [collate([rows[place] for place in order[start : start + size]]) for start in starts]
    return [{name: batch[name] for name in exporting.INPUTS} for batch in batches]


def write_models(options, network, program: Path, weights: Path, feeds: list, folder: Path) -> paddle.nn.Layer:
    """The files of a target; gives the fake-quantised model back, which says what they are to answer."""
    recipe = static_ptq.Recipe(
        options.algorithm, options.weight_quantize_type, options.quantizable_op_type, options.hist_percent
    )
    found = static_ptq.quantize_program(program, weights, folder / "model", feeds, recipe)
    print(
        f"calibrated on {len(feeds)} batches of {options.batch_size} rows by {options.algorithm}: {found['quantised']} "
        f"of {found['products']} matrix products",
        flush=True,
    )
    quantised = deepcopy(network)
    int8.take_ranges(quantised, found["ranges"], options.weight_quantize_type)
    if options.embeddings:
        int8.quantize_embeddings(quantised)
    if options.target != "tensorrt":
        dtype = INPUT_DTYPE[options.target]
        export.save_program(quantised, folder / "model", dtype, exporting.INPUTS)  # in place of PaddleSlim's
    if options.target == "lite":
        lite.convert(folder / "model.pdmodel", folder / "model.pdiparams", folder / "model.arm", "arm", True)
    if options.target == "cpu":
        write_onnx(options, network, quantised, feeds, folder)
    return quantised


def write_onnx(options, network, quantised, feeds: list, folder: Path) -> None:
    """`model.onnx` for ONNX Runtime and, where OpenVINO is to run, NNCF's `model.xml` for it."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".onnx.") as place:
        fp32 = Path(place) / "fp32.onnx"
        write_bundle.write_onnx(exporting.KIND, network, fp32, "portable")
        if options.onnx_method == "static":
            write_bundle.write_onnx(exporting.KIND, quantised, folder / "model.onnx", "onnxruntime")
        else:
            in_child("dynamic", fp32, folder / "model.onnx")
        if "openvino" in options.gate_engines:
            lists = [{name: array.tolist() for name, array in feed.items()} for feed in feeds]
            in_child("nncf", fp32, folder / "model.xml", feeds=lists)


def in_child(action: str, onnx: Path, to: Path, **more) -> None:
    """A step of `common.export.onnx_baselines`; what it counted is told."""
    request = {"action": action, "onnx": str(onnx), "to": str(to), **more}
    counted = child.run_child("common.export.onnx_baselines", request, timeout=static_ptq.TIMEOUT)
    print(f"{action}: " + ", ".join(f"{count} {name}" for name, count in counted.items()), flush=True)


def compare(quantised, fp32: list[dict], batches: list, rows: list[Row], labels: LabelSet, share: float) -> dict:
    """Scores of the fake-quantised model on the gate's rows, after it was compared with FP32 on them.

    Raises:
        GateFailed: less than `share` of the decisions are the same.
    """
    answers = exporting.reference_of(quantised, batches)
    result = parity.compare(fp32, answers, exporting.decide)
    print(
        f"INT8 against FP32, dynamic graph, {len(rows)} rows: largest difference {result.max_abs_diff:.3g}, same "
        f"decisions {result.agreement:.2%}",
        flush=True,
    )
    parity.require(result, "INT8 against FP32", None, share)
    gold = [row.label for row in sorted(rows, key=lambda row: len(row.ids))]  # the order of `gate_batches`
    predicted = [decision for outputs in answers for decision in exporting.decide(outputs)]
    return trainer.score(labels, gold, predicted)
