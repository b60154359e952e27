# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Post-training INT8 of an aspect classifier: one calibration, then a bundle with the files that are right on a target.

PaddleSlim's program computes what TensorRT wants: a range noted behind nearly every operator. On a CPU it is slow and
loses accuracy. For `cpu` and `lite` only its ranges are taken: of the inputs of all products with a stored weight.
"""

import tempfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from common import child, files, parity
from common.bundle.bundle import read_bundle
from common.cli import UserError
from common.compress import static_ptq
from common.engines.gate import Verdict, gate_bundle
from common.export import lite, program, write_bundle
from common.models import int8

import model
import numpy as np
import paddle
from data import Row, collate, read_labels

from aspect import export, trainer
from aspect.export import KIND, Trained
from aspect.metrics import score
from aspect.predictor import TASK
from aspect.quantize_options import ENGINES, INPUT_DTYPE, MUST_PASS, Choices

STAGE_OF = {"original": "int8", "width": "width_int8"}
Feed = dict[str, np.ndarray]
"""A calibration batch: each of the model's inputs by name, int64 [batch, length]."""


@dataclass(frozen=True)
class GateText:
    """Real text on which INT8 is compared with FP32.

    Attributes:
        split: what the manifest calls it, "dev" or a part of it.
    """

    rows: list[Row]
    split: str = "dev"


def check_source(trained: Trained, static_model_dir: Path, label_path: Path | None, name: str | None) -> None:
    """Refuse what cannot be quantized before the work begins.

    Args:
        label_path: labels that the user says the model has.
        name: architecture that the user says the model has.

    Raises:
        UserError: a checkpoint or static model that is INT8 already, other labels, or another architecture.
    """
    stage, folder = trained.record["stage"], trained.folder
    if stage not in STAGE_OF:
        raise UserError(f"{folder}: a checkpoint of the stage `{stage}`; give a float one")
    if (static_model_dir / "bundle").exists():
        given = read_bundle(static_model_dir / "bundle", task=TASK)
        if given.precision != "fp32":
            raise UserError(f"{static_model_dir}: an {given.precision} model already; give the FP32 one")
    if label_path is not None:
        trainer.check_labels(read_labels(label_path), trained.labels, label_path)
    own = model.family_of(folder)
    if name is not None and model.family_of(name) != own:
        raise UserError(f"--base_model_name {name}: but {folder} is a {own}; leave the flag out")


def calibration_feeds(rows: Sequence[Row], size: int, count: int, seed: int, path: Path) -> list[Feed]:
    """Whole batches of rows that a seed draws.

    Args:
        size: rows per batch.
        count: batches at most.
        path: the file that the rows are from, for the message.

    Raises:
        UserError: not even one whole batch: ranges out of nothing would be garbage without an error.
    """
    if len(rows) < size:
        raise UserError(
            f"{path}: {len(rows)} rows are fewer than one calibration batch; give more rows, or "
            f"--batch_size {len(rows)} or less (now {size})"
        )
    order = np.random.default_rng(seed).permutation(len(rows))
    starts = range(0, len(rows) - size + 1, size)[:count]
    batches = [collate([rows[place] for place in order[start : start + size]]) for start in starts]
    return [{name: batch[name] for name in trainer.INPUTS} for batch in batches]


def write_int8(
    trained: Trained, fp32: tuple[Path, Path], feeds: Sequence[Feed], text: GateText, choices: Choices, target: Path
) -> dict[str, Verdict]:
    """Calibrate, write `target/bundle`, and compare its engines with the FP32 model.

    Args:
        fp32: program and weights that were exported from the checkpoint.
        feeds: calibration batches.

    Returns:
        The gate's verdict per engine.

    Raises:
        UserError: a static model of another checkpoint.
        GateFailed: INT8 decides otherwise than FP32 too often; nothing is left then.
    """
    network, where = trained.network, choices.target
    batches = export.gate_batches(text.rows)
    reference = write_bundle.answers(network, batches)
    with files.replacing_folder(target / "bundle") as folder:
        quantized = write_models(network, fp32, feeds, choices, folder)
        export.add_words(folder, trained.vocabulary, trained.labels)
        answers = write_bundle.answers(quantized, batches)
        check_agreement(reference, answers, len(text.rows), choices.min_agreement)
        metrics = {"split": text.split, **scores(trained, text.rows, answers)}
        operators = [] if where == "tensorrt" else int8.onednn_operators(quantized)
        stage, dtype = STAGE_OF[trained.record["stage"]], INPUT_DTYPE[where]
        manifest = export.manifest_of(quantized, trained.labels, choices.max_length, stage, metrics, dtype, operators)
        engines = [engine for engine in choices.engines if engine in ENGINES[where]]
        verdicts = gate_bundle(
            folder, manifest, batches, reference, KIND.decide, engines, MUST_PASS[where], choices.min_agreement
        )
    print(f"quantised: {target / 'bundle'}", flush=True)
    return verdicts


