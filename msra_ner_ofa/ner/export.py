# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From a trained width to what is served: the sub-model, its static program and ONNX, the bundle; a gate at each step.

super-network <-> sub-model <-> static program <-> every engine, on sentences of the development set that the checkpoint
brings along: differences up to 1e-4, and the same tag for every character.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from common import files, parity
from common.bundle.stage_names import width_stage
from common.cli import UserError
from common.compress import distill, ofa
from common.data.tokenizer import WordPieceTokenizer
from common.engines.gate import gate_bundle
from common.export import write_bundle
from common.models import checkpoint, width
from common.models.encoders import encoder_of

import paddle

from ner import gate, model, trainer
from ner.data import Row, Sentence, make_rows
from ner.gate import Gate
from ner.predictor import TASK
from ner.windows import CharacterEncoder

BATCH = 32  # windows per batch of an evaluation or a calibration
DECODER = "bio"  # fewer torn entities than by each character's best tag; bench/measure.py gives the scores of both
KIND = write_bundle.Kind(trainer.APP, TASK, trainer.INPUTS, "tokens", "tag", gate.decide)


@dataclass(frozen=True)
class Source:
    """The checkpoint that is exported.

    Attributes:
        record: its `training.json`.
        max_length: tokens of the longest window that will be served.
    """

    folder: Path
    network: paddle.nn.Layer
    record: dict
    max_length: int

    @property
    def vocabulary(self) -> Path:
        return self.folder / checkpoint.VOCABULARY

    def gate(self, max_length: int) -> Gate:
        """The sentences that the checkpoint brings along, in windows of `max_length` tokens."""
        labels, encoder = self.record["labels"], CharacterEncoder(WordPieceTokenizer(self.vocabulary))
        return Gate(gate.sentences_in(self.folder, labels), encoder, labels, max_length)


@dataclass(frozen=True)
class SubModel:
    """A sub-model in memory with what its bundles need.

    Attributes:
        record: its `training.json`.
        gate: the sentences on which everything made from it is compared with it.
        max_length: tokens of the longest window that will be served.
    """

    network: paddle.nn.Layer
    vocabulary: Path
    labels: list[str]
    record: dict
    gate: Gate
    max_length: int

    def rows(self, sentences: Sequence[Sentence]) -> list[Row]:
        """The windows of some sentences, as the model reads them."""
        encoder = CharacterEncoder(WordPieceTokenizer(self.vocabulary))
        return make_rows(sentences, encoder, self.labels, self.max_length)

    def scores(self, network: paddle.nn.Layer) -> dict:
        """Entity scores of `network` (this one, or its INT8 form) on the gate's sentences, as a manifest holds them."""
        rows = self.rows(self.gate.sentences)
        best = trainer.best_tags(network, rows, BATCH)
        return {"split": f"{len(self.gate.sentences)} sentences of dev", **trainer.judged(rows, best, self.labels)}


def open_source(folder: Path, model_type: str, max_length: int) -> Source:
    """Load a checkpoint of run_msra_ner.py or run_msra_ner_ofa.py.

    Args:
        max_length: asked for; windows are not longer than those that it was trained on.

    Raises:
        UserError: not one of this app's, of another type, or parts that do not fit together.
    """
    model.check_type(model_type, folder)
    record, network = trainer.record_of(folder), model.load(folder)
    length = trainer.length_for(record, max_length)
    trainer.check_fit(network, folder / checkpoint.VOCABULARY, length, record["labels"])
    return Source(folder, network, record, length)


