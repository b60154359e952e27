# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a text says of an aspect: by --aspect and --text, by --input_file, or typed line by line. One JSON a line."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common import cli, files, runtime
from common.cli import UserError, did_you_mean


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
        if self.engine not in runtime.ENGINES:
            near = did_you_mean(self.engine, runtime.ENGINES)
            raise UserError(f"--engine `{self.engine}`{near}; there are {', '.join(runtime.ENGINES)}")
        for name in ("threads", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")


def main(options: Options) -> None:
    from aspect import AspectPredictor, check_length, find_bundle

    pairs: Iterable[tuple[str, str]] = [(options.aspect, options.text)]
    if options.input_file is not None:
        lines = files.read_text(options.input_file, "input file").removesuffix("\n").split("\n")
        pairs = list(pairs_of(lines, str(options.input_file)))
    bundle = find_bundle(options.model_path)
    length = check_length(options.max_seq_len, bundle, "--max_seq_len")
    predictor = AspectPredictor(bundle, options.engine, options.device, options.threads, None, length)
    typed = options.text is None and options.input_file is None
    if typed:
        pairs = pairs_of(typed_lines(), "stdin")
    waiting = typed and sys.stdin.isatty()  # a person gets an answer per line
    for answer in predictor.answer_stream(pairs, 1 if waiting else options.batch_size):
        print_json(answer)


def pairs_of(lines: Iterable[str], where: str) -> Iterator[tuple[str, str]]:
    """Aspect and text of each line; the first line that is not blank says whether a label stands before them.

    A blank line is a pair of nothing, which is answered as empty, so that answers and lines stay side by side.

    Raises:
        UserError: neither two nor three columns, or another number than in the first line.
    """
    columns = 0
    for number, line in enumerate(lines, 1):
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


def typed_lines() -> Iterator[str]:
    """Lines of stdin until its end; a prompt where a person sits there."""
    asking = sys.stdin.isatty()
    if asking:
        print("aspect<TAB>text, a pair a line; end with Ctrl-D", file=sys.stderr)
    for number in range(1, sys.maxsize):
        if asking:
            print("> ", end="", file=sys.stderr, flush=True)
        try:
            raw = sys.stdin.buffer.readline()
            if not raw:
                return
            yield raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except KeyboardInterrupt:
            return
        except UnicodeDecodeError as fault:
            raise UserError(f"stdin:{number}: byte {fault.start} is not UTF-8; convert the text") from None


def print_json(answer: dict) -> None:
    """One UTF-8 line, whatever the locale; escapes only where a text holds what UTF-8 cannot."""
    try:
        line = json.dumps(answer, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        line = json.dumps(answer).encode()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        cli.run(main, Options)
    except BrokenPipeError:  # the reader of our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
