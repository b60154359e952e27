# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a model says of a text or of two: by --text and --text_pair, by --input_file, or typed. One JSON a line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError, did_you_mean
from common.data import lines
from common.engines import allowed


@dataclass(kw_only=True)
class Options:
    """Labels, or scores, of texts from a model that export_model.py wrote."""

    model_path: Path
    """Folder that export_model.py wrote by --static_sub_model, or the bundle in it."""
    text: str | None = None
    """The text, or the first of two."""
    text_pair: str | None = None
    """The second text, in tasks that judge two."""
    input_file: Path | None = None
    """UTF-8, a text a line, or two with a tab between."""
    engine: str = "onnxruntime"
    """Which engine computes."""
    device: str = "cpu"
    """cpu, gpu or xpu."""
    threads: int = 1
    """Threads of one call on the CPU."""
    batch_size: int = 1
    """Texts per call of the engine."""
    max_seq_length: int | None = None
    """Tokens that are read; the model's if not given."""

    def __post_init__(self):
        if self.text is None and self.text_pair is not None:
            raise UserError("--text_pair needs --text; give both, or neither and type the texts")
        if self.text is not None and self.input_file is not None:
            raise UserError("--text and --input_file exclude each other; give one")
        if self.engine not in allowed.ENGINES:
            near = did_you_mean(self.engine, allowed.ENGINES)
            raise UserError(f"--engine: `{self.engine}`{near}; there are {', '.join(allowed.ENGINES)}")
        for name in ("threads", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")


def main(options: Options) -> None:
    from common.engines.answering import check_length

    from glue.predictor import SHORTEST, GluePredictor, find_bundle

    bundle = find_bundle(options.model_path)
    length = check_length(options.max_seq_length, bundle, SHORTEST, "--max_seq_length")
    predictor = GluePredictor(bundle, options.engine, options.device, options.threads, None, length)
    if options.text is not None:
        lines.print_json(predictor.answer(options.text, options.text_pair))
        return
    typed, pairs = options.input_file is None, predictor.task.pairs
    if typed:
        texts = texts_of(lines.typed("a text a line, or two with a tab between; end with Ctrl-D"), "stdin", pairs)
    else:
        texts = texts_of(lines.read(options.input_file), str(options.input_file), pairs)
    for answer in predictor.answer_stream(texts, 1 if typed and lines.is_person() else options.batch_size):
        lines.print_json(answer)


def texts_of(given: Iterable[str], where: str, pairs: bool) -> Iterator[tuple[str, str | None]]:
    """One text of each line, or two; of a blank line nothing, which is answered as empty, so that lines stay aligned.

    Raises:
        UserError: another number of columns than the task has texts.
    """
    for number, line in enumerate(given, 1):
        fields = line.removesuffix("\r").split("\t")
        if not line.strip():
            fields = [""] * (1 + pairs)
        if len(fields) != 1 + pairs:
            wanted = "two texts with a tab between" if pairs else "one text"
            raise UserError(f"{where}:{number}: expected {wanted}, got {len(fields)} tab-separated fields")
        yield fields[0], fields[1] if pairs else None


if __name__ == "__main__":
    cli.run(main, Options)
