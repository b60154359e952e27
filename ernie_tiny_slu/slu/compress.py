# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""--do_compress: width pruning, INT8 matrix products and INT8 embeddings, alone or one after the other."""

from copy import deepcopy
from pathlib import Path

from common import files, parity
from common.compress import distill, ofa
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint, int8
from common.train import trainer as training

from model import IGNORED, JointErnie

from slu import export
from slu import trainer as finetune
from slu.options import check_strategy
from slu.trainer import JointTrainer, Labels


def encoder_of(model: JointErnie):
    return model.ernie.encoder


class SluDistiller(distill.DistillingTrainer, JointTrainer):
    """Learns intents and tags from the labels and from a teacher."""

    encoder_of = staticmethod(encoder_of)

    def teacher_outputs(self, inputs):
        return self.teacher(inputs["input_ids"])

    def lesson_loss(self, outputs, teacher_outputs, inputs):
        tagged = (inputs["slot_label"] != IGNORED).astype("float32")
        intents = ofa.soft_cross_entropy(outputs[0], teacher_outputs[0])
        return intents + ofa.soft_cross_entropy(outputs[1], teacher_outputs[1], tagged)

    def real_tokens(self, inputs):
        return (inputs["input_ids"] != 0).astype("float32")


class SluWidthTrainer(distill.WidthTrainer, SluDistiller):
    """The same at several widths of one super-network."""


def run(options, vocabulary: Path, labels: Labels) -> None:
    """Carry out the strategy's words in order; each result is a checkpoint that loads by itself, with a bundle."""
    words = check_strategy(options.strategy)
    tokenizer = WordPieceTokenizer(vocabulary)
    rows = {
        "train": finetune.dataset(options.train_path, tokenizer, labels, options),
        "dev": finetune.dataset(options.dev_path, tokenizer, labels, options),
    }
    job = Job(options, labels, vocabulary, rows)
    start = Path(options.model_name_or_path)
    folders = [start]
    for word in words:
        step = getattr(job, word)
        folders = [made for folder in folders for made in step(folder, "" if folder == start else folder.name)]
    print("compressed: " + " ".join(str(folder) for folder in folders), flush=True)


