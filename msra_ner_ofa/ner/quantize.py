# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""INT8 of a sub-model after its training: ranges from training sentences, one scale per weight, INT8 tables.

One scale per weight and not one per channel: oneDNN restores the latter wrongly (see common/models/int8.py).
"""

from copy import deepcopy
from pathlib import Path

from common import files, parity
from common.engines.gate import gate_bundle
from common.export import program, write_bundle
from common.models import int8 as quantize

import numpy as np
import paddle

from ner import bundle
from ner import gate as gating
from ner.data import collate, read_sentences

SETTINGS = {"weight_type": "abs_max", "activation_type": "moving_average_abs_max"}


def run(made, target: Path, options) -> dict[str, dict]:
    """Calibrate, write `target/bundle`, and compare its engines with the FP32 model.

    Args:
        made: an `bundling.Made`.

    Raises:
        GateFailed: too many characters get another tag than from FP32; nothing is left then.
    """
    network, gate = made.network, made.gate
    batches = calibration_batches(made, options)
    quantised = deepcopy(network)
    count = quantize.calibrate(quantised, batches, SETTINGS)
    quantize.quantize_embeddings(quantised)
    fp32, int8 = gate.answers(network), gate.answers(quantised)
    result = parity.compare(fp32, int8, gating.decide)
    before, after = (made.scores(each)["f1"] for each in (network, quantised))
    print(
        f"INT8, calibrated on {count} batches, against FP32 on {len(gate.sentences)} sentences: same tags "
        f"{result.agreement:.2%}, F1 {before:.4f} -> {after:.4f}",
        flush=True,
    )
    parity.require(result, "INT8 against FP32", None, options.min_agreement)
    with files.replacing_folder(target / "bundle") as folder:
        program.save_program(quantised, folder / "model", options.input_dtype)
        write_bundle.write_onnx(bundle.KIND, quantised, folder / "model.onnx", "onnxruntime", options.input_dtype)
        write_bundle.add_words(folder, made.vocabulary, {bundle.KIND.labels: made.labels})
        scores, operators = made.scores(quantised), quantize.onednn_operators(quantised)
        stage = stage_of(made.record["stage"])
        manifest = bundle.manifest_of(made, quantised, stage, scores, options.input_dtype, operators)
        share = options.min_agreement
        verdicts = gate_bundle(
            folder, manifest, gate.batches, fp32, bundle.KIND.decide, options.gate_engines, min_agreement=share
        )
    write_bundle.link_program(target)
    print(f"quantised: {target / 'bundle'}", flush=True)
    return verdicts


def stage_of(fp32: str) -> str:
    return "int8" if fp32 == "original" else f"{fp32}_int8"


def calibration_batches(made, options) -> list[dict[str, np.ndarray]]:
    """Batches of training sentences that a seed draws."""
    sentences = read_sentences(options.data_dir / "train.txt", made.labels)
    order = np.random.default_rng(options.seed).permutation(len(sentences))[: options.calibration_sentences]
    rows = made.rows([sentences[place] for place in order])
    return [
        {"input_ids": paddle.to_tensor(collate(rows[start : start + bundle.BATCH])["input_ids"])}
        for start in range(0, len(rows), bundle.BATCH)
    ]
