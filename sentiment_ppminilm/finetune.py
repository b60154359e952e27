# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Training the aspect classifier: the trainer, its metrics, and the checkpoint it leaves."""

from dataclasses import asdict
from pathlib import Path

from common import checkpoint, files, training, vocab
from common.cli import UserError
from common.data import describe
from common.tokenizer import WordPieceTokenizer

import model as models
import numpy as np
import paddle
from data import Example, LabelSet, Row, collate, make_rows, read_examples
from paddle.nn import functional as F
from scoring import score
from tqdm import tqdm

BEST = "best.pdparams"  # the document's name of the trained weights
TIMINGS = ("runtime", "per_second", "ppl", "epoch")


class AspectTrainer(training.RecipeTrainer):
    """Cross entropy on labels; judged by `score`."""

    def __init__(self, labels: LabelSet, **kwargs):
        super().__init__(data_collator=collate, compute_metrics=self.judge, **kwargs)
        self.labels, self.label_names = labels, ["label"]

    def outputs_and_loss(self, model, inputs):
        logits = model(inputs["input_ids"], inputs["token_type_ids"])
        return (logits,), F.cross_entropy(logits, inputs["label"])

    def compute_loss(self, model, inputs, return_outputs=False):
        outputs, loss = self.outputs_and_loss(model, inputs)
        return (loss, (loss, *outputs)) if return_outputs else loss

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        inputs = self._prepare_inputs(inputs)
        with paddle.no_grad():
            (logits,), loss = self.outputs_and_loss(model, inputs)
        return loss.detach(), logits, inputs["label"]

    def judge(self, prediction) -> dict[str, float]:
        predicted = np.asarray(prediction.predictions).argmax(axis=-1)
        return score(self.labels, np.asarray(prediction.label_ids).reshape(-1).tolist(), predicted.tolist())


def start_model(options, labels: LabelSet) -> tuple[paddle.nn.Layer, Path]:
    """The model that `--base_model_name` names, and its vocabulary file.

    Raises:
        UserError: neither a folder nor reachable, or vocabulary, tables and input length that do not fit together.
    """
    if options.from_scratch:
        return from_scratch(options, labels)
    name = options.base_model_name
    network = models.load_or_adopt(name, len(labels.values))
    folder = Path(name)
    vocabulary = folder / checkpoint.VOCABULARY
    if folder.is_dir():
        files.require(vocabulary, "vocabulary")
    else:
        download_vocabulary(name, options.checkpoints)
        vocabulary = options.checkpoints / checkpoint.VOCABULARY
    check_fit(network, vocabulary, options.max_seq_len, labels)
    return network, vocabulary


def from_scratch(options, labels: LabelSet) -> tuple[paddle.nn.Layer, Path]:
    network = models.build(options.base_model_name, len(labels.values), options.num_hidden_layers, options.hidden_size)
    examples = read_examples(options.train_path, labels, options.skip_bad_lines)
    rows = network.config.vocab_size
    tokens = vocab.build((text for e in examples for text in (e.aspect, e.text)), rows)
    print(
        f"from scratch: {options.base_model_name} with random weights; {len(tokens)} tokens of the training text in a "
        f"table of {rows} rows",
        flush=True,
    )
    path = options.checkpoints / checkpoint.VOCABULARY
    vocab.write(path, vocab.widened(tokens, rows))
    return network, path


def download_vocabulary(name: str, folder: Path) -> None:
    from paddlenlp.transformers import PPMiniLMTokenizer, SkepTokenizer

    tokenizer_class = {"ppminilm": PPMiniLMTokenizer, "skep": SkepTokenizer}[models.family_of(name)]
    tokenizer_class.from_pretrained(name).save_pretrained(str(folder))


def check_fit(network: paddle.nn.Layer, vocabulary: Path, max_length: int, labels: LabelSet) -> None:
    """Raises `UserError` with both numbers where vocabulary, tables, input length or labels do not fit together."""
    config, tokens = network.config, len(WordPieceTokenizer(vocabulary))
    if tokens != config.vocab_size:
        raise UserError(f"{vocabulary}: {tokens} tokens, but the model's word table has {config.vocab_size} rows")
    if max_length > config.max_position_embeddings:
        raise UserError(
            f"--max_seq_len {max_length}: the model's position table has {config.max_position_embeddings} rows"
        )
    if len(labels.values) != config.num_labels:
        raise UserError(f"--label_path: {len(labels.values)} labels, but the model was trained for {config.num_labels}")


def dataset(path: Path, vocabulary: Path, labels: LabelSet, options) -> list[Row]:
    examples: list[Example] = read_examples(path, labels, options.skip_bad_lines)
    return make_rows(examples, WordPieceTokenizer(vocabulary), labels, options.max_seq_len)


def save(network, vocabulary: Path, folder: Path, options, labels: LabelSet, stage: str, metrics: dict) -> None:
    """Write a checkpoint into `folder`, with what made it; `best.pdparams` is a link to its weights."""
    paths = [getattr(options, name, None) for name in ("train_path", "dev_path")]
    record = {
        "app": "sentiment_ppminilm",
        "stage": stage,
        "seed": options.seed,
        "from_scratch": getattr(options, "from_scratch", False),
        "commit": files.git_commit(),
        "data": [describe(path) for path in paths if path],
        "labels": asdict(labels),
        "max_seq_len": options.max_seq_len,
        "metrics": metrics,
        "arguments": {name: str(value) for name, value in asdict(options).items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write_into(network, vocabulary, folder, record)
    link = folder / BEST
    link.unlink(missing_ok=True)
    link.symlink_to(checkpoint.WEIGHTS)


def record_of(folder: Path) -> dict:
    """`training.json` of a checkpoint of this app.

    Raises:
        UserError: it is missing or is not one of this app's.
    """
    path = files.require(Path(folder) / checkpoint.RECORD, "record of the training")
    record = files.read_json(path)
    if not isinstance(record, dict) or record.get("app") != "sentiment_ppminilm":
        raise UserError(f"{path}: not written by this app; train the checkpoint by train.py")
    return record


def labels_of(folder: Path) -> LabelSet:
    """The labels a checkpoint was trained with."""
    return LabelSet(**record_of(folder)["labels"])


def check_labels(given: LabelSet, trained: LabelSet, path: Path) -> None:
    """Raises `UserError` where a label file is not the one that a model was trained with."""
    if given.values != trained.values:
        raise UserError(
            f"{path}: labels {', '.join(given.values)}, but the model was trained with {', '.join(trained.values)}"
        )


def logits_of(network: paddle.nn.Layer, rows: list[Row], batch_size: int) -> np.ndarray:
    """float32 [rows, classes], batched by length and given back in the order of the rows."""
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    result = np.zeros([len(rows), network.config.num_labels], "float32")
    for start in tqdm(range(0, len(order), batch_size), desc="evaluate", unit="batch", leave=False, disable=None):
        places = order[start : start + batch_size]
        batch = collate([rows[place] for place in places])
        with paddle.no_grad():
            logits = network(paddle.to_tensor(batch["input_ids"]), paddle.to_tensor(batch["token_type_ids"]))
        result[places] = logits.numpy()
    return result


def plain_metrics(evaluated: dict) -> dict[str, float]:
    """The Trainer's `eval_…` figures without its timings."""
    return {k.removeprefix("eval_"): v for k, v in evaluated.items() if not any(word in k for word in TIMINGS)}


def told(metrics: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in metrics.items())
