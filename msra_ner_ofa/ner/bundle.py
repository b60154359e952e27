# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A tagger as a bundle: program, ONNX, vocabulary, labels, manifest; each engine checked on real text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.data.tokenizer import WordPieceTokenizer
from common.engines.gate import gate_bundle
from common.export import write_bundle
from common.models import width

import paddle

from ner import gate as gating
from ner import trainer
from ner.data import Row, Sentence, make_rows
from ner.predictor import TASK
from ner.windows import CharacterEncoder

BATCH = 32
DECODER = "bio"  # fewer torn entities than by each character's best tag; bench/measure.py gives the scores of both
KIND = write_bundle.Kind(trainer.APP, TASK, trainer.INPUTS, "tokens", "tag", gating.decide)


@dataclass(frozen=True)
class StaticOptions:
    """What `write_static` and `quantising.run` read of the options; see export_model_msra_ner_ofa.py."""

    gate_engines: tuple[str, ...]
    data_dir: Path
    min_agreement: float
    input_dtype: str = "int64"
    calibration_sentences: int = 320
    seed: int = 42


@dataclass(frozen=True)
class Made:
    """A sub-model with what its bundles need; `length` is the size of its windows in tokens."""

    network: paddle.nn.Layer
    vocabulary: Path
    labels: list[str]
    record: dict
    gate: gating.Gate
    length: int

    def rows(self, sentences: Sequence[Sentence]) -> list[Row]:
        encoder = CharacterEncoder(WordPieceTokenizer(self.vocabulary))
        return make_rows(sentences, encoder, self.labels, self.length)

    def scores(self, network: paddle.nn.Layer) -> dict:
        """Entity scores of a model on the gate's sentences, as a manifest holds them."""
        rows = self.rows(self.gate.sentences)
        best = trainer.best_tags(network, rows, BATCH)
        return {"split": f"{len(self.gate.sentences)} sentences of dev", **trainer.judged(rows, best, self.labels)}


def manifest_of(made: Made, network: paddle.nn.Layer, stage: str, scores: dict, dtype: str, int8_ops=None) -> dict:
    """The bundle's manifest without its files and engines; `network` is `made.network` or its INT8 form."""
    manifest = write_bundle.manifest_of(KIND, network, made.length, stage, scores, dtype, int8_ops)
    return manifest | {"parameters": width.parameter_count(made.network), "decoder": {"default": DECODER}}


def write_static(made: Made, target: Path, options) -> dict[str, dict]:
    """`target/bundle` and links to its program; gives the gate's verdict per engine."""
    network, record = made.network, made.record
    scores = {"split": "dev", **record["metrics"]} if record["metrics"] else made.scores(network)
    with files.replacing_folder(target / "bundle") as folder:
        write_bundle.write_fp32(KIND, network, folder, options.input_dtype)
        write_bundle.add_words(folder, made.vocabulary, {KIND.labels: made.labels})
        dtype = options.input_dtype
        manifest = manifest_of(made, network, record["stage"], scores, dtype)
        reference = made.gate.answers(network)
        verdicts = gate_bundle(folder, manifest, made.gate.batches, reference, KIND.decide, options.gate_engines)
    write_bundle.link_program(target)
    print(f"exported: {target / 'bundle'}", flush=True)
    return verdicts
