# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An aspect classifier as a bundle: program, ONNX, vocabulary, labels, manifest; each engine checked on real text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files, parity
from common.engines.gate import Verdict, gate_bundle
from common.export import write_bundle
from common.models import checkpoint

import model
import numpy as np
import paddle
from data import LabelSet, Row

from aspect import trainer
from aspect.predictor import TASK

GATE_ROWS = 100  # rows of the development set on which the engines are compared with the dynamic graph
KIND = write_bundle.Kind(trainer.APP, TASK, trainer.INPUTS, "sentence", "class", write_bundle.decide_class)


@dataclass(frozen=True)
class Trained:
    """A checkpoint of train.py or prune_width.py in memory.

    Attributes:
        folder: where it lies.
        record: its `training.json`.
    """

    folder: Path
    network: paddle.nn.Layer
    labels: LabelSet
    record: dict

    @property
    def vocabulary(self) -> Path:
        return self.folder / checkpoint.VOCABULARY


def open_checkpoint(folder: Path) -> Trained:
    """Load a checkpoint for export.

    Raises:
        UserError: it is missing, damaged, or another app's.
    """
    network, record = model.load(folder), trainer.record_of(folder)
    return Trained(folder, network, LabelSet(**record["labels"]), record)


def export_fp32(
    trained: Trained, target: Path, rows: Sequence[Row], max_length: int, dtype: str, engines: Sequence[str]
) -> dict[str, Verdict]:
    """Write `target/bundle`, and `target/infer.*` as links into it under the document's names.

    Args:
        rows: real text on which the engines are compared with the dynamic graph.
        max_length: tokens of the longest input that will be served.
        dtype: of the inputs, int64 or int32.
        engines: which are compared, Paddle Inference and ONNX Runtime among them.

    Returns:
        The gate's verdict per engine.

    Raises:
        GateFailed: Paddle Inference or ONNX Runtime does not answer as the dynamic graph; nothing is left then.
    """
    network, record = trained.network, trained.record
    batches = gate_batches(rows[:GATE_ROWS])
    with files.replacing_folder(target / "bundle") as temporary:
        write_bundle.write_fp32(KIND, network, temporary, dtype)
        add_words(temporary, trained.vocabulary, trained.labels)
        manifest = manifest_of(network, trained.labels, max_length, record["stage"], record["metrics"], dtype)
        reference = write_bundle.answers(network, batches)
        verdicts = gate_bundle(temporary, manifest, batches, reference, KIND.decide, engines)
    write_bundle.link_program(target)
    print(f"exported: {target / 'bundle'}", flush=True)
    return verdicts


def add_words(folder: Path, vocabulary: Path, labels: LabelSet) -> None:
    """Put `vocab.txt` and `labels.json` into a bundle's folder."""
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
    """The bundle's manifest without its files and engines.

    Args:
        max_length: tokens of the longest input that will be served.
        metrics: scores on the development set, or on the part of it that "split" names.
        dtype, int8_ops: as of `write_bundle.manifest_of`.
    """
    scores = {"split": "dev", **metrics}
    manifest = write_bundle.manifest_of(KIND, network, max_length, stage, scores, dtype, int8_ops)
    return manifest | ({"label_names": labels.names} if labels.names else {})


def gate_batches(rows: Sequence[Row]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Unpadded batches (token ids, token types), each int64 [batch, length]; the shortest rows first."""
    return parity.pair_batches_by_length([(row.ids, row.token_type_ids) for row in rows])
