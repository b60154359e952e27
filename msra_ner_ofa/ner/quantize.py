# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""INT8 of a sub-model after its training: ranges from training sentences, one scale per weight, INT8 tables.

One scale per weight and not one per channel: oneDNN restores the latter wrongly (see common/models/int8.py).
"""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

from common import files, parity
from common.engines.gate import gate_bundle
from common.export import program, write_bundle
from common.models import int8

import numpy as np
import paddle

from ner.data import Sentence, collate
from ner.export import BATCH, KIND, SubModel, manifest_of

CALIBRATION = {"weight_type": "abs_max", "activation_type": "moving_average_abs_max"}


def draw_feeds(sub_model: SubModel, sentences: Sequence[Sentence], count: int, seed: int) -> list[dict]:
    """Calibration batches of `count` training sentences that a seed draws: `input_ids` int64 [batch, length]."""
    order = np.random.default_rng(seed).permutation(len(sentences))[:count]
    rows = sub_model.rows([sentences[place] for place in order])
    return [
        {"input_ids": paddle.to_tensor(collate(rows[start : start + BATCH])["input_ids"])}
        for start in range(0, len(rows), BATCH)
    ]


def write_int8(
    sub_model: SubModel,
    feeds: Sequence[dict],
    target: Path,
    engines: Sequence[str],
    agreement: float,
    dtype: str = "int64",
) -> None:
    """Calibrate, write `target/bundle`, and compare its engines with the FP32 model.

    Args:
        feeds: calibration batches, as of `draw_feeds`.
        engines: are compared.
        agreement: share of the characters whose tag must be the same as in FP32.
        dtype: of the input, int64 or int32.

    Raises:
        GateFailed: too many characters get another tag than from FP32; nothing is left then.
    """
    gate, network = sub_model.gate, deepcopy(sub_model.network)
    used = int8.calibrate(network, feeds, CALIBRATION)
    int8.quantize_embeddings(network)
    reference = gate.answers(sub_model.network)
    same = parity.compare(reference, gate.answers(network), KIND.decide)
    before, scores = sub_model.scores(sub_model.network), sub_model.scores(network)
    print(
        f"INT8, calibrated on {used} batches, against FP32 on {len(gate.sentences)} sentences: same tags "
        f"{same.agreement:.2%}, F1 {before['f1']:.4f} -> {scores['f1']:.4f}",
        flush=True,
    )
    parity.require(same, "INT8 against FP32", None, agreement)
    with files.replacing_folder(target / "bundle") as folder:
        program.save_program(network, folder / "model", dtype)
        write_bundle.write_onnx(KIND, network, folder / "model.onnx", "onnxruntime", dtype)
        write_bundle.add_words(folder, sub_model.vocabulary, {KIND.labels: sub_model.labels})
        manifest = manifest_of(sub_model, network, scores, dtype, int8.onednn_operators(network))
        gate_bundle(folder, manifest, gate.batches, reference, KIND.decide, engines, min_agreement=agreement)
    write_bundle.link_program(target)
    print(f"quantised: {target / 'bundle'}", flush=True)
