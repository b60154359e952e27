# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What run_train.py does, in order: load, prune, train, evaluate, export; or compress."""

from pathlib import Path

from common.data.tokenizer import WordPieceTokenizer
from common.train import trainer as training

from slu import compress, export
from slu import trainer as finetune
from slu.trainer import JointTrainer


def run(options) -> None:
    training.seed_everything(options.seed)
    arguments = training.arguments(options)
    resume = training.checkpoint_to_resume(options) if options.do_train else None
    options.output_dir.mkdir(parents=True, exist_ok=True)
    labels = finetune.read_label_files(options)
    model, vocabulary = finetune.load_model(options, labels)
    if options.do_compress:
        compress.run(options, vocabulary, labels)
        return
    stage = finetune.stage_of(options)
    if options.prune_embeddings:
        # The document's folder when training follows; a checkpoint of its own when it does not.
        folder = options.output_dir / "pretrained_model" if options.do_train else options.output_dir
        model, vocabulary = finetune.prune(model, vocabulary, options, labels, folder)
        stage = "vocabulary"
    metrics = {}
    if options.do_train or options.do_eval:
        metrics = train_and_evaluate(options, arguments, model, vocabulary, labels, stage, resume)
    if options.do_export:
        export.write_bundle(model, vocabulary, options.output_dir, options, labels, stage, metrics)


def train_and_evaluate(options, arguments, model, vocabulary: Path, labels, stage: str, resume: str | None) -> dict:
    """Fine-tune if asked to, then score on the development set; returns and prints the metrics."""
    tokenizer = WordPieceTokenizer(vocabulary)
    trainer = JointTrainer(
        labels,
        model=model,
        args=arguments,
        train_dataset=finetune.dataset(options.train_path, tokenizer, labels, options) if options.do_train else None,
        eval_dataset=finetune.dataset(options.dev_path, tokenizer, labels, options),
        tokenizer=finetune.ErnieTokenizer(str(vocabulary)),
    )
    if options.do_train:
        trainer.train(resume)
    model.eval()
    metrics = finetune.plain_metrics(trainer.evaluate())
    if options.do_train or options.prune_embeddings:
        finetune.save(model, vocabulary, options.output_dir, options, stage, metrics)
    print(f"{stage}, dev: " + "  ".join(f"{name} {value:.4f}" for name, value in metrics.items()), flush=True)
    return metrics
