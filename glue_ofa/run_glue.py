# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tune a model on a GLUE task: the first step, whose result run_glue_ofa.py makes narrower."""

from dataclasses import asdict, dataclass

from common import cli
from common.train.options import ShapeOptions

from glue import tasks
from glue.options import GlueOptions


@dataclass(kw_only=True)
class Options(ShapeOptions, GlueOptions):
    """Fine-tune BERT, TinyBERT, ERNIE or PP-MiniLM on a GLUE task."""

    def __post_init__(self):
        super().__post_init__()
        self.check_shape()

    def same_on_resume(self) -> dict:
        return super().same_on_resume() | {"from_scratch": self.from_scratch} | self.shape()


def main(options: Options) -> None:
    from glue import launch

    launch.prepare(options.n_gpu)
    from glue import train  # imports paddle, which takes seconds: only after --help and the options' own checks
    from glue.data import TextSource
    from glue.trainer import ModelChoice

    train.fine_tune(
        ModelChoice(options.model_name_or_path, options.model_type, options.shape() if options.from_scratch else None),
        tasks.find(options.task_name),
        TextSource(options.data_dir, options.max_seq_length, options.skip_bad_lines),
        options.selection_fraction,
        options.trainer_options(),
        options.same_on_resume(),
        asdict(options),
    )


if __name__ == "__main__":
    cli.run(main, Options)
