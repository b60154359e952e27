# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What run_train.py does, in order: load, prune, train, evaluate, export; or compress."""

from functools import partial
from pathlib import Path

from common.cli import values_by_flag
from common.data import vocabulary
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint
from common.train import finetune, trainer
from common.train.resume import checkpoint_to_resume

from model import JointErnie
from paddlenlp.transformers import ErnieTokenizer
from utils import read_examples

from slu import quantize, start, widths
from slu.compress import Compression
from slu.data import Labels, read_label_files, read_rows
from slu.export import Target, export
from slu.options import Options, check_strategy
from slu.trainer import APP, JointTrainer, format_metrics, plain_metrics, save
from slu.vocabulary import prune

SAMPLE = Path(__file__).parents[1] / "data" / "dev.txt"


def run(options: Options) -> None:
    """Carry out what the options ask for."""
    trainer.seed_everything(options.seed)
    arguments = trainer.arguments(options)
    resume = checkpoint_to_resume(options, more=options.same_on_resume()) if options.do_train else None
    options.output_dir.mkdir(parents=True, exist_ok=True)
    labels = read_label_files(options.intent_label_path, options.slot_label_path)
    model, words = load_model(options, labels)
    if options.do_compress:
        compress(options, words, labels)
        return
    stage = "original" if options.from_scratch else start.stage_of(options.model_name_or_path)
    if options.prune_embeddings:
        words = prune_vocabulary(options, model, words, labels)
        stage = "vocabulary"
    metrics: dict = {}
    if options.do_train or options.do_eval:
        metrics = train_and_evaluate(options, arguments, model, words, labels, stage, resume)
    if options.do_export:
        export(model, words, options.output_dir, labels, stage, metrics, target_of(options, labels))


def load_model(options: Options, labels: Labels) -> tuple[JointErnie, Path]:
    """The model that the options name, and its vocabulary file."""
    name, folder = options.model_name_or_path, options.output_dir
    if options.from_scratch:
        return start.from_scratch(
            name, labels, options.dropout, options.decoder, training_texts(options, labels), folder
        )
    return start.load(name, labels, options.dropout, options.decoder, options.do_train, options.max_seq_length, folder)


def training_texts(options: Options, labels: Labels) -> list[str]:
    examples = read_examples(options.train_path, labels.intents, labels.slots, options.skip_bad_lines)
    return [example.text for example in examples]


def prune_vocabulary(options: Options, model: JointErnie, words: Path, labels: Labels) -> Path:
    """Cut the model's tables to the training set's tokens and save the result; its vocabulary file."""
    tokens, texts = WordPieceTokenizer(words).tokens, training_texts(options, labels)
    kept = prune(model, tokens, texts, options.max_vocab_size, options.max_seq_length)
    # The document's folder when training follows; a checkpoint of its own when it does not.
    folder = options.output_dir / "pretrained_model" if options.do_train else options.output_dir
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.write(folder / checkpoint.VOCABULARY, kept)
    save(model, folder / checkpoint.VOCABULARY, folder, record_of(options, "vocabulary", {}))
    return folder / checkpoint.VOCABULARY


def train_and_evaluate(
    options: Options, arguments, model: JointErnie, words: Path, labels: Labels, stage: str, resume: str | None
) -> dict[str, float]:
    """Fine-tune if asked to, then score on the development set; returns and prints the metrics."""
    tokenizer, length = WordPieceTokenizer(words), options.max_seq_length
    rows = partial(
        read_rows, tokenizer=tokenizer, labels=labels, max_length=length, skip_bad_lines=options.skip_bad_lines
    )
    joint_trainer = JointTrainer(
        labels,
        model=model,
        args=arguments,
        train_dataset=rows(options.train_path) if options.do_train else None,
        eval_dataset=rows(options.dev_path),
        tokenizer=ErnieTokenizer(str(words)),
    )
    if options.do_train:
        joint_trainer.train(resume)
    model.eval()
    metrics = plain_metrics(joint_trainer.evaluate())
    if options.do_train or options.prune_embeddings:
        save(model, words, options.output_dir, record_of(options, stage, metrics))
    print(f"{stage}, dev: {format_metrics(metrics)}", flush=True)
    return metrics


def compress(options: Options, words: Path, labels: Labels) -> None:
    """Carry out the strategy's words in order; each result is a checkpoint that loads by itself, with a bundle."""
    tokenizer, length = WordPieceTokenizer(words), options.max_seq_length
    rows = partial(
        read_rows, tokenizer=tokenizer, labels=labels, max_length=length, skip_bad_lines=options.skip_bad_lines
    )
    run = Compression(
        labels=labels,
        vocabulary=words,
        train_rows=rows(options.train_path),
        dev_rows=rows(options.dev_path),
        decoder=options.decoder,
        training=options,
        same_on_resume=options.same_on_resume(),
        record=partial(record_of, options),
        target=target_of(options, labels),
        min_agreement=options.min_agreement,
    )
    stages = stages_of(options)
    begin = Path(options.model_name_or_path)
    folders = [begin]
    for word in check_strategy(options.strategy):
        folders = [
            made for folder in folders for made in stages[word](run, folder, "" if folder == begin else folder.name)
        ]
    print("compressed: " + " ".join(str(folder) for folder in folders), flush=True)


def stages_of(options: Options) -> dict:
    """A strategy's word -> (run, source folder, name so far) -> folders of the results."""
    quantization = {
        "weight_type": options.weight_quantize_type,
        "activation_type": options.activation_quantize_type,
        "moving_rate": options.moving_rate,
    }
    return {
        "dynabert": partial(
            widths.prune_widths, widths=options.width_mult_list, importance_batches=options.importance_batches
        ),
        "qat": partial(quantize.quantize_with_training, quantization=quantization),
        "ptq": partial(
            quantize.quantize_without_training,
            quantization=quantization,
            calibration_batches=options.calibration_batches,
        ),
        "embeddings": quantize.quantize_embeddings,
    }


def target_of(options: Options, labels: Labels) -> Target:
    """How the options want bundles to be exported; engines are compared on the development set, or what there is."""
    source = options.dev_path or options.train_path or SAMPLE
    examples = read_examples(source, labels.intents, labels.slots, options.skip_bad_lines)
    texts = [example.text for example in examples]
    return Target(options.max_seq_length, options.input_dtype, options.gate_engines, options.min_agreement, texts)


def record_of(options: Options, stage: str, metrics: dict) -> dict:
    """What `training.json` says of how a checkpoint was made."""
    return finetune.record(
        APP,
        values_by_flag(options),
        stage,
        metrics,
        (options.train_path, options.dev_path),
        labels={"intent": str(options.intent_label_path), "slot": str(options.slot_label_path)},
    )
