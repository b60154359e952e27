# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""--do_compress: width pruning, INT8 matrix products and INT8 embeddings, alone or one after the other."""

import shutil
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path

from common import checkpoint, files, ofa, parity, quantize, training, width
from common.tokenizer import WordPieceTokenizer

import exporting
import finetune
import paddle
from finetune import JointTrainer, Labels
from model import IGNORED, JointErnie
from options import check_strategy
from paddle.io import DataLoader

HIDDEN_WEIGHT = 0.1  # of the hidden states' distance, as in DynaBERT


class DistillingTrainer(JointTrainer):
    """Learns from the labels and from a teacher: its probabilities and its hidden states (Hou et al. 2020)."""

    def __init__(self, labels: Labels, teacher: JointErnie, **kwargs):
        super().__init__(labels, **kwargs)
        self.teacher = teacher
        teacher.eval()

    def teach(self, input_ids):
        with paddle.no_grad(), ofa.HiddenStates(self.teacher.ernie.encoder) as states:
            return *self.teacher(input_ids), list(states)

    def student_loss(self, model, inputs, lesson):
        with ofa.HiddenStates(self.model.ernie.encoder) as states:
            outputs, loss = self.outputs_and_loss(model, inputs)
        teacher_intents, teacher_slots, teacher_states = lesson
        tagged = (inputs["slot_label"] != IGNORED).astype("float32")
        real = (inputs["input_ids"] != 0).astype("float32")
        loss = loss + ofa.soft_cross_entropy(outputs[0], teacher_intents)
        loss = loss + ofa.soft_cross_entropy(outputs[1], teacher_slots, tagged)
        loss = loss + HIDDEN_WEIGHT * ofa.hidden_distance(states, teacher_states, real)
        return outputs, loss

    def compute_loss(self, model, inputs, return_outputs=False):
        outputs, loss = self.student_loss(model, inputs, self.teach(inputs["input_ids"]))
        return (loss, (loss, *outputs)) if return_outputs else loss


