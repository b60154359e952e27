# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""INT8 of an exported sub-model: weights and tables as they are, ranges of the activations from training rows."""

from copy import deepcopy
from pathlib import Path

from common import child, files, parity
from common.cli import UserError
from common.compress import static_ptq
from common.engines.gate import gate_bundle
from common.export import program, write_bundle
from common.models import checkpoint, int8, width
from common.train import finetune

import numpy as np
import paddle

from glue import export as exporting
from glue import metrics, tasks
from glue.data import Row
from glue.export import INPUTS, Exported

# A score that stands near a half changes its whole number by any small difference, so that fewer stay the same.
SAME_SCORES = 0.9
CALIBRATION = {"weight_type": "abs_max", "activation_type": "moving_average_abs_max", "moving_rate": 0.9}


def run(options, exported: Exported) -> dict[str, dict]:
    """Calibrate on training rows and write `static_sub_model/int8`; see `write`.

    Raises:
        UserError: not enough of them for one batch: ranges out of next to nothing would be garbage without an error.
    """
    rows, size = exporting.rows_for(exported.source, options, "train"), options.calibration_batch_size
    if len(rows) < size:
        raise UserError(
            f"{len(rows)} training rows are fewer than one calibration batch; give more rows, or "
            f"--calibration_batch_size {len(rows)} or less (now {size})"
        )
    drawn = np.random.default_rng(options.seed).permutation(len(rows))[: size * options.calibration_batches]
    feeds = feeds_of([rows[place] for place in drawn], size, options.seed)
    return write(options, exported, feeds, options.static_sub_model / "int8")


def feeds_of(rows: list[Row], size: int, seed: int) -> list[dict]:
    """Calibration batches by name, int64 [batch, length], unpadded: padding is no text.

    The ranges are moving averages, so the batches are shuffled: otherwise the longest texts would come last.
    """
    batches = parity.pair_batches_by_length([(row.ids, row.token_type_ids) for row in rows], size)
    np.random.default_rng(seed).shuffle(batches)
    return [dict(zip(INPUTS, map(paddle.to_tensor, batch), strict=True)) for batch in batches]


def write(options, exported: Exported, feeds: list[dict], target: Path) -> dict[str, dict]:
    """Calibrate, write `target/bundle`, and compare its engines with the FP32 sub-model.

    Args:
        options: `max_seq_length`, `min_agreement`, `nncf`, `gate_engines`, `must_pass`.

    Returns:
        The gate's verdict per engine.

    Raises:
        GateFailed: INT8 decides otherwise than FP32 too often; nothing is left then.
    """
    source, task = exported.source, exported.source.task
    kind, batches, share = exporting.kind_of(task), exporting.gate_batches(exported.rows), min_agreement(task, options)
    quantised = deepcopy(exported.network)
    int8.calibrate(quantised, feeds, CALIBRATION)
    int8.quantize_embeddings(quantised)
    answers = write_bundle.answers(quantised, batches)
    same = parity.compare(exported.answers, answers, kind.decide)
    used = sum(len(feed[INPUTS[0]]) for feed in feeds)
    exporting.told(f"sub-model -> INT8 (calibrated on {used} training rows)", same)
    parity.require(same, "INT8 against FP32", None, share)
    with files.replacing_folder(target / "bundle") as folder:
        program.save_program(quantised, folder / "model", "int64", INPUTS)
        write_bundle.write_onnx(kind, quantised, folder / "model.onnx", "onnxruntime")
        if options.nncf:
            write_openvino(kind, exported.network, feeds, folder)
        write_bundle.add_words(folder, source.folder / checkpoint.VOCABULARY, exporting.labels_of(task))
        operators = int8.onednn_operators(quantised)
        count = width.parameter_count(exported.network)
        manifest = exporting.manifest_of(quantised, source, options.max_seq_length, count, operators)
        manifest["metrics"] = scores(task, exported, answers)
        verdicts = gate_bundle(
            folder, manifest, batches, exported.answers, kind.decide, options.gate_engines, options.must_pass, share
        )
    write_bundle.link_program(target)
    print(f"quantised: {target / 'bundle'}", flush=True)
    return verdicts


def write_openvino(kind: write_bundle.Kind, network, feeds: list[dict], folder: Path) -> None:
    """`model.xml` with ranges that NNCF finds by itself; without it OpenVINO reads the Paddle program, with ours."""
    fp32 = folder / ".fp32.onnx"
    write_bundle.write_onnx(kind, network, fp32, "portable")
    lists = [{name: array.numpy().tolist() for name, array in feed.items()} for feed in feeds]
    request = {"action": "nncf", "onnx": str(fp32), "to": str(folder / "model.xml"), "feeds": lists}
    child.run_child("common.export.onnx_baselines", request, timeout=static_ptq.TIMEOUT)
    fp32.unlink()


def scores(task: tasks.Task, exported: Exported, answers: list[write_bundle.Outputs]) -> dict:
    """Scores of INT8 on the gate's rows, for the manifest; FP32's are told beside them."""
    gold = [row.label for row in sorted(exported.rows, key=lambda row: len(row.ids))]  # the order of `gate_batches`
    found = {}
    for name, outputs in (("FP32", exported.answers), ("INT8", answers)):
        predicted = [each for batch in outputs for each in metrics.predictions(task, batch["logits"])]
        found[name] = metrics.score(task, gold, predicted)
        print(f"  {name} on {len(gold)} dev rows: {finetune.told(found[name])}", flush=True)
    return {"split": f"dev, first {len(gold)} rows", **found["INT8"]}


def min_agreement(task: tasks.Task, options) -> float:
    if options.min_agreement is not None:
        return options.min_agreement
    return SAME_SCORES if task.regression else parity.INT8_AGREEMENT
