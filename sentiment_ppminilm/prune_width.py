# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A step beyond the document: narrower copies of a trained checkpoint, with fewer heads and feed-forward neurons."""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError
from common.train.options import check_widths

from aspect import options


@dataclass(kw_only=True)
class Options(options.Options):
    """Train several widths of a trained checkpoint at once, and cut each out as a checkpoint of its own."""

    output_dir: Path | None = None
    """Where width_0.5/ and so on go; `pruned` in the checkpoint's folder if not given."""
    width_mult_list: tuple[float, ...] = (0.5,)
    """Shares of heads and neurons to keep."""
    importance_batches: int = 32
    """Training batches on which heads and neurons are scored."""
    num_epochs: float = 3
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
    from aspect import widths  # imports paddle, which takes seconds: only after --help and the options' own checks

    widths.run(options)


if __name__ == "__main__":
    cli.run(main, Options)
