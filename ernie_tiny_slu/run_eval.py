# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Score the exported static model, or print what it understands of each sentence."""

from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.cli import UserError, did_you_mean

DECODERS = ("argmax", "bio", "crf")


@dataclass(kw_only=True)
class Options:
    """Evaluate `<infer_prefix>.pdmodel` with Paddle Inference."""

    infer_prefix: Path
    """Exported model without its ending: output/infer_model is output/infer_model.pdmodel and .pdiparams."""
    test_path: Path
    """Four columns as for training; without --do_eval also plain text, one sentence a line."""
    model_name_or_path: Path | None = None
    """Folder with the model's vocab.txt; needed only where the static model lies without its bundle."""
    output_dir: Path = Path(".")
    """Folder for eval_results.json."""
    intent_label_path: Path | None = None
    """Intents, one a line; the bundle's if not given."""
    slot_label_path: Path | None = None
    """Slot tags, one a line; the bundle's if not given."""
    max_seq_length: int | None = None
    """Longest input in tokens, [CLS] and [SEP] included; the bundle's if not given."""
    per_device_eval_batch_size: int = 32
    """Sentences per call of the engine."""
    do_eval: bool = False
    """Print the scores; without it the answers are printed."""
    device: str = "cpu"
    """cpu, gpu or xpu."""
    decoder: str | None = None
    """How slots are read: argmax, bio or crf; the bundle's if not given."""
    cpu_num_threads: int = 1
    """Threads of one call on the CPU."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        for name in ("per_device_eval_batch_size", "cpu_num_threads"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        if self.max_seq_length is not None and self.max_seq_length < 3:
            raise UserError(f"--max_seq_length must be at least 3, got {self.max_seq_length}")
        if self.decoder not in (None, *DECODERS):
            near = did_you_mean(self.decoder, DECODERS)
            raise UserError(f"--decoder must be one of {', '.join(DECODERS)}, got {self.decoder}{near}")


def main(options: Options) -> None:
    from slu import static_model  # imports paddle, which takes seconds: only after --help and the options' own checks

    model = static_model.StaticModel(
        options.infer_prefix,
        options.model_name_or_path,
        options.intent_label_path,
        options.slot_label_path,
        options.max_seq_length,
    )
    predictor = static_model.open_predictor(model, options.decoder, options.device, options.cpu_num_threads)
    test, batch_size = (options.test_path, predictor.bundle, options.skip_bad_lines), options.per_device_eval_batch_size
    if not options.do_eval:
        for answer in predictor.answer_stream(static_model.sentences(*test), batch_size):
            static_model.print_answer(answer)
        return
    metrics = static_model.evaluate(predictor, static_model.read_test(*test), batch_size)
    for name, value in metrics.items():
        print(f"{name}: {value:.4f}")
    files.write_json(options.output_dir / static_model.RESULTS, metrics)


if __name__ == "__main__":
    cli.run(main, Options)
