# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The entities of a text: from --text, from --input_file, or typed line by line. One JSON a line."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError, did_you_mean
from common.data import lines
from common.engines import allowed

DECODERS = ("argmax", "bio")


@dataclass(kw_only=True)
class Options:
    """Persons, organisations and places, from a model that export_model_msra_ner_ofa.py wrote."""

    model_path: Path = Path("checkpoints/msra_ner_ofa/model_0.5/static_model")
    """Folder of the static model, or its bundle."""
    text: str | None = None
    """The text; of any length."""
    input_file: Path | None = None
    """UTF-8, a text a line."""
    engine: str = "onnxruntime"
    """Which engine computes."""
    device: str = "cpu"
    """cpu, gpu or xpu."""
    threads: int = 1
    """Threads of one call on the CPU."""
    batch_size: int = 16
    """Windows of text per call of the engine."""
    max_seq_length: int | None = None
    """Tokens of a window, [CLS] and [SEP] counted; the model's if not given."""
    decoder: str | None = None
    """bio, the best sequence in which every I-x has its B-x; argmax, each character's best tag; the model's if not
    given."""

    def __post_init__(self):
        if self.text is not None and self.input_file is not None:
            raise UserError("--text and --input_file exclude each other; give one")
        if self.engine not in allowed.ENGINES:
            near = did_you_mean(self.engine, allowed.ENGINES)
            raise UserError(f"--engine `{self.engine}`{near}; there are {', '.join(allowed.ENGINES)}")
        if self.decoder is not None and self.decoder not in DECODERS:
            raise UserError(f"--decoder must be one of {', '.join(DECODERS)}, got {self.decoder}")
        for name in ("threads", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")


def main(options: Options) -> None:
    from ner.predictor import NerPredictor, find_bundle

    texts: Iterable[str] = [options.text or ""]
    if options.input_file is not None:
        texts = lines.read(options.input_file)
    bundle, length = find_bundle(options.model_path), options.max_seq_length
    predictor = NerPredictor(bundle, options.engine, options.device, options.threads, None, length, options.decoder)
    typed = options.text is None and options.input_file is None
    if typed:
        texts = lines.typed("a text a line; end with Ctrl-D")
    for answer in predictor.answer_stream(texts, 1 if typed and lines.is_person() else options.batch_size):
        lines.print_json(answer)


if __name__ == "__main__":
    cli.run(main, Options)
