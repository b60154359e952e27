# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A GLUE classifier as a folder that loads without flags and as a bundle; every step compared with the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files, parity
from common.bundle.stage_names import width_stage
from common.cli import UserError
from common.engines.gate import gate_bundle
from common.export import write_bundle
from common.models import checkpoint, width
from common.train import finetune

import numpy as np
import paddle
from paddlenlp.utils.log import logger

from glue import data, model, tasks, trainer
from glue.data import Row, TextSource
from glue.predictor import task_name

GATE_ROWS = 100  # rows of the dev set on which every step is compared with the one before


@dataclass(frozen=True)
class Source:
    """The checkpoint that is exported.

    Attributes:
        folder: where its vocabulary is.
        record: its `training.json`.
    """

    folder: Path
    record: dict
    task: tasks.Task

    @property
    def vocabulary(self) -> Path:
        return self.folder / checkpoint.VOCABULARY


@dataclass(frozen=True)
class SubModel:
    """A sub-model in memory with what its bundles need.

    Attributes:
        max_length: tokens of the longest input that will be served.
        rows: rows of the dev set on which everything made from it is compared with it.
        answers: its own outputs for them, batch by batch as of `gate_batches`.
    """

    source: Source
    network: paddle.nn.Layer
    max_length: int
    rows: list[Row]
    answers: list[write_bundle.Outputs]


def decide_score(outputs: write_bundle.Outputs) -> list[int]:
    """A regression's decisions: scores as whole numbers. Its `logits` are float32 [batch, 1]."""
    return np.round(outputs["logits"][:, 0]).astype("int64").tolist()


def kind_of(task: tasks.Task) -> write_bundle.Kind:
    """Describes the bundles of a task: inputs, head, label list and how a decision is read."""
    labels, decide = (None, decide_score) if task.regression else ("class", write_bundle.decide_class)
    return write_bundle.Kind(trainer.APP, task_name(task), trainer.INPUTS, "sentence", labels, decide)


def find_source(folder: Path, share: float) -> Source:
    """The checkpoint of a width in what run_glue_ofa.py wrote; at width 1 also any single checkpoint.

    Raises:
        UserError: no such folder, or a width that was not trained.
    """
    record = trainer.record_of(files.require(folder, "model folder (--model_name_or_path)"))
    if "widths" in record:
        name = width_stage(share)
        if name not in record["widths"]:
            trained = ", ".join(f"{each['width']:g}" for each in record["widths"].values())
            raise UserError(f"--width_mult {share:g}: {folder} was not trained at this width; there are {trained}")
        folder = folder / name
        record = trainer.record_of(folder)
    elif share != 1 and record["stage"] != width_stage(share):
        raise UserError(
            f"--width_mult {share:g}: {folder} is one model of the stage `{record['stage']}`; give the folder that "
            "run_glue_ofa.py wrote"
        )
    return Source(folder, record, tasks.find(record["task"]))


def open_sub_model(source: Source, model_type: str | None, text: TextSource) -> SubModel:
    """Load a checkpoint, and let it answer the first rows of the dev set.

    Raises:
        UserError: it is of another type than `model_type`, does not fit its vocabulary or the length, or its data are
            gone.
    """
    logger.set_level("WARNING")  # PaddleNLP tells of every file that it opens
    model.check_type(model_type, str(source.folder))
    network = model.load(source.folder)
    finetune.check_fit(network, source.vocabulary, text.max_length, "--max_seq_length")
    split = data.dev_splits(source.task, data_dir_of(source, text))[0]
    rows = rows_of_split(source, text, split)[:GATE_ROWS]
    return SubModel(source, network, text.max_length, rows, write_bundle.answers(network, gate_batches(rows)))