def write_models(
    network: paddle.nn.Layer, fp32: tuple[Path, Path], feeds: Sequence[Feed], choices: Choices, folder: Path
) -> paddle.nn.Layer:
    """Write the files of a target; returns the fake-quantised model, which says what they are to answer."""
    found = static_ptq.quantize_program(*fp32, folder / "model", feeds, choices.scales)
    print(
        f"calibrated on {len(feeds)} batches of {choices.batch_size} rows by {choices.scales.algorithm}: "
        f"{found['quantised']} of {found['products']} matrix products",
        flush=True,
    )
    quantized = deepcopy(network)
    int8.take_ranges(quantized, found["ranges"], choices.scales.weight_type)
    if choices.embeddings:
        int8.quantize_embeddings(quantized)
    if choices.target != "tensorrt":  # in place of PaddleSlim's program
        program.save_program(quantized, folder / "model", INPUT_DTYPE[choices.target], trainer.INPUTS)
    if choices.target == "lite":
        lite.convert(folder / "model.pdmodel", folder / "model.pdiparams", folder / "model.arm", "arm", True)
    if choices.target == "cpu":
        write_onnx(network, quantized, feeds, choices, folder)
    return quantized


def write_onnx(
    network: paddle.nn.Layer, quantized: paddle.nn.Layer, feeds: Sequence[Feed], choices: Choices, folder: Path
) -> None:
    """`model.onnx` for ONNX Runtime and, where OpenVINO is to run, NNCF's `model.xml` for it."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".onnx.") as place:
        fp32 = Path(place) / "fp32.onnx"
        write_bundle.write_onnx(KIND, network, fp32, "portable")
        if choices.onnx_method == "static":
            write_bundle.write_onnx(KIND, quantized, folder / "model.onnx", "onnxruntime")
        else:
            in_child("dynamic", fp32, folder / "model.onnx")
        if "openvino" in choices.engines:
            lists = [{name: array.tolist() for name, array in feed.items()} for feed in feeds]
            in_child("nncf", fp32, folder / "model.xml", feeds=lists)


def in_child(action: str, onnx: Path, to: Path, **more) -> None:
    """A step of `common.export.onnx_baselines` in a process of its own; prints what it counted."""
    request = {"action": action, "onnx": str(onnx), "to": str(to), **more}
    counted = child.run_child("common.export.onnx_baselines", request, timeout=static_ptq.TIMEOUT)
    print(f"{action}: " + ", ".join(f"{count} {name}" for name, count in counted.items()), flush=True)


def check_agreement(
    fp32: Sequence[write_bundle.Outputs], answers: Sequence[write_bundle.Outputs], rows: int, share: float
) -> None:
    """Compare the fake-quantised model with FP32, both in the dynamic graph; prints the figures.

    Raises:
        GateFailed: less than `share` of the decisions are the same.
    """
    found = parity.compare(fp32, answers, KIND.decide)
    print(
        f"INT8 against FP32, dynamic graph, {rows} rows: largest difference {found.max_abs_diff:.3g}, same "
        f"decisions {found.agreement:.2%}",
        flush=True,
    )
    parity.require(found, "INT8 against FP32", None, share)


def scores(trained: Trained, rows: Sequence[Row], answers: Sequence[write_bundle.Outputs]) -> dict[str, float]:
    """Scores of the answers to `export.gate_batches(rows)`."""
    gold = [row.label for row in sorted(rows, key=lambda row: len(row.ids))]  # the order of `gate_batches`
    predicted = [decision for outputs in answers for decision in KIND.decide(outputs)]
    return score(trained.labels, gold, predicted)
