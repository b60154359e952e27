# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An aspect classifier as a bundle: program, ONNX, vocabulary, labels, manifest; each engine checked on real text."""

from collections.abc import Sequence
from pathlib import Path

from common import files, parity
from common.engines.gate import gate_bundle
from common.export import write_bundle
from common.models import checkpoint

import model as models
import numpy as np
import paddle
from data import LabelSet, Row

from aspect import trainer

TASK = "aspect_sentiment"
INPUTS = trainer.INPUTS
GATE_SENTENCES = 100
KIND = write_bundle.Kind(trainer.APP, TASK, INPUTS, "sentence", "class", write_bundle.decide_class)
decide, reference_of = KIND.decide, write_bundle.answers


def export_fp32(source: Path, target: Path, options) -> dict[str, dict]:
    """Write `target/bundle` from the checkpoint `source`, and `target/infer.*` as links under the document's names.

    Args:
        options: `max_seq_len`, `input_dtype`, `gate_path` (labelled text that the engines are compared on),
            `gate_engines`, `skip_bad_lines`.

    Returns:
        The gate's verdict per engine.

    Raises:
        GateFailed: Paddle Inference or ONNX Runtime does not answer as the dynamic graph; nothing is left then.
    """
    network, labels, record = models.load(source), trainer.labels_of(source), trainer.record_of(source)
    vocabulary = source / checkpoint.VOCABULARY
    trainer.check_fit(network, vocabulary, options.max_seq_len, labels)
    with files.replacing_folder(target / "bundle") as temporary:
        write_bundle.write_fp32(KIND, network, temporary, options.input_dtype)
        add_words(temporary, vocabulary, labels)
        manifest = manifest_of(
            network, labels, options.max_seq_len, record["stage"], record["metrics"], options.input_dtype
        )
        batches = gate_batches(trainer.dataset(options.gate_path, vocabulary, labels, options))
        reference = reference_of(network, batches)
        verdicts = gate_bundle(temporary, manifest, batches, reference, KIND.decide, options.gate_engines)
    write_bundle.link_program(target)
    print(f"exported: {target / 'bundle'}", flush=True)
    return verdicts


def add_words(folder: Path, vocabulary: Path, labels: LabelSet) -> None:
    write_bundle.add_words(folder, vocabulary, {"class": labels.values})


def manifest_of(
    network: paddle.nn.Layer,
    labels: LabelSet,
    max_length: int,
    stage: str,
    metrics: dict,
    dtype: str = "int64",
    int8_ops: Sequence[str] | None = None,
) -> dict:
    """The bundle's manifest without its files and engines; `metrics` on the development set."""
    scores = {"split": "dev", **metrics}
    manifest = write_bundle.manifest_of(KIND, network, max_length, stage, scores, dtype, int8_ops)
    return manifest | ({"label_names": labels.names} if labels.names else {})


def gate_batches(rows: Sequence[Row], count: int = GATE_SENTENCES) -> list[tuple[np.ndarray, np.ndarray]]:
    """Unpadded batches (token ids, token types) of the first rows, each int64 [batch, length]."""
    return parity.pair_batches_by_length([(row.ids, row.token_type_ids) for row in rows[:count]])
