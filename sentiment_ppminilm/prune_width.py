# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A step beyond the document: narrower copies of a trained checkpoint, with fewer heads and feed-forward neurons."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from common import cli
from common.cli import UserError
from common.train.options import check_widths

from aspect import options


@dataclass(kw_only=True)
class Options(options.Options):
    """Train several widths of a trained checkpoint at once, and cut each out as a checkpoint of its own."""

    ALIASES: ClassVar[dict[str, str]] = {
        flag: name for flag, name in options.Options.ALIASES.items() if flag != "checkpoints"
    }

    checkpoints: Path = Path("checkpoints/pp_checkpoints")
    """Folder of the trained model."""
    output_dir: Path | None = None
    """Where width_0.5/ and so on go; `pruned` in the checkpoint's folder if not given."""
    width_mult_list: tuple[float, ...] = (0.5,)
    """Shares of heads and neurons to keep."""
    importance_batches: int = 32
    """Training batches on which heads and neurons are scored."""
    num_train_epochs: float = 3
    """Passes over the training set."""

    def __post_init__(self):
        super().__post_init__()
        check_widths(self.width_mult_list)
        if self.from_scratch:
            raise UserError("--from_scratch: pruning starts from a trained checkpoint; train one by train.py")
        if self.importance_batches < 1:
            raise UserError(f"--importance_batches must be at least 1, got {self.importance_batches}")
        if self.output_dir is None:
            self.output_dir = self.checkpoints / "pruned"


def main(options: Options) -> None:
    # These import paddle, which takes seconds: only after --help and the options' own checks.
    from common.train.trainer import seed_everything

    from aspect import trainer, widths

    seed_everything(options.seed)
    trained = trainer.open_checkpoint(options.checkpoints)
    run = widths.prepare(
        trained,
        trainer.Corpus(
            options.train_path, options.dev_path, trained.labels, options.max_seq_len, options.skip_bad_lines
        ),
        options,
        options.width_mult_list,
        options.importance_batches,
        cli.values_by_flag(options),
    )
    widths.train(run)
    widths.report(run)


if __name__ == "__main__":
    cli.run(main, Options)
