# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tune the full model, the teacher of the narrower ones; the best checkpoint by F1 is what stays."""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError

from options import NerOptions


@dataclass(kw_only=True)
class Options(NerOptions):
    """Train a tagger of named entities; writes model_best into --output_dir."""

    model_name_or_path: str = "bert-base-chinese"
    """A pretrained BERT or ERNIE by name or folder, or a checkpoint of this app."""
    output_dir: Path = Path("checkpoints/msra_ner")
    """Folder for the trained model."""
    from_scratch: bool = False
    """Build the named architecture with random weights and a vocabulary from the training text."""
    num_hidden_layers: int | None = None
    """With --from_scratch: layers, where they are to be fewer than in the named architecture."""
    hidden_size: int | None = None
    """With --from_scratch: features, a multiple of 64 (one head); feed-forward layers have 4 times as many."""
    vocab_size: int | None = None
    """With --from_scratch: rows of the word table; those of the named architecture if not given."""

    def __post_init__(self):
        super().__post_init__()
        for name in ("num_hidden_layers", "hidden_size", "vocab_size"):
            value = getattr(self, name)
            if value is not None and (not self.from_scratch or value < 1):
                raise UserError(f"--{name} {value}: needs --from_scratch and at least 1")
        if self.hidden_size is not None and self.hidden_size % 64:
            raise UserError(f"--hidden_size {self.hidden_size} is no multiple of 64, the size of one head")


def main(options: Options) -> None:
    import recipe  # imports paddle, which takes seconds: only after --help and the options' own checks

    recipe.train(options)


if __name__ == "__main__":
    cli.run(main, Options)
