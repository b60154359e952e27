# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The exported static model on a test file, through Paddle Inference: scores, or answers in the document's form.

`infer_model.pdmodel` is a link into a bundle, which says everything about itself and is checked before it is opened. A
pair of .pdmodel and .pdiparams alone is opened by `slu.bare_model`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.bundle import Bundle, read_bundle
from common.bundle.checks import MANIFEST
from common.cli import UserError
from common.data.readers import Span, read_labels, read_tag_labels
from common.data.tokenizer import WordPieceTokenizer

import numpy as np
from utils import Example, read_examples

from slu import bare_model
from slu.metrics import joint_scores
from slu.predictor import TASK, SluPredictor

RESULTS = "eval_results.json"


@dataclass(frozen=True)
class StaticModel:
    """An exported model, and what the flags say of it; None takes the bundle's own.

    Attributes:
        prefix: path of `.pdmodel` and `.pdiparams` without their endings.
        vocabulary_folder: holds vocab.txt.
        intents, slots: label files, one label a line.
        max_length: longest input in tokens, [CLS] and [SEP] counted.
    """

    prefix: Path
    vocabulary_folder: Path | None = None
    intents: Path | None = None
    slots: Path | None = None
    max_length: int | None = None

    @property
    def vocabulary(self) -> Path:
        """The vocabulary file that `--model_name_or_path` names.

        Raises:
            UserError: there is none.
        """
        folder = files.require(self.vocabulary_folder, "folder (--model_name_or_path)")
        return files.require(folder / "vocab.txt", "vocabulary (--model_name_or_path)")


def open_predictor(
    model: StaticModel, decoder: str | None = None, device: str = "cpu", threads: int = 1
) -> SluPredictor:
    """The static model in Paddle Inference.

    Args:
        decoder: how slots are read, "argmax", "bio" or "crf"; None takes the bundle's.
        device: "cpu", "gpu" or "xpu".
        threads: of one call on the CPU.

    Raises:
        UserError: missing or damaged files, or vocabulary, labels and lengths that do not belong to the model.
        EnvironmentLacks: the device is not there.
    """
    program = files.require(f"{model.prefix}.pdmodel", "static model (--infer_prefix)")
    weights = files.require(f"{model.prefix}.pdiparams", "weights of the static model (--infer_prefix)")
    place = program.resolve()
    with tempfile.TemporaryDirectory() as folder:
        if (place.parent / MANIFEST).exists() and place.name == "model.pdmodel":
            bundle = read_bundle(place.parent, task=TASK)
            check_against_bundle(model, bundle)
        else:
            bundle = bundle_of_bare(model, program, weights, Path(folder))
        # On a GPU, Paddle Inference runs INT8 through TensorRT only.
        engine = "paddle_tensorrt" if device == "gpu" and bundle.precision == "int8" else "paddle"
        try:
            return SluPredictor(bundle, engine, decoder, device, threads, max_length=model.max_length)
        except UserError as fault:  # name the file, not the link to it
            raise UserError(str(fault).replace(f"{folder}/model", str(model.prefix))) from fault


def bundle_of_bare(model: StaticModel, program: Path, weights: Path, folder: Path) -> Bundle:
    """A model without its bundle, as `bare_model.bundle_around`."""
    needed = {
        "model_name_or_path": model.vocabulary_folder,
        "intent_label_path": model.intents,
        "slot_label_path": model.slots,
    }
    bare_model.require_flags(program, needed)
    label_files = {"intent": model.intents, "slot": model.slots}
    return bare_model.bundle_around(program, weights, model.vocabulary, label_files, model.max_length, folder)


def evaluate(predictor: SluPredictor, examples: Sequence[Example], batch_size: int = 1) -> dict[str, float]:
    """Joint scores of the served answers against the whole, uncut examples."""
    answers = predictor.answer_all([example.text for example in examples], batch_size)
    return joint_scores(
        [example.intent for example in examples],
        [example.spans for example in examples],
        [answer["intent"] for answer in answers],
        [[Span(s["slot"], s["pos"][0], s["pos"][1] + 1) for s in answer["slots"]] for answer in answers],
        [len(example.text) for example in examples],
    )


def read_test(path: Path, bundle: Bundle, skip_bad_lines: bool = False) -> list[Example]:
    """The examples of a four-column file.

    Raises:
        UserError: no such file, or a faulty line that is not to be skipped.
    """
    return read_examples(path, bundle.labels["intent"], bundle.labels["slot"], skip_bad_lines)


def sentences(path: Path, bundle: Bundle, skip_bad_lines: bool = False) -> Iterator[str]:
    """Texts of a four-column file, or the lines of any other."""
    lines = files.read_text(path, "test file").removesuffix("\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.count("\t") == 3:
        return (example.text for example in read_test(path, bundle, skip_bad_lines))
    return (line.removesuffix("\r") for line in lines)


def print_answer(answer: dict) -> None:
    """Three lines: the input, the intent and the slots, as the document prints them."""
    print(f"input: {answer['text']}")
    extra = {key: answer[key] for key in ("truncated", "reason") if key in answer}
    print({"intent": answer["intent"], "confidence": np.array([answer["confidence"]], "float32"), **extra})
    print({"value": [answer["slots"]]}, flush=True)


def check_against_bundle(model: StaticModel, bundle: Bundle) -> None:
    """Raises `UserError` where a flag names another vocabulary, labels or length than the bundle was made with."""
    if model.vocabulary_folder is not None:
        check_vocabulary(model, bundle)
    for name, path, read in (("intent", model.intents, read_labels), ("slot", model.slots, read_tag_labels)):
        if path is not None:
            check_labels(path, read(path), bundle.labels[name])
    if model.max_length is not None and model.max_length > bundle.max_length:
        raise UserError(
            f"--max_seq_length {model.max_length}: the model was exported for {bundle.max_length} tokens; "
            "give no more, or export it again"
        )


def check_vocabulary(model: StaticModel, bundle: Bundle) -> None:
    """Raises `UserError` with the first line in which the given vocabulary differs from the bundle's."""
    given = WordPieceTokenizer(model.vocabulary).tokens
    own = WordPieceTokenizer(bundle.vocab_path).tokens
    if given == own:
        return
    if len(given) != len(own):
        what = f"{len(given)} tokens, but the static model was exported with {len(own)}"
    else:
        line = first_difference(given, own) + 1
        what = f"line {line} of vocab.txt is another token than the static model was exported with"
    where = f"--model_name_or_path {model.vocabulary_folder}"
    raise UserError(f"{where}: {what}; name the checkpoint it was exported from, or leave the flag out")


def check_labels(path: Path, given: Sequence[str], own: Sequence[str]) -> None:
    """Raises `UserError` with the first line in which a label file differs from the bundle's labels."""
    if given == own:
        return
    what = f"{len(given)} labels, but the model has {len(own)}"
    if len(given) == len(own):
        place = first_difference(given, own)
        what = f"line {place + 1} is `{given[place]}`, but the model has `{own[place]}` there"
    raise UserError(f"{path}: {what}; give the file the model was trained with, or leave the flag out")


def first_difference(one: Sequence[str], other: Sequence[str]) -> int:
    """Index of the first place where two lists of one length differ."""
    return next(place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
