# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""INT8 matrix products with training (QAT) or without (PTQ), and INT8 embedding tables."""

from pathlib import Path

from common.compress import distill
from common.models import int8

from slu.compress import Compression
from slu.trainer import plain_metrics
from slu.widths import JointDistiller


def quantize_with_training(run: Compression, source: Path, name: str, quantization: dict) -> list[Path]:
    """QAT of every Linear, taught by the model it starts from.

    Args:
        name: of the stages so far; begins the result's name.
        quantization: as of `int8.prepare_linears`.
    """
    model, teacher = run.load(source), run.load(source)
    int8.prepare_linears(model, **quantization)
    work = run.folder(name, "qat_training")
    trainer = JointDistiller(run.labels, teacher=teacher, **run.trainer_parts(model, work))
    trainer.train(distill.checkpoint_of_step(run.training, work, run.same_on_resume))
    int8.check_scales(model)
    model.eval()
    metrics = plain_metrics(trainer.evaluate())
    return [run.finish(model, run.folder(name, "qat"), "int8", metrics, source, gated=False)]


def quantize_without_training(
    run: Compression, source: Path, name: str, quantization: dict, calibration_batches: int
) -> list[Path]:
    """PTQ of every Linear: ranges from training batches.

    Args:
        quantization: as of `int8.calibrate`.
    """
    model = run.load(source)
    batches = ({"input_ids": batch["input_ids"]} for batch in run.first_batches(calibration_batches))
    int8.calibrate(model, batches, quantization)
    return [run.finish(model, run.folder(name, "ptq"), "int8", run.evaluate(model), source, gated=True)]


def quantize_embeddings(run: Compression, source: Path, name: str) -> list[Path]:
    """INT8 rows with a scale each for every embedding table; nothing is trained."""
    model = run.load(source)
    int8.quantize_embeddings(model)
    return [run.finish(model, run.folder(name, "embeddings"), "embedding", run.evaluate(model), source, gated=True)]
