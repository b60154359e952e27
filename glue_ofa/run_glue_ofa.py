# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Train every width of a fine-tuned model at once, with the model itself as teacher; the best of each width is kept."""

from dataclasses import asdict, dataclass
from pathlib import Path

from common import cli
from common.cli import UserError
from common.train.options import check_widths

from glue import tasks
from glue.options import GlueOptions


@dataclass(kw_only=True)
class Options(GlueOptions):
    """Once-for-all width pruning of a model that run_glue.py wrote."""

    num_train_epochs: float = 6
    """Passes over the training set."""
    width_mult_list: tuple[float, ...] = (1.0, 5 / 6, 2 / 3, 0.5)
    """Shares of the heads and feed-forward neurons; 1.0 is among them."""
    importance_batches: int = 32
    """Training batches on which heads and neurons are scored."""
    reorder: bool = True
    """Put the important heads and neurons first before training; `--reorder False` shows what that is good for."""
    distill: bool = True
    """Learn from the fine-tuned model as well as from the labels; `--distill False` from the labels alone."""

    def __post_init__(self):
        super().__post_init__()
        check_widths(self.width_mult_list)
        if 1.0 not in self.width_mult_list:
            raise UserError("--width_mult_list: 1.0, the whole width, must be among them")
        if self.importance_batches < 1:
            raise UserError(f"--importance_batches must be at least 1, got {self.importance_batches}")

    def same_on_resume(self) -> dict:
        names = ("width_mult_list", "importance_batches", "reorder", "distill")
        return super().same_on_resume() | {name: getattr(self, name) for name in names}


def main(options: Options) -> None:
    from glue import launch

    launch.prepare(options.n_gpu)
    from glue import widths  # imports paddle, which takes seconds: only after --help and the options' own checks
    from glue.data import TextSource

    settings = widths.WidthSettings(
        options.width_mult_list,
        options.importance_batches,
        options.reorder,
        options.distill,
        options.selection_fraction,
    )
    run = widths.prepare(
        Path(options.model_name_or_path),
        options.model_type,
        tasks.find(options.task_name),
        TextSource(options.data_dir, options.max_seq_length, options.skip_bad_lines),
        settings,
        options.trainer_options(),
        asdict(options),
    )
    widths.train(run, options.same_on_resume())
    widths.report(run)


if __name__ == "__main__":
    cli.run(main, Options)
