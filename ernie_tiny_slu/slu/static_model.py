# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The exported static model on a test file, through Paddle Inference: scores, or answers in the document's form.

`infer_model.pdmodel` is a link into a bundle, which says everything about itself and is checked before it is opened. A
pair of .pdmodel and .pdiparams alone, as PaddleNLP exports it, needs a vocabulary and label files beside it; what else
must be known is read from the program.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from common import files
from common.bundle.bundle import Bundle, read_bundle
from common.bundle.checks import MANIFEST
from common.cli import UserError
from common.data.readers import Span, read_labels, read_tag_labels
from common.data.tokenizer import WordPieceTokenizer
from common.engines import paddle_program

import numpy as np
from utils import Example, read_examples

from slu.metrics import joint_scores
from slu.predictor import TASK, SluPredictor

RESULTS = "eval_results.json"
USUAL_LENGTH = 16  # the document's, for a model that lies without its bundle


def run(options) -> dict[str, float] | None:
    """Print scores (and write them to `<output_dir>/eval_results.json`) with --do_eval, else an answer per sentence."""
    predictor = open_predictor(options)
    if not options.do_eval:
        for answer in predictor.answer_stream(sentences(options, predictor), options.per_device_eval_batch_size):
            print_answer(answer)
        return None
    metrics = evaluate(predictor, examples_of(options, predictor), options.per_device_eval_batch_size)
    for name, value in metrics.items():
        print(f"{name}: {value:.4f}")
    files.write_json(options.output_dir / RESULTS, metrics)
    return metrics


def open_predictor(options) -> SluPredictor:
    """The static model in Paddle Inference.

    Raises:
        UserError: missing or damaged files, or vocabulary, labels and lengths that do not belong to the model.
        EnvironmentLacks: the device is not there.
    """
    program = files.require(f"{options.infer_prefix}.pdmodel", "static model (--infer_prefix)")
    weights = files.require(f"{options.infer_prefix}.pdiparams", "weights of the static model (--infer_prefix)")
    place = program.resolve()
    with tempfile.TemporaryDirectory() as folder:
        if (place.parent / MANIFEST).exists() and place.name == "model.pdmodel":
            bundle = read_bundle(place.parent, task=TASK)
            check_against_bundle(options, bundle)
        else:
            bundle = bundle_around(program, weights, options, Path(folder))
        # On a GPU, Paddle Inference runs INT8 through TensorRT only.
        engine = "paddle_tensorrt" if options.device == "gpu" and bundle.precision == "int8" else "paddle"
        try:
            return SluPredictor(
                bundle, engine, options.decoder, options.device, options.cpu_num_threads, None, options.max_seq_length
            )
        except UserError as fault:  # name the file, not the link to it
            raise UserError(str(fault).replace(f"{folder}/model", str(options.infer_prefix))) from fault


def evaluate(predictor: SluPredictor, examples: list[Example], batch_size: int = 1) -> dict[str, float]:
    """Joint scores of the served answers against the whole, uncut examples."""
    answers = predictor.answer_all([example.text for example in examples], batch_size)
    return joint_scores(
        [example.intent for example in examples],
        [example.spans for example in examples],
        [answer["intent"] for answer in answers],
        [[Span(s["slot"], s["pos"][0], s["pos"][1] + 1) for s in answer["slots"]] for answer in answers],
        [len(example.text) for example in examples],
    )


def examples_of(options, predictor: SluPredictor) -> list[Example]:
    labels = predictor.bundle.labels
    return read_examples(options.test_path, labels["intent"], labels["slot"], options.skip_bad_lines)


