# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What performance_test.py does: time the engine alone on ready batches, score it, or collect shapes for TensorRT."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import child, files
from common.bundle.bundle import Bundle, engine_files
from common.cli import EnvironmentLacks, UserError, one_line
from common.data.tokenizer import WordPieceTokenizer
from common.engines import allowed, devices, runtime
from common.engines import job as engines
from common.engines.answering import check_length
from common.measure import bench

import numpy as np
from data import LabelSet, Row, collate, make_rows, read_examples, read_labels

from aspect.metrics import score
from aspect.predictor import SHORTEST, find_bundle
from aspect.timing import Batch, machine_line, measure, print_times, tokenising_seconds

SPEED, SCORES = "speed_results.json", "eval_results.json"
FIRST = ("accuracy", "precision", "recall", "f1")  # the last three of the positive class, as in the document
TENSORRT = "paddle_tensorrt"


def run(options) -> dict[str, Any]:
    """Carry out performance_test.py's options; print a report and give it back.

    Raises:
        UserError: files, flags and model that do not fit together, or an engine that changes its answers.
        EnvironmentLacks: the engine, GPU or TensorRT is not there.
    """
    bundle = find_bundle(options.model_path)
    check_flags(options, bundle)
    device = device_of(options, bundle)
    max_length = check_length(options.max_seq_len, bundle, SHORTEST, "--max_seq_len")
    labels = labels_of(options, bundle)
    examples = read_examples(options.test_path, labels, options.skip_bad_lines)
    tokenizer = WordPieceTokenizer(bundle.vocab_path)
    rows = make_rows(examples, tokenizer, labels, max_length)
    batches = make_batches(rows, options.batch_size)
    if options.collect_shape:
        return collect(bundle, batches, device, options.threads)
    predictor = open_predictor(options, bundle, device, batches)
    print(
        f"model: {options.model_path}, {bundle.stage}, {predictor.precision}, {predictor.file_bytes / 1e6:.1f} MB\n"
        f"data: {options.test_path}, {len(rows)} rows in {len(batches)} batches of {options.batch_size}, cut at "
        f"{max_length} tokens, the longest has {max(len(row.ids) for row in rows)}\n"
        f"machine: {machine_line(predictor.engine, device, options.threads)}",
        flush=True,
    )
    if options.eval:
        scores = evaluate(predictor, batches, rows, labels)
        for name, value in scores.items():
            print(f"{name}: {value:.5f}")
        return write(options, SCORES, scores)
    spent = tokenising_seconds(examples, tokenizer, max_length)
    report = measure(predictor, batches, options.num_epochs, options.perf_warmup_steps)
    report |= {"tokenising_s": spent, "sentences_per_second": len(rows) / report["mean_epoch_s"]}
    print_times(report, len(rows))
    facts = {name: getattr(predictor, name) for name in ("engine", "device", "precision", "file_bytes")}
    facts |= {"threads": options.threads, "batch_size": options.batch_size, "max_seq_len": max_length}
    facts |= {"rows": len(rows), "model": str(options.model_path), "machine": bench.machine()}
    return write(options, SPEED, {**facts, **report})


def check_flags(options, bundle: Bundle) -> None:
    """Raises `UserError` where a flag says something else about the model than its bundle does."""
    where = options.model_path
    if options.int8 and bundle.precision != "int8":
        raise UserError(f"--int8: {where} is an FP32 model; quantise it by quant_post.py, or leave --int8 out")
    if options.use_tensorrt and bundle.precision == "int8" and not options.int8:
        raise UserError(f"--use_tensorrt without --int8, but {where} is an INT8 model; add --int8")
    if options.fp16 and bundle.precision == "int8":
        raise UserError(f"--fp16: {where} is an INT8 model; give an FP32 model, or leave --fp16 out")
    asked, own = options.base_model_name, bundle.architecture["name"]
    if asked is not None and own.lower() not in described(asked):
        raise UserError(f"--base_model_name {asked}: {where} is a {own} model; give that name, or leave it out")


def described(name_or_folder: str) -> str:
    """A model's name, or what the configuration in its folder says it is; in lower case."""
    config = Path(name_or_folder) / "config.json"
    content = files.read_json(config, "model configuration") if config.is_file() else {}
    if not isinstance(content, dict) or not content:
        return name_or_folder.lower()
    return f"{content.get('model_type')} {content.get('architectures')}".lower()


