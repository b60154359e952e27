# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A GLUE classifier as a folder that loads without flags and as a bundle; every step compared with the one before."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files, parity
from common.cli import UserError
from common.engines.gate import gate_bundle
from common.export import write_bundle
from common.models import checkpoint, width
from common.report.summary import width_stage
from common.train import finetune as finetuning
from common.train import trainer

import numpy as np
import paddle
from paddlenlp.utils.log import logger

from glue import data, model, tasks
from glue import trainer as finetune
from glue.data import Row

INPUTS = finetune.INPUTS
GATE_SENTENCES = 100


def decide_score(outputs: write_bundle.Outputs) -> list[int]:
    """A regression's decisions: scores as whole numbers."""
    return np.round(outputs["logits"][:, 0]).astype("int64").tolist()


def kind_of(task: tasks.Task) -> write_bundle.Kind:
    """What this task's bundles have in common."""
    labels, decide = (None, decide_score) if task.regression else ("class", write_bundle.decide_class)
    return write_bundle.Kind(finetune.APP, task_name(task), INPUTS, "sentence", labels, decide)


def task_name(task: tasks.Task) -> str:
    """As the manifest has it: `glue_sst-2`."""
    return f"glue_{task.name.lower()}"


@dataclass(frozen=True)
class Source:
    """The checkpoint that is exported: its folder, its record and its task."""

    folder: Path
    record: dict
    task: tasks.Task


def find(folder: Path, ratio: float) -> Source:
    """The checkpoint of a width in what run_glue_ofa.py wrote; at width 1 also any single checkpoint.

    Raises:
        UserError: no such folder, or a width that was not trained.
    """
    record = finetune.record_of(files.require(folder, "model folder (--model_name_or_path)"))
    if "widths" in record:
        name = width_stage(ratio)
        if name not in record["widths"]:
            trained = ", ".join(f"{each['width']:g}" for each in record["widths"].values())
            raise UserError(f"--width_mult {ratio:g}: {folder} was not trained at this width; there are {trained}")
        folder = folder / name
        record = finetune.record_of(folder)
    elif ratio != 1 and record["stage"] != width_stage(ratio):
        raise UserError(
            f"--width_mult {ratio:g}: {folder} is one model of the stage `{record['stage']}`; give the folder that "
            "run_glue_ofa.py wrote"
        )
    return Source(folder, record, tasks.find(record["task"]))


@dataclass(frozen=True)
class Exported:
    """A sub-model in memory, the rows it was compared on, and its answers to them."""

    source: Source
    network: paddle.nn.Layer
    rows: list[Row]
    answers: list[write_bundle.Outputs]


def run(options) -> Exported:
    """Write `sub_model_output_dir`, then `static_sub_model/bundle` if a folder is named.

    Raises:
        GateFailed: a step does not compute what the one before does; what it would have written is not there then.
    """
    trainer.set_device(options.device)
    logger.set_level("WARNING")  # PaddleNLP tells of every file that it opens
    source = find(Path(options.model_name_or_path), options.width_mult)
    model.check_type(options.model_type, str(source.folder))
    network, kind = model.load(source.folder), kind_of(source.task)
    vocabulary = source.folder / checkpoint.VOCABULARY
    finetuning.check_fit(network, vocabulary, options.max_seq_length, "--max_seq_length")
    gate_rows = rows_for(source, options, data.dev_splits(source.task, data_dir_of(source, options))[0])
    gate_rows = gate_rows[:GATE_SENTENCES]
    batches = gate_batches(gate_rows)
    reference = write_bundle.answers(network, batches)

    if "gate" in source.record:
        told("super-network -> sub-model, when it was cut out", source.record["gate"])
    checkpoint.save(network, vocabulary, options.sub_model_output_dir, source.record)
    again = parity.compare(
        reference, write_bundle.answers(model.load(options.sub_model_output_dir), batches), kind.decide
    )
    parity.require(again, "sub-model, loaded again", parity.FP32_TOLERANCE, 1.0)
    told("sub-model -> the same, loaded without flags", again)
    print(f"sub-model: {options.sub_model_output_dir}", flush=True)
    if options.static_sub_model is None:
        return Exported(source, network, gate_rows, reference)

    target = options.static_sub_model
    with files.replacing_folder(target / "bundle") as folder:
        write_bundle.write_fp32(kind, network, folder)
        write_bundle.add_words(folder, vocabulary, labels_of(source.task))
        manifest = manifest_of(network, source, options.max_seq_length, width.parameter_count(network))
        gate_bundle(folder, manifest, batches, reference, kind.decide, options.gate_engines)
    write_bundle.link_program(target)
    print(f"exported: {target / 'bundle'}", flush=True)
    return Exported(source, network, gate_rows, reference)


def data_dir_of(source: Source, options) -> Path | None:
    """Where text for the gate and the calibration is: --data_dir, else where the model was trained from.

    Raises:
        UserError: that place is gone.
    """
    if options.data_dir is not None:
        return options.data_dir
    trained_from = source.record["data_dir"]
    if trained_from is not None and not Path(trained_from).is_dir():
        raise UserError(f"{trained_from}: the data it was trained on is gone; give real text by --data_dir DIR")
    return Path(trained_from) if trained_from else None


def rows_for(source: Source, options, split: str) -> list[Row]:
    """Rows of a split; of the training set without those that were held back."""
    examples = data.read(source.task, data_dir_of(source, options), split, options.skip_bad_lines)
    if split == "train" and source.record["selection_fraction"]:
        examples, _ = data.hold_back(examples, source.record["selection_fraction"])
    vocabulary = source.folder / checkpoint.VOCABULARY
    return finetune.rows_of(source.task, examples, vocabulary, options.max_seq_length)


def labels_of(task: tasks.Task) -> dict[str, list[str]]:
    return {"class": list(task.labels)} if task.labels else {}


def manifest_of(
    network: paddle.nn.Layer,
    source: Source,
    max_length: int,
    parameters: int,
    int8_ops: Sequence[str] | None = None,
) -> dict:
    """The bundle's manifest without its files and engines; the metrics are those on dev.

    Args:
        parameters: of the FP32 model.
        int8_ops: as of `one_head.manifest_of`.
    """
    stage = source.record["stage"]
    if int8_ops is not None:
        stage = "int8" if stage == "original" else f"{stage}_int8"
    metrics = {"split": "dev", **source.record.get("dev", {})}
    manifest = write_bundle.manifest_of(kind_of(source.task), network, max_length, stage, metrics, int8_ops=int8_ops)
    return manifest | {"parameters": parameters}


def gate_batches(rows: Sequence[Row], count: int = GATE_SENTENCES) -> list[tuple[np.ndarray, np.ndarray]]:
    """Unpadded batches (token ids, token types) of the first rows, each int64 [batch, length]."""
    return parity.pair_batches_by_length([(row.ids, row.token_type_ids) for row in rows[:count]])


def told(what: str, result: dict[str, float]) -> None:
    print(
        f"{what}: largest difference {result['max_abs_diff']:.2e}, same decisions {result['agreement']:.2%}", flush=True
    )