def sentences(options, predictor: SluPredictor) -> Iterator[str]:
    """Texts of a four-column file, or the lines of any other."""
    lines = files.read_text(options.test_path, "test file").removesuffix("\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.count("\t") == 3:
        return (example.text for example in examples_of(options, predictor))
    return (line.removesuffix("\r") for line in lines)


def print_answer(answer: dict) -> None:
    """Three lines: the input, the intent and the slots, as the document prints them."""
    print(f"input: {answer['text']}")
    extra = {key: answer[key] for key in ("truncated", "reason") if key in answer}
    print({"intent": answer["intent"], "confidence": np.array([answer["confidence"]], "float32"), **extra})
    print({"value": [answer["slots"]]}, flush=True)


def check_against_bundle(options, bundle: Bundle) -> None:
    """Raises `UserError` where a flag names another vocabulary, labels or length than the bundle was made with."""
    if options.model_name_or_path is not None:
        given = WordPieceTokenizer(vocabulary_of(options)).tokens
        own = WordPieceTokenizer(bundle.vocab_path).tokens
        if given != own:
            where = f"--model_name_or_path {options.model_name_or_path}"
            if len(given) != len(own):
                what = f"{len(given)} tokens, but the static model was exported with {len(own)}"
            else:
                line = next(n for n, (a, b) in enumerate(zip(given, own, strict=True), 1) if a != b)
                what = f"line {line} of vocab.txt is another token than the static model was exported with"
            raise UserError(f"{where}: {what}; name the checkpoint it was exported from, or leave the flag out")
    for name, read in (("intent", read_labels), ("slot", read_tag_labels)):
        path = getattr(options, f"{name}_label_path")
        if path is not None and (given := read(path)) != bundle.labels[name]:
            own = bundle.labels[name]
            what = f"{len(given)} labels, but the model has {len(own)}"
            if len(given) == len(own):
                line = next(n for n, (a, b) in enumerate(zip(given, own, strict=True), 1) if a != b)
                what = f"line {line} is `{given[line - 1]}`, but the model has `{own[line - 1]}` there"
            raise UserError(f"{path}: {what}; give the file the model was trained with, or leave the flag out")
    if options.max_seq_length is not None and options.max_seq_length > bundle.max_length:
        raise UserError(
            f"--max_seq_length {options.max_seq_length}: the model was exported for {bundle.max_length} tokens; "
            "give no more, or export it again"
        )


def vocabulary_of(options) -> Path:
    folder = files.require(options.model_name_or_path, "folder (--model_name_or_path)")
    return files.require(folder / "vocab.txt", "vocabulary (--model_name_or_path)")


def bundle_around(program: Path, weights: Path, options, folder: Path) -> Bundle:
    """What a bundle would say of a model that lies alone, from its program, the vocabulary and the label files.

    `folder` holds links to the files under a bundle's names while the model is opened.
    """
    for name in ("model_name_or_path", "intent_label_path", "slot_label_path"):
        if getattr(options, name) is None:
            raise UserError(f"--{name} is needed: no {MANIFEST} lies beside {program}, so it is no bundle's model")
    facts = facts_of(program)
    labels = {"intent": read_labels(options.intent_label_path), "slot": read_tag_labels(options.slot_label_path)}
    vocabulary = vocabulary_of(options)
    tokens = len(WordPieceTokenizer(vocabulary))
    if tokens != facts["rows"]:
        raise UserError(f"{vocabulary}: {tokens} tokens, but the word table of {program} has {facts['rows']} rows")
    for name, width in zip(labels, facts["widths"], strict=True):
        if len(labels[name]) != width:
            path = getattr(options, f"{name}_label_path")
            raise UserError(f"{path}: {len(labels[name])} labels, but the {name} head of {program} is {width} wide")
    length = options.max_seq_length or min(USUAL_LENGTH, facts["positions"])
    if length > facts["positions"]:
        raise UserError(f"--max_seq_length {length}: the position table of {program} has {facts['positions']} rows")
    listed = {}
    for name, path in (("model.pdmodel", program), ("model.pdiparams", weights), ("vocab.txt", vocabulary)):
        (folder / name).symlink_to(path.resolve())
        listed[name] = {"bytes": path.stat().st_size}
    manifest = {
        "app": "ernie_tiny_slu",
        "task": TASK,
        "stage": "unknown",
        "precision": facts["precision"],
        "architecture": {"vocab_size": tokens, "positions": facts["positions"]},
        "inputs": [{"name": facts["input"], "shape": [-1, -1], "dtype": facts["dtype"]}],
        "outputs": [
            {"name": "intent_logits", "shape": [-1, facts["widths"][0]]},
            {"name": "slot_logits", "shape": [-1, -1, facts["widths"][1]]},
        ],
        "max_length": length,
        "pad_id": 0,
        "files": listed,
    }
    return Bundle(folder, manifest, labels)


def facts_of(program: Path) -> dict:
    """Of a program: input and its dtype, rows of the word table, positions, widths of both heads, precision.

    Raises:
        UserError: not a program, or not one with token ids alone as input and two outputs, intents before slots.
    """
    from paddle.base import core

    try:
        described = core.ProgramDesc(program.read_bytes())  # must outlive its block
        block = described.block(0)
        operators = [block.op(number) for number in range(block.op_size())]
    except Exception as fault:  # whatever the C++ side says of bytes that are no program
        raise UserError(f"{program}: damaged or not a static model; export it again") from fault

    def shape(name: str) -> list[int]:
        return list(block.find_var(name.encode()).shape())

    names = [operator.output("Out")[0] for operator in operators if operator.type() == "feed"]
    outputs = [shape(operator.input("X")[0]) for operator in operators if operator.type() == "fetch"]
    tables: dict[bool, list[int]] = {True: [], False: []}  # by whether the token ids themselves are looked up
    for operator in operators:
        if operator.type() == "lookup_table_v2":
            tables[operator.input("Ids") == names].append(shape(operator.input("W")[0])[0])
    if len(names) != 1 or [len(each) for each in outputs] != [2, 3] or not all(tables.values()):
        raise UserError(
            f"{program}: {len(names)} inputs and outputs with {', '.join(str(len(each)) for each in outputs)} axes; "
            "expected token ids alone, intents [batch, intents] and slots [batch, length, tags]; export it again"
        )
    int8 = any("quantize_linear" in operator.type() for operator in operators)
    return {
        "input": names[0],
        "dtype": paddle_program.input_types(program, names)[names[0]],
        "rows": tables[True][0],
        "positions": max(tables[False]),
        "widths": [each[-1] for each in outputs],
        "precision": "int8" if int8 else "fp32",
    }
