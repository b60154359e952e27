# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tune the full model, the teacher of the narrower ones; the best checkpoint by F1 is what stays."""

from dataclasses import asdict, dataclass
from pathlib import Path

from common import cli
from common.train.options import ShapeOptions

from ner.options import NerOptions


@dataclass(kw_only=True)
class Options(ShapeOptions, NerOptions):
    """Train a tagger of named entities; writes model_best into --output_dir."""

    model_name_or_path: str = "bert-base-chinese"
    """A pretrained BERT or ERNIE by name or folder, or a checkpoint of this app."""
    output_dir: Path = Path("checkpoints/msra_ner")
    """Folder for the trained model."""

    def __post_init__(self):
        super().__post_init__()
        self.check_shape()

    def same_on_resume(self) -> dict:
        return super().same_on_resume() | {"from_scratch": self.from_scratch} | self.shape()


def main(options: Options) -> None:
    from ner import train  # imports paddle, which takes seconds: only after --help and the options' own checks

    train.train(
        options.model_name_or_path,
        options.shape() if options.from_scratch else None,
        options.data_dir,
        options.dev_set(),
        options.max_seq_length,
        options.trainer_options(),
        options.same_on_resume(),
        asdict(options),
    )


if __name__ == "__main__":
    cli.run(main, Options)