def device_of(options, bundle: Bundle) -> str:
    """`--device`; if not given, a GPU where there is one and the engine can run this model there, else the CPU.

    Raises:
        EnvironmentLacks: --use_tensorrt where the GPU, or a Paddle that was built for it, is not there.
    """
    if options.use_tensorrt:
        try:
            devices.probe(TENSORRT, "gpu")
        except EnvironmentLacks as lack:
            said = str(lack).replace("take --device cpu", "leave it out to run on the CPU")
            raise EnvironmentLacks(f"--use_tensorrt: {said}") from None
        if options.int8:
            import paddle

            if slow := devices.slow_int8(paddle.device.cuda):
                engines.warn(slow)
        return "gpu"
    if options.device is not None:
        return options.device
    cells = allowed.ALLOWED_GPU.get(options.engine)
    if options.fp16 or options.engine not in allowed.ALLOWED:
        return "gpu"
    if cells is None or runtime.available(options.engine, "gpu"):
        return "cpu"
    refused = cells.get(bundle.precision, f"{options.engine} does not run {bundle.precision} there")
    if refused and not options.collect_shape:
        engines.warn(f"on the CPU, though there is a GPU: {refused}")
        return "cpu"
    return "gpu"


def labels_of(options, bundle: Bundle) -> LabelSet:
    """The bundle's labels.

    Raises:
        UserError: --label_path names a file with others.
    """
    own = LabelSet(bundle.labels["class"], bundle.manifest.get("label_names"))
    if options.label_path is not None and (given := read_labels(options.label_path)).values != own.values:
        raise UserError(
            f"{options.label_path}: labels {', '.join(given.values)}, but the model was trained with "
            f"{', '.join(own.values)}; give the file it was trained with, or leave the flag out"
        )
    return own


def evaluate(predictor, batches: Sequence[Batch], rows: Sequence[Row], labels: LabelSet) -> dict[str, float]:
    logits = np.concatenate([predictor.run(*batch)["logits"] for batch in batches])
    if not np.isfinite(logits).all():
        raise UserError(f"{predictor.engine} answers NaN or infinity; take another engine")
    scores = score(labels, [row.label for row in rows], logits.argmax(axis=1).tolist())
    return {name: scores[name] for name in FIRST} | scores


def collect(bundle: Bundle, batches: Sequence[Batch], device: str, threads: int) -> dict[str, Any]:
    """Write the shapes of all tensors beside the bundle."""
    from common.engines import paddle_config

    if device != "cpu":
        devices.probe("paddle", device)
    path = shapes_path(bundle)
    job = engines.Job(bundle, engine_files(bundle, TENSORRT), "paddle", device, threads, "fp32")
    with child.stdout_to_stderr():
        used = paddle_config.collect_shapes(job, batches, path)
    count = len(paddle_config.read_shapes(path))
    print(f"collected: {path}, shapes of {count} tensors in {used} batches; now run without --collect_shape")
    return {"path": str(path), "tensors": count, "batches": used}


def open_predictor(options, bundle: Bundle, device: str, batches: Sequence[Batch]) -> runtime.Predictor:
    """The engine, and with --use_tensorrt one that is built for the collected shapes."""
    precision = "fp16" if options.fp16 else None
    if not options.use_tensorrt:
        return runtime.load(bundle, options.engine, device, options.threads, precision)
    from common.engines import paddle_config

    path = shapes_path(bundle)
    if not path.exists():
        raise UserError(f"{path}: no such file of shapes; run the same command with --collect_shape first")
    paddle_config.check_shapes(path, bundle, batches)
    chosen = precision or bundle.precision
    facts = (bundle, engine_files(bundle, TENSORRT), TENSORRT, device, options.threads, chosen)
    job = paddle_config.TunedJob(*facts, path, options.batch_size)
    try:
        return runtime.Predictor(engines.open_engine(job), job)
    except (UserError, EnvironmentLacks):
        raise
    except Exception as fault:  # whatever TensorRT says while it builds
        raise UserError(f"{job.files[0]}: TensorRT cannot build it: {one_line(fault)[:200]}") from fault


def shapes_path(bundle: Bundle) -> Path:
    from common.engines import paddle_config

    return bundle.path.parent / paddle_config.SHAPES


def make_batches(rows: Sequence[Row], size: int) -> list[Batch]:
    """Rows in their order, each batch padded to its longest row."""
    collated = [collate(rows[start : start + size]) for start in range(0, len(rows), size)]
    return [(batch["input_ids"], batch["token_type_ids"]) for batch in collated]


def write(options, name: str, results: dict[str, Any]) -> dict[str, Any]:
    if options.output_dir is not None:
        files.write_json(options.output_dir / name, results)
    return results
