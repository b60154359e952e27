# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""INT8 of an exported sub-model: weights and tables as they are, ranges of the activations from training rows."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from common import child, files, parity
from common.cli import UserError
from common.compress import static_ptq
from common.engines.gate import gate_bundle
from common.export import program, write_bundle
from common.models import int8
from common.train import finetune

import numpy as np
import paddle

from glue import export, metrics, tasks
from glue.data import Row
from glue.export import SubModel
from glue.trainer import INPUTS

# A score that stands near a half changes its whole number by any small difference, so that fewer stay the same.
SCORE_AGREEMENT = 0.9
CALIBRATION = {"weight_type": "abs_max", "activation_type": "moving_average_abs_max", "moving_rate": 0.9}


@dataclass(frozen=True)
class Calibration:
    """How many rows set the ranges of INT8: `batches` of `batch_size`, drawn by `seed`."""

    batches: int
    batch_size: int
    seed: int


def draw_feeds(rows: Sequence[Row], calibration: Calibration) -> list[dict[str, paddle.Tensor]]:
    """Calibration batches of some training rows; see `feeds_of`.

    Raises:
        UserError: not enough rows for one batch: ranges out of next to nothing would be garbage without an error.
    """
    size = calibration.batch_size
    if len(rows) < size:
        raise UserError(
            f"{len(rows)} training rows are fewer than one calibration batch; give more rows, or "
            f"--calibration_batch_size {len(rows)} or less (now {size})"
        )
    drawn = np.random.default_rng(calibration.seed).permutation(len(rows))[: size * calibration.batches]
    return feeds_of([rows[place] for place in drawn], size, calibration.seed)


def feeds_of(rows: Sequence[Row], size: int, seed: int) -> list[dict[str, paddle.Tensor]]:
    """Calibration batches by input name, int64 [batch, length], unpadded: padding is no text.

    The ranges are moving averages, so the batches are shuffled: otherwise the longest texts would come last.
    """
    batches = parity.pair_batches_by_length([(row.ids, row.token_type_ids) for row in rows], size)
    np.random.default_rng(seed).shuffle(batches)
    return [dict(zip(INPUTS, map(paddle.to_tensor, batch), strict=True)) for batch in batches]


def write_int8(
    sub_model: SubModel,
    feeds: Sequence[dict[str, paddle.Tensor]],
    target: Path,
    engines: Sequence[str],
    agreement: float,
    nncf: bool = False,
) -> None:
    """Calibrate, write `target/bundle`, and compare its engines with the FP32 sub-model.

    Args:
        feeds: calibration batches, as of `feeds_of`.
        engines: are compared.
        agreement: share of the decisions that must be the same as in FP32.
        nncf: let NNCF make a file of its own for OpenVINO.

    Raises:
        GateFailed: INT8 decides otherwise than FP32 too often; nothing is left then.
    """
    source, kind = sub_model.source, export.kind_of(sub_model.source.task)
    batches = export.gate_batches(sub_model.rows)
    network = deepcopy(sub_model.network)
    int8.calibrate(network, feeds, CALIBRATION)
    int8.quantize_embeddings(network)
    answers = write_bundle.answers(network, batches)
    same = parity.compare(sub_model.answers, answers, kind.decide)
    used = sum(len(feed[INPUTS[0]]) for feed in feeds)
    print(f"sub-model -> INT8 (calibrated on {used} training rows): {export.format_comparison(same)}", flush=True)
    parity.require(same, "INT8 against FP32", None, agreement)
    with files.replacing_folder(target / "bundle") as folder:
        program.save_program(network, folder / "model", "int64", INPUTS)
        write_bundle.write_onnx(kind, network, folder / "model.onnx", "onnxruntime")
        if nncf:
            write_openvino(kind, sub_model.network, feeds, folder)
        write_bundle.add_words(folder, source.vocabulary, export.labels_of(source.task))
        manifest = export.manifest_of(sub_model, network, int8.onednn_operators(network))
        manifest["metrics"] = scores(sub_model, answers)
        gate_bundle(folder, manifest, batches, sub_model.answers, kind.decide, engines, min_agreement=agreement)
    write_bundle.link_program(target)
    print(f"quantised: {target / 'bundle'}", flush=True)


def write_openvino(
    kind: write_bundle.Kind, network: paddle.nn.Layer, feeds: Sequence[dict[str, paddle.Tensor]], folder: Path
) -> None:
    """`model.xml` with ranges that NNCF finds by itself; without it OpenVINO reads the Paddle program, with ours.

    Args:
        network: the FP32 model.
        feeds: calibration batches, as of `feeds_of`.
    """
    fp32 = folder / ".fp32.onnx"
    write_bundle.write_onnx(kind, network, fp32, "portable")
    lists = [{name: array.numpy().tolist() for name, array in feed.items()} for feed in feeds]
    request = {"action": "nncf", "onnx": str(fp32), "to": str(folder / "model.xml"), "feeds": lists}
    child.run_child("common.export.onnx_baselines", request, timeout=static_ptq.TIMEOUT)
    fp32.unlink()


def scores(sub_model: SubModel, answers: Sequence[write_bundle.Outputs]) -> dict:
    """Scores of INT8 on the gate's rows, for the manifest; those of FP32 are printed beside them.

    Args:
        answers: the INT8 model's outputs for `export.gate_batches(sub_model.rows)`.
    """
    task = sub_model.source.task
    gold = [row.label for row in sorted(sub_model.rows, key=lambda row: len(row.ids))]  # the order of `gate_batches`
    found = {}
    for name, outputs in (("FP32", sub_model.answers), ("INT8", answers)):
        predicted = [each for batch in outputs for each in metrics.predictions(task, batch["logits"])]
        found[name] = metrics.score(task, gold, predicted)
        print(f"  {name} on {len(gold)} dev rows: {finetune.format_metrics(found[name])}", flush=True)
    return {"split": f"dev, first {len(gold)} rows", **found["INT8"]}


def wanted_agreement(task: tasks.Task, asked: float | None) -> float:
    """Share of the decisions that INT8 must leave as they are: what is asked for, else the task's default."""
    if asked is not None:
        return asked
    return SCORE_AGREEMENT if task.regression else parity.INT8_AGREEMENT
