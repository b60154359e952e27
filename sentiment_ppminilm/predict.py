# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a text says of an aspect: by --aspect and --text, by --input_file, or typed line by line. One JSON a line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError, did_you_mean
from common.data import lines
from common.engines import allowed


@dataclass(kw_only=True)
class Options:
    """Sentiment of aspects, from a model that export_model.py or quant_post.py wrote."""

    model_path: Path = Path("checkpoints/pp_checkpoints/quant/infer")
    """Exported model without its ending, or the bundle's folder."""
    aspect: str | None = None
    """What is judged, for example 服务很好; with --text."""
    text: str | None = None
    """The text that speaks of it; with --aspect."""
    input_file: Path | None = None
    """UTF-8, a pair a line: aspect, text, tab-separated; or a label, which is passed over, before both."""
    engine: str = "onnxruntime"
    """Which engine computes."""
    device: str = "cpu"
    """cpu, gpu or xpu."""
    threads: int = 1
    """Threads of one call on the CPU."""
    batch_size: int = 1
    """Pairs per call of the engine."""
    max_seq_len: int | None = None
    """Tokens read of a pair, [CLS] and both [SEP] counted; the model's if not given."""

    def __post_init__(self):
        if (self.aspect is None) != (self.text is None):
            given, lacking = ("aspect", "text") if self.text is None else ("text", "aspect")
            raise UserError(f"--{given} needs --{lacking}; give both, or neither and type the pairs")
        if self.text is not None and self.input_file is not None:
            raise UserError("--text and --input_file exclude each other; give one")
        if self.engine not in allowed.ENGINES:
            near = did_you_mean(self.engine, allowed.ENGINES)
            raise UserError(f"--engine `{self.engine}`{near}; there are {', '.join(allowed.ENGINES)}")
        for name in ("threads", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")


def main(options: Options) -> None:
    from common.engines.answering import check_length

    from aspect.predictor import SHORTEST, AspectPredictor, find_bundle

    pairs: Iterable[tuple[str, str]] = [(options.aspect, options.text)]
    if options.input_file is not None:
        pairs = list(pairs_of(lines.read(options.input_file), str(options.input_file)))
    bundle = find_bundle(options.model_path)
    length = check_length(options.max_seq_len, bundle, SHORTEST, "--max_seq_len")
    predictor = AspectPredictor(bundle, options.engine, options.device, options.threads, None, length)
    typed = options.text is None and options.input_file is None
    if typed:
        pairs = pairs_of(lines.typed("aspect<TAB>text, a pair a line; end with Ctrl-D"), "stdin")
    for answer in predictor.answer_stream(pairs, 1 if typed and lines.is_person() else options.batch_size):
        lines.print_json(answer)


def pairs_of(given: Iterable[str], where: str) -> Iterator[tuple[str, str]]:
    """Aspect and text of each line; the first line that is not blank says whether a label stands before them.

    A blank line is a pair of nothing, which is answered as empty, so that answers and lines stay side by side.

    Raises:
        UserError: neither two nor three columns, or another number than in the first line.
    """
    columns = 0
    for number, line in enumerate(given, 1):
        fields = line.removesuffix("\r").split("\t")
        if not line.strip(" \r"):
            yield "", ""
            continue
        if len(fields) not in (2, 3):
            raise UserError(f"{where}:{number}: expected 2 tab-separated fields (aspect, text) or 3, got {len(fields)}")
        columns = columns or len(fields)
        if len(fields) != columns:
            raise UserError(f"{where}:{number}: expected {columns} tab-separated fields as above, got {len(fields)}")
        yield fields[-2], fields[-1]


if __name__ == "__main__":
    cli.run(main, Options)