def write_sub_model(sub_model: SubModel, folder: Path) -> None:
    """Write it as a checkpoint, load that again without any flag, and compare the two.

    Raises:
        GateFailed: they do not answer alike.
    """
    source = sub_model.source
    if "gate" in source.record:
        cut_out = parity.Comparison(**source.record["gate"])
        print(f"super-network -> sub-model, when it was cut out: {format_comparison(cut_out)}", flush=True)
    checkpoint.save(sub_model.network, source.vocabulary, folder, source.record)
    answers = write_bundle.answers(model.load(folder), gate_batches(sub_model.rows))
    again = parity.compare(sub_model.answers, answers, kind_of(source.task).decide)
    parity.require(again, "sub-model, loaded again", parity.FP32_TOLERANCE, 1.0)
    print(f"sub-model -> the same, loaded without flags: {format_comparison(again)}", flush=True)
    print(f"sub-model: {folder}", flush=True)


def write_static(sub_model: SubModel, target: Path, engines: Sequence[str]) -> None:
    """Write `target/bundle`, FP32, and links to its program beside it; every engine is compared with the sub-model.

    Raises:
        GateFailed: an engine that must pass does not; there is no bundle then.
    """
    source, network, kind = sub_model.source, sub_model.network, kind_of(sub_model.source.task)
    with files.replacing_folder(target / "bundle") as folder:
        write_bundle.write_fp32(kind, network, folder)
        write_bundle.add_words(folder, source.vocabulary, labels_of(source.task))
        manifest = manifest_of(sub_model, network)
        gate_bundle(folder, manifest, gate_batches(sub_model.rows), sub_model.answers, kind.decide, engines)
    write_bundle.link_program(target)
    print(f"exported: {target / 'bundle'}", flush=True)


def data_dir_of(source: Source, text: TextSource) -> Path | None:
    """The folder of the data; None where the model was trained on PaddleNLP's copy.

    Raises:
        UserError: the folder that the model was trained from is gone.
    """
    if text.data_dir is not None:
        return text.data_dir
    trained_from = source.record["data_dir"]
    if trained_from is not None and not Path(trained_from).is_dir():
        raise UserError(f"{trained_from}: the data it was trained on is gone; give real text by --data_dir DIR")
    return Path(trained_from) if trained_from else None


def rows_of_split(source: Source, text: TextSource, split: str) -> list[Row]:
    """Rows of a split; of the training set without those that were held back."""
    examples = data.read(source.task, data_dir_of(source, text), split, text.skip_bad_lines)
    if split == "train" and source.record["selection_fraction"]:
        examples, _ = data.hold_back(examples, source.record["selection_fraction"])
    return trainer.rows_of(source.task, examples, source.vocabulary, text.max_length)


def labels_of(task: tasks.Task) -> dict[str, list[str]]:
    """The content of a bundle's labels.json; empty for a regression."""
    return {"class": list(task.labels)} if task.labels else {}


def manifest_of(sub_model: SubModel, network: paddle.nn.Layer, int8_ops: Sequence[str] | None = None) -> dict:
    """The bundle's manifest without its files and engines; the metrics are those on dev.

    Args:
        network: the sub-model's own, or its INT8 form.
        int8_ops: of the INT8 form, as of `write_bundle.manifest_of`.
    """
    record = sub_model.source.record
    stage = record["stage"]
    if int8_ops is not None:
        stage = "int8" if stage == "original" else f"{stage}_int8"
    metrics = {"split": "dev", **record.get("dev", {})}
    kind = kind_of(sub_model.source.task)
    manifest = write_bundle.manifest_of(kind, network, sub_model.max_length, stage, metrics, int8_ops=int8_ops)
    return manifest | {"parameters": width.parameter_count(sub_model.network)}


def gate_batches(rows: Sequence[Row]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Unpadded batches (token ids, token types) of rows, each int64 [batch, length]; the shortest rows first."""
    return parity.pair_batches_by_length([(row.ids, row.token_type_ids) for row in rows])


def format_comparison(found: parity.Comparison) -> str:
    """Both figures in words."""
    return f"largest difference {found.max_abs_diff:.2e}, same decisions {found.agreement:.2%}"
