# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a model says of a text or of two: by --text and --text_pair, by --input_file, or typed. One JSON a line."""

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
        if self.engine not in runtime.ENGINES:
            near = did_you_mean(self.engine, runtime.ENGINES)
            raise UserError(f"--engine: `{self.engine}`{near}; there are {', '.join(runtime.ENGINES)}")
        for name in ("threads", "batch_size"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")


def main(options: Options) -> None:
    from glue import GluePredictor, check_length, find_bundle

    bundle = find_bundle(options.model_path)
    length = check_length(options.max_seq_length, bundle, "--max_seq_length")
    lines: Iterable[str] = typed_lines()
    where = "stdin"
    if options.input_file is not None:
        lines = files.read_text(options.input_file, "input file").removesuffix("\n").split("\n")
        where = str(options.input_file)
    predictor = GluePredictor(bundle, options.engine, options.device, options.threads, None, length)
    if options.text is not None:
        print_json(predictor.answer(options.text, options.text_pair))
        return
    texts = texts_of(lines, where, predictor.task.pairs)
    waiting = options.input_file is None and sys.stdin.isatty()  # a person gets an answer per line
    for answer in predictor.answer_stream(texts, 1 if waiting else options.batch_size):
        print_json(answer)


def texts_of(lines: Iterable[str], where: str, pairs: bool) -> Iterator[tuple[str, str | None]]:
    """One text of each line, or two; of a blank line nothing, which is answered as empty, so that lines stay aligned.

    Raises:
        UserError: another number of columns than the task has texts.
    """
    for number, line in enumerate(lines, 1):
        fields = line.removesuffix("\r").split("\t")
        if not line.strip():
            fields = [""] * (1 + pairs)
        if len(fields) != 1 + pairs:
            wanted = "two texts with a tab between" if pairs else "one text"
            raise UserError(f"{where}:{number}: expected {wanted}, got {len(fields)} tab-separated fields")
        yield fields[0], fields[1] if pairs else None


def typed_lines() -> Iterator[str]:
    """Lines of stdin until its end; a prompt where a person sits there."""
    asking = sys.stdin.isatty()
    if asking:
        print("a text a line, or two with a tab between; end with Ctrl-D", file=sys.stderr)
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
