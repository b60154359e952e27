# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Score a checkpoint (model_best, model_<width>, dynamic_model) on a labelled file: whole entities, whole sentences."""

from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.cli import UserError

from ner.windows import check_length


@dataclass(kw_only=True)
class Options:
    """Evaluate a checkpoint."""

    model_name_or_path: Path = Path("checkpoints/msra_ner/model_best")
    """Folder of the checkpoint."""
    test_path: Path | None = None
    """Labelled file; if not given, the test set of --data_dir."""
    data_dir: Path | None = None
    """Folder with test.txt; if neither is given, the published MSRA test set from the hub."""
    max_seq_length: int | None = None
    """Longest input in tokens, windows beyond that; the length of the training if not given."""
    batch_size: int = 64
    """Windows per batch."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one."""
    output: Path | None = None
    """Also write the scores into this JSON file."""
    skip_bad_lines: bool = False
    """Leave sentences with faulty lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        if self.batch_size < 1:
            raise UserError(f"--batch_size must be at least 1, got {self.batch_size}")
        if self.max_seq_length is not None:
            check_length(self.max_seq_length)
        if self.test_path is None and self.data_dir is not None:
            self.test_path = self.data_dir / "test.txt"


def main(options: Options) -> None:
    # These import paddle, which takes seconds: only after --help and the options' own checks.
    from common.train.trainer import set_device

    from ner import train

    set_device(options.device)
    folder, test_path = options.model_name_or_path, options.test_path
    metrics = train.evaluate(folder, test_path, options.max_seq_length, options.batch_size, options.skip_bad_lines)
    if options.output is not None:
        files.write_json(options.output, metrics)


if __name__ == "__main__":
    cli.run(main, Options)
