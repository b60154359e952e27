# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tune a model on a GLUE task: the first step, whose result run_glue_ofa.py makes narrower."""

from dataclasses import dataclass

from common import cli
from common.cli import UserError

from options import GlueOptions

SHAPE = ("num_hidden_layers", "hidden_size", "vocab_size")


@dataclass(kw_only=True)
class Options(GlueOptions):
    """Fine-tune BERT, TinyBERT, ERNIE or PP-MiniLM on a GLUE task."""

    from_scratch: bool = False
    """Build the named architecture with random weights and a vocabulary from the training text."""
    num_hidden_layers: int | None = None
    """With --from_scratch: layers, where they are to be fewer than in the named architecture."""
    hidden_size: int | None = None
    """With --from_scratch: features, a multiple of 64 (one head); feed-forward layers have 4 times as many."""
    vocab_size: int | None = None
    """With --from_scratch: rows of the word table, where they are to be others than in the named architecture."""

    def __post_init__(self):
        super().__post_init__()
        for name in SHAPE:
            value = getattr(self, name)
            if value is not None and (not self.from_scratch or value < 1):
                raise UserError(f"--{name} {value}: needs --from_scratch and at least 1")
        if self.hidden_size is not None and self.hidden_size % 64:
            raise UserError(f"--hidden_size {self.hidden_size} is no multiple of 64, the size of one head")

    def same_on_resume(self) -> dict:
        return super().same_on_resume() | {name: getattr(self, name) for name in ("from_scratch", *SHAPE)}


def main(options: Options) -> None:
    import launching

    launching.prepare(options.n_gpu)
    import recipe  # imports paddle, which takes seconds: only after --help and the options' own checks

    recipe.fine_tune(options)


if __name__ == "__main__":
    cli.run(main, Options)
