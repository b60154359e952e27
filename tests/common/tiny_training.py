# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Runs of a tiny model through RecipeTrainer, whole, resumed or killed while they save; `main` is the killed child."""

import hashlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from common.train import resume, trainer
from common.train.options import TrainingOptions

import numpy as np
import paddle
from paddle.nn import functional as F
from tiny_models import Tiny, tiny

RUN = {
    "per_device_train_batch_size": 4,
    "per_device_eval_batch_size": 8,
    "num_train_epochs": 2,
    "save_steps": 5,
    "learning_rate": 1e-2,
    "logging_steps": 5,
    "disable_tqdm": True,
    "device": "cpu",
}


@dataclass
class Row:
    ids: list[int]
    label: int


def rows(count: int = 40, seed: int = 0) -> list[Row]:
    random = np.random.default_rng(seed)
    made = [random.integers(1, 60, random.integers(3, 9)).tolist() for _ in range(count)]
    return [Row(ids, ids[1] % 3) for ids in made]


def collate(batch: list[Row]) -> dict[str, np.ndarray]:
    length = max(len(row.ids) for row in batch)
    ids = np.array([row.ids + [0] * (length - len(row.ids)) for row in batch], "int64")
    return {"input_ids": ids, "label": np.array([row.label for row in batch], "int64")}


def judge(prediction) -> dict[str, float]:
    return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}


class TinyTrainer(trainer.RecipeTrainer):
    spoil_at = None
    """The step whose loss is NaN."""

    def __init__(self, **kwargs):
        super().__init__(
            data_collator=collate, compute_metrics=judge, train_dataset=rows(), eval_dataset=rows(24, seed=1), **kwargs
        )
        self.label_names = ["label"]

    def compute_loss(self, model, inputs, return_outputs=False):
        sentence, _ = model(inputs["input_ids"])
        loss = F.cross_entropy(sentence, inputs["label"])
        if self.spoil_at is not None and self.state.global_step + 1 == self.spoil_at:
            loss = loss * float("nan")
        return (loss, (loss, sentence)) if return_outputs else loss

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        inputs = self._prepare_inputs(inputs)
        with paddle.no_grad():
            sentence, _ = model(inputs["input_ids"])
            return F.cross_entropy(sentence, inputs["label"]), sentence, inputs["label"]


def options(folder: Path, **changes) -> TrainingOptions:
    return TrainingOptions(output_dir=Path(folder), **RUN | changes)


def run(folder: Path, **changes) -> dict:
    """Train as an app does; the weights' sha256, the final metrics, the steps and the trainer."""
    chosen = options(folder, **changes)
    arguments = trainer.arguments(chosen)
    trainer.seed_everything(chosen.seed)
    checkpoint = resume.checkpoint_to_resume(chosen)
    tiny_trainer = TinyTrainer(model=tiny(seed=chosen.seed), args=arguments)
    tiny_trainer.train(checkpoint)
    tiny_trainer.model.eval()
    metrics = {name: tiny_trainer.evaluate()[name] for name in ("eval_loss", "eval_accuracy")}
    return {
        "weights": digest(tiny_trainer.model),
        "metrics": metrics,
        "steps": tiny_trainer.state.global_step,
        "trainer": tiny_trainer,
    }


def digest(model: Tiny) -> str:
    total = hashlib.sha256()
    for tensor in model.state_dict().values():
        total.update(tensor.numpy().tobytes())
    return total.hexdigest()


def die_at_save(number: int) -> None:
    """From now on the `number`th paddle.save writes half of its file, then the process kills itself by SIGKILL."""
    save, count = paddle.save, 0

    def dying(content, path, *args, **kwargs):
        nonlocal count
        count += 1
        save(content, path, *args, **kwargs)
        if count == number:
            os.truncate(path, os.path.getsize(path) // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    paddle.save = dying


def fork(work) -> int:
    """Do `work` in a child process; its exit code, or minus the signal that ended it."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException as fault:
            print(repr(fault), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(folder: Path, moments: list[int]) -> None:
    """Print one JSON list: the result of a whole run, then for each moment how the first process ended, which
    checkpoints were left, and the result of resuming. Children are forked, so that the libraries load once."""

    def report(name: str, **changes):
        def work():
            result = run(folder / name, load_best_model_at_end=True, metric_for_best_model="eval_loss", **changes)
            del result["trainer"]
            (folder / f"{name}.json").write_text(json.dumps(result))

        return work

    assert fork(report("whole")) == 0
    results = [json.loads((folder / "whole.json").read_text())]
    for moment in moments:
        name = f"killed_{moment}"

        def killed(name=name, moment=moment):
            die_at_save(moment)
            report(name)()

        ended = fork(killed)
        left = sorted(str(path.relative_to(folder / name)) for path in (folder / name).glob("checkpoint-*/.whole"))
        code = fork(report(name, resume_from_checkpoint="last"))
        result = json.loads((folder / f"{name}.json").read_text()) if not code else {}
        results.append({"ended": ended, "whole": left, "code": code, **result})
    print(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(word) for word in sys.argv[2:]])