def write_sub_model(source: Source, share: float, target: Path) -> SubModel:
    """Write the checkpoint of one width, load it again without any flag, and compare it with the super-network.

    Raises:
        UserError: the source is narrower than `share`.
        GateFailed: the sub-model does not compute what the super-network does; it is not written then.
    """
    labels, trained_on = source.record["labels"], source.gate(source.record["max_seq_length"])
    network, reference, record = cut(source, share, trained_on)
    with files.replacing_folder(target) as folder:
        checkpoint.write_into(network, source.vocabulary, folder, record)
        network = model.load(folder)  # as it will be read: by its own config, strictly
        same = parity.compare(reference, trained_on.answers(network), gate.decide)
        parity.require(same, "sub-model against the super-network", parity.FP32_TOLERANCE, 1.0)
        trained_on.write(folder, reference)
    compared = f"largest difference {same.max_abs_diff:.2e}, same tags {same.agreement:.2%}"
    print(f"sub-model: {target}, {width.parameter_count(network) / 1e6:.1f} M parameters; {compared}", flush=True)
    served = source.gate(source.max_length)
    return SubModel(network, source.vocabulary, labels, record, served, source.max_length)


def cut(source: Source, share: float, trained_on: Gate) -> tuple[paddle.nn.Layer, list[parity.Outputs], dict]:
    """The model at one width, what it has to answer to the gate's sentences, and its record.

    A checkpoint of this width is the sub-model already: its answers are those that the super-network gave when it was
    cut out. A wider one is the super-network itself, of which the first heads and neurons are taken.

    Args:
        trained_on: the gate in windows of the training's size.

    Raises:
        UserError: a checkpoint that is neither of this width nor of full width.
    """
    network, encoder, config = source.network, encoder_of(source.network), source.network.config
    full = [config.num_attention_heads] * len(encoder.layers), [config.intermediate_size] * len(encoder.layers)
    wanted = tuple([width.units(count, share) for count in counts] for counts in full)
    own = width.heads_of(encoder), width.ffn_of(encoder)
    if own == wanted:
        return network, gate.answers_in(source.folder), source.record
    if own != full:
        raise UserError(
            f"--width_mult {share:g}: but {source.folder} has {own[0][0]} of {full[0][0]} heads in its first layer; "
            "give the width that it was trained at, or a full-width checkpoint"
        )
    record = source.record | {"stage": width_stage(share), "cut_from": str(source.folder), "metrics": {}}
    super_network = deepcopy(network)
    ofa.make_elastic(encoder_of(super_network))
    ofa.set_width(encoder_of(super_network), share)
    reference = trained_on.answers(super_network)
    print(f"{source.folder} was trained at full width; what is cut out of it was not trained at {share:g}", flush=True)
    return distill.cut_out(super_network, network, encoder_of, share), reference, record


def write_static(sub_model: SubModel, target: Path, engines: Sequence[str], dtype: str = "int64") -> None:
    """Write `target/bundle`, FP32, and links to its program beside it; every engine is compared with the sub-model.

    Args:
        dtype: of the input, int64 or int32.

    Raises:
        GateFailed: an engine that must pass does not; there is no bundle then.
    """
    network, record, served = sub_model.network, sub_model.record, sub_model.gate
    scores = {"split": "dev", **record["metrics"]} if record["metrics"] else sub_model.scores(network)
    with files.replacing_folder(target / "bundle") as folder:
        write_bundle.write_fp32(KIND, network, folder, dtype)
        write_bundle.add_words(folder, sub_model.vocabulary, {KIND.labels: sub_model.labels})
        manifest = manifest_of(sub_model, network, scores, dtype)
        gate_bundle(folder, manifest, served.batches, served.answers(network), KIND.decide, engines)
    write_bundle.link_program(target)
    print(f"exported: {target / 'bundle'}", flush=True)


def manifest_of(
    sub_model: SubModel,
    network: paddle.nn.Layer,
    scores: dict,
    dtype: str,
    int8_ops: Sequence[str] | None = None,
) -> dict:
    """The bundle's manifest without its files and engines.

    Args:
        network: the sub-model's own, or its INT8 form.
        scores: "split" and the scores on it.
        int8_ops: of the INT8 form, as of `write_bundle.manifest_of`.
    """
    stage = sub_model.record["stage"]
    if int8_ops is not None:
        stage = "int8" if stage == "original" else f"{stage}_int8"
    manifest = write_bundle.manifest_of(KIND, network, sub_model.max_length, stage, scores, dtype, int8_ops)
    return manifest | {"parameters": width.parameter_count(sub_model.network), "decoder": {"default": DECODER}}