class WidthTrainer(DistillingTrainer):
    """Trains several widths of one super-network; the best cut of each width is kept as a checkpoint of its own."""

    def __init__(self, labels: Labels, teacher: JointErnie, widths, keep, **kwargs):
        super().__init__(labels, teacher, **kwargs)
        self.widths, self.keep = sorted(widths, reverse=True), keep
        ofa.make_elastic(self.model.ernie.encoder)

    def training_step(self, model, inputs):
        model.train()
        inputs = self._prepare_inputs(inputs)
        lesson = self.teach(inputs["input_ids"])
        steps = self.args.gradient_accumulation_steps * len(self.widths)
        total = 0.0
        for ratio in self.widths:
            ofa.set_width(self.model.ernie.encoder, ratio)
            with self.autocast_smart_context_manager():
                _, loss = self.student_loss(model, inputs, lesson)
            (self.scaler.scale(loss / steps) if self.do_grad_scaling else loss / steps).backward()
            total = total + loss.detach() / len(self.widths)
        self.check_finite(total)
        return total

    def evaluate(self, *args, **kwargs):
        """Scores every width, keeps the best cut of each, and reports the mean."""
        per_width = {}
        for ratio in self.widths:
            ofa.set_width(self.model.ernie.encoder, ratio)
            per_width[ratio] = super().evaluate(*args, **kwargs)
            self.keep(self.model, ratio, finetune.plain_metrics(per_width[ratio]))
        first = per_width[self.widths[0]]
        return {name: sum(scores[name] for scores in per_width.values()) / len(per_width) for name in first}


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

    def resume(self, work: Path) -> str | None:
        """Where a step that was interrupted goes on; without --resume_from_checkpoint it starts anew."""
        if not self.options.resume_from_checkpoint:
            shutil.rmtree(work, ignore_errors=True)
            return None
        return training.checkpoint_to_resume(replace(self.options, resume_from_checkpoint="last"), work)

    def batches(self, count: int) -> list[dict]:
        """The first batches of the training set, in a seeded order."""
        lengths = [len(row.ids) for row in self.rows["train"]]
        size = self.options.per_device_train_batch_size
        sampler = training.SeededSampler(self.rows["train"], size, lengths, self.options.seed)
        return list(islice(DataLoader(self.rows["train"], batch_sampler=sampler, collate_fn=finetune.collate), count))

    def finish(self, model: JointErnie, folder: Path, stage: str, metrics: dict, source: Path, gated: bool) -> Path:
        """Compare a result with the stage before, save it, export it and let it pass its engines' gates.

        Args:
            gated: nothing was trained, so that decisions must stay as they were; otherwise the figures are only told.
        """
        model.eval()
        before = exporting.compare_models(self.load(source), model, self.rows["dev"], self.labels)
        print(
            f"{folder.name} against {source.name}: largest difference {before['max_abs_diff']:.3g}, "
            f"same decisions {before['agreement']:.2%}",
            flush=True,
        )
        if gated:
            parity.require(before, f"{folder.name} against {source.name}", None, self.options.min_agreement)
        finetune.save(model, self.vocabulary, folder, self.options, stage, metrics)
        print(f"{folder.name}, dev: " + "  ".join(f"{k} {v:.4f}" for k, v in metrics.items()), flush=True)
        exporting.write_bundle(model, self.vocabulary, folder, self.options, self.labels, stage, metrics)
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
        encoder = model.ernie.encoder
        ofa.reorder(encoder, ofa.importance(model, encoder, self.batches(self.options.importance_batches), loss_of))
        folders = {ratio: self.folder(name, f"width_mult_{ratio:g}") for ratio in self.options.width_mult_list}
        work = self.folder(name, "dynabert")
        resume = self.resume(work)
        keep = KeepBest(self, folders, source, fresh=resume is None)
        trainer = WidthTrainer(
            self.labels, teacher, self.options.width_mult_list, keep, **self.trainer_arguments(model, work)
        )
        trainer.train(resume)
        made = []
        for folder in folders.values():
            metrics = files.read_json(folder / checkpoint.RECORD)["metrics"]
            made.append(self.finish(self.load(folder), folder, "width", metrics, source, gated=False))
        return made

    def qat(self, source: Path, name: str) -> list[Path]:
        """Quantisation-aware training of every Linear, taught by the model it starts from."""
        model, teacher = self.load(source), self.load(source)
        quantize.prepare_linears(model, **self.quantization())
        work = self.folder(name, "qat_training")
        arguments = self.trainer_arguments(model, work)
        trainer = DistillingTrainer(self.labels, teacher, **arguments)
        trainer.train(self.resume(work))
        quantize.check_scales(model)
        model.eval()
        metrics = finetune.plain_metrics(trainer.evaluate())
        return [self.finish(model, self.folder(name, "qat"), "int8", metrics, source, gated=False)]

    def ptq(self, source: Path, name: str) -> list[Path]:
        """Post-training quantisation of every Linear: ranges from training batches, no training."""
        model = self.load(source)
        batches = ({"input_ids": batch["input_ids"]} for batch in self.batches(self.options.calibration_batches))
        quantize.calibrate(model, batches, self.quantization())
        return [self.finish(model, self.folder(name, "ptq"), "int8", self.evaluate(model), source, gated=True)]

    def embeddings(self, source: Path, name: str) -> list[Path]:
        """INT8 rows with a scale each for every embedding table; no training."""
        model = self.load(source)
        quantize.quantize_embeddings(model)
        return [
            self.finish(model, self.folder(name, "embeddings"), "embedding", self.evaluate(model), source, gated=True)
        ]

    def quantization(self) -> dict:
        return {
            "weight_type": self.options.weight_quantize_type,
            "activation_type": self.options.activation_quantize_type,
            "moving_rate": self.options.moving_rate,
        }


class KeepBest:
    """Called at each evaluation of a width: saves the cut when it is the best so far by the chosen metric."""

    def __init__(self, job: Job, folders: dict[float, Path], source: Path, fresh: bool):
        self.job, self.folders, self.source = job, folders, source
        self.metric = (job.options.metric_for_best_model or "eval_accuracy").removeprefix("eval_")
        self.best: dict[float, float] = {}
        for ratio, folder in folders.items():
            record = folder / checkpoint.RECORD
            if record.exists() and not fresh:
                self.best[ratio] = files.read_json(record)["metrics"][self.metric]

    def __call__(self, model: JointErnie, ratio: float, metrics: dict) -> None:
        if metrics[self.metric] <= self.best.get(ratio, float("-inf")):
            return
        self.best[ratio] = metrics[self.metric]
        cut = cut_out(model, ratio, self.source)
        model.eval()
        same = exporting.compare_models(model, cut, self.job.rows["dev"], self.job.labels)
        parity.require(same, f"width {ratio:g} cut out of the super-network", parity.FP32_TOLERANCE, 1.0)
        finetune.save(cut, self.job.vocabulary, self.folders[ratio], self.job.options, "width", metrics)


def cut_out(model: JointErnie, ratio: float, source: Path) -> JointErnie:
    """A plain small model with the super-network's weights at one width."""
    small = JointErnie.from_pretrained(str(source))
    small.set_state_dict(model.state_dict())
    width.resize(small.ernie.encoder, *ofa.sizes_at(model.ernie.encoder, ratio))
    width.record(small.ernie.encoder, small.config)
    small.config.decoder = model.config.decoder
    return small
