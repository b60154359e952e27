# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training a GLUE classifier: the trainer, its metrics, its data, and the checkpoint it leaves."""

from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune, trainer

import numpy as np
import paddle
from paddle.nn import functional as F

from glue import data
from glue import metrics as scoring
from glue import model as models
from glue.data import Example, Row
from glue.tasks import Task

APP = "glue_ofa"
INPUTS = ("input_ids", "token_type_ids")
told = finetune.told


class GlueTrainer(trainer.RecipeTrainer):
    """Cross entropy on labels, or the squared distance from scores; judged by the task's metrics."""

    def __init__(self, task: Task, **kwargs):
        super().__init__(data_collator=data.collate, compute_metrics=self.judge, **kwargs)
        self.task, self.label_names = task, ["label"]

    def outputs_and_loss(self, model, inputs):
        logits = model(inputs["input_ids"], inputs["token_type_ids"])
        return (logits,), loss(self.task, logits, inputs["label"])

    def judge(self, prediction) -> dict[str, float]:
        predicted = scoring.predictions(self.task, np.asarray(prediction.predictions))
        return scoring.score(self.task, np.asarray(prediction.label_ids).reshape(-1).tolist(), predicted)


def loss(task: Task, logits, label):
    """Logits [batch, outputs] against classes int64 or scores float32 [batch]; a scalar."""
    return F.mse_loss(logits[:, 0], label) if task.regression else F.cross_entropy(logits, label)


@dataclass(frozen=True)
class Examples:
    """The data of a run; `dev` is reported and, unless something was held back for `selection`, chooses too."""

    train: list[Example]
    selection: list[Example]
    dev: dict[str, list[Example]]


def examples_of(task: Task, options) -> Examples:
    train = data.read(task, options.data_dir, "train", options.skip_bad_lines)
    splits = data.dev_splits(task, options.data_dir)
    dev = {split: data.read(task, options.data_dir, split, options.skip_bad_lines) for split in splits}
    if options.selection_fraction:
        train, selection = data.hold_back(train, options.selection_fraction)
        print(f"{task.name}: {len(train)} rows to train on, {len(selection)} held back to choose by", flush=True)
        return Examples(train, selection, dev)
    print(f"{task.name}: checkpoints are chosen on {splits[0]}, which is reported too: its figures flatter", flush=True)
    return Examples(train, dev[splits[0]], dev)


def rows_of(task: Task, examples: list[Example], vocabulary: Path, max_length: int) -> list[Row]:
    return data.make_rows(task, examples, WordPieceTokenizer(vocabulary), max_length)


def by_length(rows: list[Row]) -> list[Row]:
    """For an evaluation: its batches then need little padding."""
    return sorted(rows, key=lambda row: len(row.ids))


def start_model(options, task: Task, train: list[Example]) -> tuple[paddle.nn.Layer, Path]:
    """The model that `--model_name_or_path` names, and its vocabulary file.

    Raises:
        UserError: neither a folder nor reachable, another type than was said, or parts that do not fit together.
    """
    name, folder = options.model_name_or_path, options.output_dir
    models.check_type(options.model_type, name)
    models.check_lower_case(name)
    if options.from_scratch:
        texts = data.texts_of(train)
        network, vocabulary = finetune.from_scratch(
            models.FAMILIES, name, task.outputs, models.FLAG, folder, texts, **options.shape()
        )
    else:
        network, vocabulary = finetune.start(models.FAMILIES, name, task.outputs, models.FLAG, folder)
    finetune.check_fit(network, vocabulary, options.max_seq_length, "--max_seq_length")
    if network.config.num_labels != task.outputs:
        raise UserError(f"{name}: trained for {network.config.num_labels} outputs, but {task.name} has {task.outputs}")
    return network, vocabulary


def scores_on(network, task: Task, splits: dict[str, list[Row]], batch_size: int) -> dict[str, float]:
    """The reported metrics of a model."""
    network.eval()
    answers = {}
    for split, rows in splits.items():
        logits = np.stack(finetune.logits_of(network, rows, data.collate, INPUTS, batch_size))
        answers[split] = ([row.label for row in rows], scoring.predictions(task, logits))
    return scoring.score_splits(task, answers)


def record_for(options, task: Task, stage: str, metrics: dict[str, float], **more) -> dict:
    """What `training.json` says: `metrics` are those of the choice, `dev` those that are reported."""
    source = options.data_dir
    splits = ("train", *data.dev_splits(task, source)) if source else ()
    paths = [data.path_of(task, source, split) for split in splits]
    return finetune.record(
        APP,
        options,
        stage,
        metrics,
        paths,
        task=task.name,
        labels=list(task.labels or ()),
        max_seq_length=options.max_seq_length,
        data_dir=str(source.resolve()) if source else None,
        selection_fraction=options.selection_fraction,
        **more,
    )


def record_of(folder: Path | str) -> dict:
    """`training.json` of a checkpoint of this app.

    Raises:
        UserError: it is missing or is not one of this app's.
    """
    return finetune.record_of(Path(folder), APP)


def save(network, vocabulary: Path, folder: Path, record: dict) -> None:
    """Write a checkpoint into `folder`, beside what else it holds."""
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write_into(network, vocabulary, folder, record)
