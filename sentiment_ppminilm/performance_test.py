# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Measure how fast an exported model answers, or with --eval how well."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import cli, files
from common.cli import UserError, did_you_mean
from common.engines import allowed

if TYPE_CHECKING:
    from common.engines.runtime import Predictor

    from aspect.batches import Labelled

SPEED, SCORES = "speed_results.json", "eval_results.json"
DEVICES = ("cpu", "gpu", "xpu")
COUNTS = ("num_epochs", "batch_size", "perf_warmup_steps", "threads")


@dataclass(kw_only=True)
class Options:
    """Time a bundle on labelled data: tokenising, batches, epochs; or score it, or collect its shapes for TensorRT."""

    model_path: Path = Path("checkpoints/pp_checkpoints/quant/infer")
    """Exported model without its ending, or the bundle's folder."""
    test_path: Path = Path("data/cls_data/test.txt")
    """Labelled file: label, aspect, text, tab-separated."""
    label_path: Path | None = None
    """Label file to compare with the model's own labels, which are taken if not given."""
    base_model_name: str | None = None
    """Architecture that the model must have: ppminilm-6l-768h, skep_ernie_1.0_large_ch, or a model's folder."""
    num_epochs: int = 1
    """Passes over the data that are timed."""
    batch_size: int = 16
    """Rows per batch."""
    max_seq_len: int | None = None
    """Longest input in tokens; the model's if not given."""
    perf_warmup_steps: int | None = None
    """Batches that run before the clock counts; all of the data once if not given."""
    use_tensorrt: bool = False
    """Paddle Inference through TensorRT, on a GPU, with the shapes that --collect_shape wrote."""
    int8: bool = False
    """The model is INT8; with --use_tensorrt it must be said."""
    fp16: bool = False
    """Half precision, on a GPU."""
    collect_shape: bool = False
    """Run the data once, write the range of every shape beside the model, and stop."""
    eval: bool = False
    """Print accuracy, precision, recall and F1 in place of times."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one that the engine can use."""
    engine: str = "paddle"
    """Which engine computes; the document's is paddle."""
    threads: int = 1
    """Threads of one call on the CPU."""
    output_dir: Path | None = None
    """Folder for speed_results.json, or with --eval eval_results.json; nothing is written if not given."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        for name in COUNTS:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UserError(f"--{name} must be at least 1, got {value}")
        if self.engine not in allowed.ENGINES:
            near = did_you_mean(self.engine, allowed.ENGINES)
            raise UserError(f"--engine `{self.engine}`{near}; there are {', '.join(allowed.ENGINES)}")
        if self.device not in (None, *DEVICES):
            raise UserError(f"--device `{self.device}`; there are {', '.join(DEVICES)}")
        if self.use_tensorrt:
            self._check_tensorrt()
        if self.int8 and self.fp16:
            raise UserError("--int8 and --fp16 exclude each other: an INT8 model computes the rest in FP32")
        if self.fp16 and self.device not in (None, "gpu"):
            raise UserError(f"--fp16 needs --device gpu, got --device {self.device}; leave it out")
        if self.collect_shape:
            self._check_collecting()

    def _check_tensorrt(self) -> None:
        if self.engine not in ("paddle", "paddle_tensorrt"):
            raise UserError(
                f"--use_tensorrt is for --engine paddle, got {self.engine}; leave it out, or take --engine "
                "onnxruntime_tensorrt for TensorRT through another library"
            )
        if self.device not in (None, "gpu"):
            raise UserError(f"--use_tensorrt needs --device gpu, got --device {self.device}; leave one of them out")

    def _check_collecting(self) -> None:
        if self.engine not in ("paddle", "paddle_tensorrt"):
            raise UserError(f"--collect_shape is for --engine paddle, got {self.engine}; no other needs shapes")
        if self.eval:
            raise UserError("--collect_shape and --eval exclude each other; collect in a run of its own")
        if self.device == "xpu":
            raise UserError("--collect_shape runs on cpu or gpu, got --device xpu")


def main(options: Options) -> None:
    # The libraries of data and engines: only after --help and the options' own checks.
    from common.engines.answering import check_length

    from aspect import batches, collect, engine, score
    from aspect.predictor import SHORTEST, find_bundle

    bundle = find_bundle(options.model_path)
    request = engine.Request(
        options.engine, options.device, options.threads, options.int8, options.fp16, options.use_tensorrt
    )
    engine.check_precision(request, bundle, options.model_path)
    engine.check_architecture(options.base_model_name, bundle, options.model_path)
    device = engine.choose_device(request, bundle, options.collect_shape)
    max_length = check_length(options.max_seq_len, bundle, SHORTEST, "--max_seq_len")
    labels = batches.model_labels(bundle, options.label_path)
    data = batches.read_labelled(
        options.test_path, labels, bundle.vocab_path, max_length, options.batch_size, options.skip_bad_lines
    )
    if options.collect_shape:
        collect.collect_shapes(bundle, data.batches, device, options.threads)
        return
    predictor = engine.open_predictor(request, bundle, device, data)
    print_header(options, predictor, device, data)
    if options.eval:
        scores = score.score_engine(predictor, data)
        score.print_scores(scores)
        write(options.output_dir, SCORES, scores)
    else:
        write(options.output_dir, SPEED, time_engine(options, predictor, data))


def print_header(options: Options, predictor: "Predictor", device: str, data: "Labelled") -> None:
    """Which model, data and machine the figures below belong to."""
    from aspect.machine_line import machine_line

    size = predictor.file_bytes / 2**20
    print(
        f"model: {options.model_path}, {predictor.bundle.stage}, {predictor.precision}, {size:.1f} MiB\n"
        f"data: {options.test_path}, {len(data.rows)} rows in {len(data.batches)} batches of {data.batch_size}, cut at "
        f"{data.max_length} tokens, the longest has {data.longest}\n"
        f"machine: {machine_line(predictor.engine, device, options.threads)}",
        flush=True,
    )


def time_engine(options: Options, predictor: "Predictor", data: "Labelled") -> dict[str, Any]:
    """Time tokenizer and engine apart and print the times; returns what speed_results.json holds."""
    from common import machine

    from aspect import timing

    tokenising_s = timing.tokenising_seconds(data.examples, data.tokenizer, data.max_length)
    times = timing.measure(predictor, data.batches, options.num_epochs, options.perf_warmup_steps)
    timing.print_times(times, tokenising_s, len(data.rows))
    return {
        **{name: getattr(predictor, name) for name in ("engine", "device", "precision", "file_bytes")},
        "threads": options.threads,
        "batch_size": options.batch_size,
        "max_seq_len": data.max_length,
        "rows": len(data.rows),
        "model": str(options.model_path),
        "machine": machine.describe(),
        **asdict(times),
        "tokenising_s": tokenising_s,
        "sentences_per_second": len(data.rows) / times.mean_epoch_s,
    }


def write(folder: Path | None, name: str, results: dict[str, Any]) -> None:
    """Nothing without --output_dir."""
    if folder is not None:
        files.write_json(folder / name, results)


def words() -> list[str]:
    """Our command line without a last backslash: the document's command ends in one, and so does a copy of it."""
    given = sys.argv[1:]
    return given[:-1] if given and not given[-1].strip("\\ \r\n") else given


if __name__ == "__main__":
    cli.run(main, Options, words())
