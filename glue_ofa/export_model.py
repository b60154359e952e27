# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One width of what run_glue_ofa.py trained: a sub-model that loads without flags, a static model, INT8 on top."""

from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.bundle.stage_names import width_of
from common.cli import UserError
from common.engines.allowed import CPU_ENGINES, check_gate_engines
from common.report import budget
from common.report.summary import check_summary

from glue.options import check_gpus, check_length, check_type, device_of


@dataclass(kw_only=True)
class Options:
    """Export a width, by its number or by a budget."""

    model_type: str | None = None
    """bert, tinybert, ernie or ppminilm; the model says it by itself, and another word than that is refused."""
    model_name_or_path: Path
    """Folder that run_glue_ofa.py wrote, or any one checkpoint of this app."""
    max_seq_length: int = 128
    """Longest input in tokens that will be served."""
    sub_model_output_dir: Path
    """Folder for the sub-model as a checkpoint."""
    static_sub_model: Path | None = None
    """Folder for the static model: bundle/ and infer.pdmodel, infer.pdiparams; None writes none."""
    n_gpu: int | None = None
    """0 is the CPU, 1 a GPU, on which the sub-model is asked for comparison; if not given, a GPU where there is one."""
    width_mult: float = 1.0
    """Width of the sub-model."""
    budget: tuple[str, ...] = ()
    """In place of --width_mult: "latency_ms<=X", "size_mb<=X", "metric_drop<=Y", one or more, with --summary."""
    summary: Path | None = None
    """Measured table that --budget chooses from, as bench/measure.py writes it."""
    int8: bool = False
    """Write static_sub_model/int8/bundle too: post-training INT8, also of the tables."""
    calibration_batches: int = 32
    """Batches of training rows that set the ranges of INT8."""
    calibration_batch_size: int = 16
    """Rows in each."""
    nncf: bool = False
    """With --int8: a file of its own for OpenVINO, quantised by NNCF; faster there, but other ranges than the rest."""
    min_agreement: float | None = None
    """Share of the decisions that INT8 must leave as they were; if not given 0.99, of scores as whole numbers 0.9."""
    data_dir: Path | None = None
    """Data for comparison and calibration; if not given, where the model was trained from."""
    gate_engines: tuple[str, ...] = CPU_ENGINES
    """Engines that are compared; paddle and onnxruntime are always among them."""
    seed: int = 42
    """Of the choice of calibration rows."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        check_type(self.model_type)
        check_length(self.max_seq_length)
        check_gpus(self.n_gpu)
        if not 0 < self.width_mult <= 1:
            raise UserError(f"--width_mult: {self.width_mult:g} is not in (0, 1]")
        if bool(self.budget) != (self.summary is not None):
            raise UserError("--budget and --summary need each other: the table that is chosen from, and the limit")
        if self.int8 and self.static_sub_model is None:
            raise UserError("--int8: INT8 is a static model; name its folder by --static_sub_model DIR")
        check_gate_engines(self.gate_engines)
        for name in ("calibration_batches", "calibration_batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        if self.min_agreement is not None and not 0 <= self.min_agreement <= 1:
            raise UserError(f"--min_agreement must be 0 to 1, got {self.min_agreement}")
        self.budgets = [budget.parse(word) for word in self.budget]

    @property
    def device(self) -> str | None:
        return device_of(self.n_gpu)


def choose(options: Options) -> tuple[float, bool]:
    """Which width is exported, and whether also in INT8: as the flags say, or as --budget chooses from the summary.

    Raises:
        UserError: a summary that measures no width, or nothing in it that keeps to the budget.
    """
    if not options.budget:
        return options.width_mult, options.int8
    summary = check_summary(files.read_json(options.summary, "summary"), str(options.summary))
    names = [stage["stage"] for stage in summary["stages"]]
    # Without a folder for a static model INT8 cannot be written, so it is not chosen.
    among = [name for name in names if width_of(name) and (options.static_sub_model or not width_of(name)[1])]
    if not among:
        raise UserError(f"{options.summary}: it measures no width; it holds {', '.join(names)}")
    choice = budget.choose(summary, options.budgets, among=among)
    print(f"taken by --budget: {choice.why}", flush=True)
    return width_of(choice.stage)


def main(options: Options) -> None:
    width, int8 = choose(options)
    from glue import launch

    launch.prepare(options.n_gpu, may_split=False)
    # These import paddle, which takes seconds: only after --help and the options' own checks.
    from common.train import trainer

    from glue import export, quantize
    from glue.data import TextSource

    trainer.set_device(options.device)
    source = export.find_source(options.model_name_or_path, width)
    text = TextSource(options.data_dir, options.max_seq_length, options.skip_bad_lines)
    sub_model = export.open_sub_model(source, options.model_type, text)
    export.write_sub_model(sub_model, options.sub_model_output_dir)
    if options.static_sub_model is not None:
        export.write_static(sub_model, options.static_sub_model, options.gate_engines)
    if int8:
        calibration = quantize.Calibration(options.calibration_batches, options.calibration_batch_size, options.seed)
        feeds = quantize.draw_feeds(export.rows_of_split(source, text, "train"), calibration)
        agreement = quantize.wanted_agreement(source.task, options.min_agreement)
        target = options.static_sub_model / "int8"
        quantize.write_int8(sub_model, feeds, target, options.gate_engines, agreement, options.nncf)


if __name__ == "__main__":
    cli.run(main, Options)
