# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One training of all widths of a fine-tuned tagger; each width's best stays as a checkpoint of its own."""

from dataclasses import asdict, dataclass
from pathlib import Path

from common import cli
from common.cli import UserError
from common.train.options import check_widths

from ner.options import NerOptions, check_type


@dataclass(kw_only=True)
class Options(NerOptions):
    """Compress a model of run_msra_ner.py; writes model_<width> of each width, as typed, into --output_dir."""

    model_type: str = "bert"
    """bert or ernie; the checkpoint's own."""
    model_name_or_path: Path = Path("checkpoints/msra_ner/model_best")
    """The fine-tuned model, which is also the teacher."""
    output_dir: Path = Path("checkpoints/msra_ner_ofa")
    """Folder for the narrower models."""
    width_mult_list: tuple[str, ...] = ("1.0", "0.8333333333333334", "0.6666666666666666", "0.5")
    """Shares of each layer's heads and feed-forward neurons that are trained."""
    importance_batches: int = 32
    """Training batches on which heads and neurons are scored."""
    reorder: bool = True
    """Put important heads and neurons first; False shows what that is good for."""
    distill: bool = True
    """Learn from the full model too; False learns from the labels alone."""

    def __post_init__(self):
        super().__post_init__()
        check_type(self.model_type)
        self.widths()
        if self.importance_batches < 1:
            raise UserError(f"--importance_batches must be at least 1, got {self.importance_batches}")

    def widths(self) -> dict[float, str]:
        """Each width as a number, to what was typed.

        Raises:
            UserError: not a number, or one width in two spellings.
        """
        numbers = [number_of(word) for word in self.width_mult_list]
        check_widths(tuple(numbers))
        return dict(zip(numbers, self.width_mult_list, strict=True))

    def same_on_resume(self) -> dict:
        names = ("width_mult_list", "importance_batches", "reorder", "distill")
        return super().same_on_resume() | {name: getattr(self, name) for name in names}


def number_of(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise UserError(f"--width_mult_list: `{word}` is no number; write for example 0.5") from None


def main(options: Options) -> None:
    from ner import widths  # imports paddle, which takes seconds: only after --help and the options' own checks

    settings = widths.WidthSettings(options.widths(), options.importance_batches, options.reorder, options.distill)
    run = widths.prepare(
        options.model_name_or_path,
        options.model_type,
        options.data_dir,
        options.dev_set(),
        options.max_seq_length,
        settings,
        options.trainer_options(),
        asdict(options),
    )
    widths.train(run, options.same_on_resume())
    widths.report(run)


if __name__ == "__main__":
    cli.run(main, Options)