class Job:
    """The steps of one compression run; each takes a checkpoint folder and gives new ones."""

    def __init__(self, options, labels: Labels, vocabulary: Path, rows: dict):
        self.options, self.labels, self.vocabulary, self.rows = options, labels, vocabulary, rows

    def load(self, folder: Path) -> JointErnie:
        model = JointErnie.from_pretrained(str(folder))
        if self.options.decoder:
            model.config.decoder = self.options.decoder
        return model

    def folder(self, *parts: str) -> Path:
        return self.options.output_dir / "_".join(part for part in parts if part)

    def trainer_arguments(self, model: JointErnie, work: Path) -> dict:
        return {
            "model": model,
            "args": training.arguments(self.options, output_dir=str(work)),
            "train_dataset": self.rows["train"],
            "eval_dataset": self.rows["dev"],
            "tokenizer": finetune.ErnieTokenizer(str(self.vocabulary)),
        }

    def batches(self, count: int) -> list[dict]:
        """The first batches of the training set, in a seeded order."""
        size = self.options.per_device_train_batch_size
        return distill.first_batches(self.rows["train"], finetune.collate, size, self.options.seed, count)

    def finish(self, model: JointErnie, folder: Path, stage: str, metrics: dict, source: Path, gated: bool) -> Path:
        """Compare a result with the stage before, save it, export it and let it pass its engines' gates.

        Args:
            gated: nothing was trained, so that decisions must stay as they were; otherwise the figures are only told.
        """
        model.eval()
        before = export.compare_models(self.load(source), model, self.rows["dev"], self.labels)
        print(
            f"{folder.name} against {source.name}: largest difference {before['max_abs_diff']:.3g}, "
            f"same decisions {before['agreement']:.2%}",
            flush=True,
        )
        if gated:
            parity.require(before, f"{folder.name} against {source.name}", None, self.options.min_agreement)
        finetune.save(model, self.vocabulary, folder, self.options, stage, metrics)
        print(f"{folder.name}, dev: " + "  ".join(f"{k} {v:.4f}" for k, v in metrics.items()), flush=True)
        export.write_bundle(model, self.vocabulary, folder, self.options, self.labels, stage, metrics)
        return folder

    def evaluate(self, model: JointErnie) -> dict[str, float]:
        trainer = JointTrainer(self.labels, **self.trainer_arguments(model, self.options.output_dir))
        model.eval()
        return finetune.plain_metrics(trainer.evaluate())

    def dynabert(self, source: Path, name: str) -> list[Path]:
        """Width pruning: score, reorder, train the widths, cut them out."""
        model = self.load(source)
        teacher = deepcopy(model)

        def loss_of(batch):
            return model.loss(*model(batch["input_ids"]), batch["intent_label"], batch["slot_label"])

        model.eval()
        encoder = encoder_of(model)
        ofa.reorder(encoder, ofa.importance(model, encoder, self.batches(self.options.importance_batches), loss_of))
        widths = self.options.width_mult_list
        folders = {ratio: self.folder(name, f"width_mult_{ratio:g}") for ratio in widths}
        work = self.folder(name, "dynabert")
        resume = distill.checkpoint_of_step(self.options, work)
        keep = self.keep_best(folders, source, resumed=resume is not None)
        arguments = self.trainer_arguments(model, work)
        trainer = SluWidthTrainer(self.labels, teacher=teacher, widths=widths, keep=keep, **arguments)
        trainer.train(resume)
        made = []
        for folder in folders.values():
            metrics = files.read_json(folder / checkpoint.RECORD)["metrics"]
            made.append(self.finish(self.load(folder), folder, "width", metrics, source, gated=False))
        return made

    def keep_best(self, folders: dict[float, Path], source: Path, resumed: bool) -> distill.KeepBest:
        def cut(model: JointErnie, ratio: float) -> JointErnie:
            return distill.cut_out(model, self.load(source), encoder_of, ratio)

        def compare(model: JointErnie, small: JointErnie) -> dict[str, float]:
            return export.compare_models(model, small, self.rows["dev"], self.labels)

        def save(small: JointErnie, folder: Path, evaluated: dict) -> None:
            metrics = finetune.plain_metrics(evaluated)
            finetune.save(small, self.vocabulary, folder, self.options, "width", metrics)

        metric = self.options.metric_for_best_model or "eval_accuracy"
        return distill.KeepBest(folders, metric, cut, compare, save, resumed)

    def qat(self, source: Path, name: str) -> list[Path]:
        """Quantisation-aware training of every Linear, taught by the model it starts from."""
        model, teacher = self.load(source), self.load(source)
        int8.prepare_linears(model, **self.quantization())
        work = self.folder(name, "qat_training")
        trainer = SluDistiller(self.labels, teacher=teacher, **self.trainer_arguments(model, work))
        trainer.train(distill.checkpoint_of_step(self.options, work))
        int8.check_scales(model)
        model.eval()
        metrics = finetune.plain_metrics(trainer.evaluate())
        return [self.finish(model, self.folder(name, "qat"), "int8", metrics, source, gated=False)]

    def ptq(self, source: Path, name: str) -> list[Path]:
        """Post-training quantisation of every Linear: ranges from training batches, no training."""
        model = self.load(source)
        batches = ({"input_ids": batch["input_ids"]} for batch in self.batches(self.options.calibration_batches))
        int8.calibrate(model, batches, self.quantization())
        return [self.finish(model, self.folder(name, "ptq"), "int8", self.evaluate(model), source, gated=True)]

    def embeddings(self, source: Path, name: str) -> list[Path]:
        """INT8 rows with a scale each for every embedding table; no training."""
        model = self.load(source)
        int8.quantize_embeddings(model)
        return [
            self.finish(model, self.folder(name, "embeddings"), "embedding", self.evaluate(model), source, gated=True)
        ]

    def quantization(self) -> dict:
        return {
            "weight_type": self.options.weight_quantize_type,
            "activation_type": self.options.activation_quantize_type,
            "moving_rate": self.options.moving_rate,
        }
