# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bundles of the document's architecture at several widths, with random weights: only their times mean something.

python -m bench.random_model --output_dir DIR
"""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError
from common.engines.allowed import check_gate_engines
from common.train.options import check_widths

from ner.windows import check_length

SENTENCES = 20  # on which engines are compared
CALIBRATION = 320  # sentences for INT8
AGREEMENT = 0.0  # decisions of random weights are decided by tiny logit differences, so INT8 need not keep them


@dataclass(kw_only=True)
class Options:
    """Write bundles to be timed by `bench/measure.py --scores False`: original/, width_0.5/ and so on."""

    output_dir: Path = Path("checkpoints/reference")
    """Folder for the bundles."""
    model_name_or_path: str = "bert-base-chinese"
    """The architecture, by its name."""
    data_dir: Path = Path("data/msra")
    """Folder with train.txt, for the vocabulary and for the ranges of INT8, and label.txt."""
    width_mult_list: tuple[float, ...] = (0.8333333333333334, 0.6666666666666666, 0.5)
    """Widths beside the full one; the smallest also in INT8."""
    max_seq_length: int = 128
    """Longest input in tokens."""
    num_hidden_layers: int | None = None
    """Layers, where they are to be fewer than in the named architecture."""
    hidden_size: int | None = None
    """Features, a multiple of 64; feed-forward layers have 4 times as many."""
    gate_engines: tuple[str, ...] = ("paddle", "onnxruntime", "openvino")
    """Engines that are compared, and so can be timed."""
    seed: int = 42
    """Of the weights."""

    def __post_init__(self):
        check_widths(self.width_mult_list)
        check_length(self.max_seq_length)
        check_gate_engines(self.gate_engines)
        if self.hidden_size is not None and self.hidden_size % 64:
            raise UserError(f"--hidden_size {self.hidden_size} is no multiple of 64, the size of one head")


def main(options: Options) -> None:
    # These import paddle, which takes seconds: only after --help and the options' own checks.
    from common.data.readers import read_tag_labels
    from common.data.tokenizer import WordPieceTokenizer
    from common.measure import random_model
    from common.models import checkpoint, width
    from common.train import trainer

    from ner import export, model, quantize
    from ner.data import read_sentences, vocabulary_texts
    from ner.gate import Gate
    from ner.trainer import check_fit
    from ner.windows import CharacterEncoder

    trainer.set_device("cpu")
    labels = read_tag_labels(options.data_dir / "label.txt")
    sentences = read_sentences(options.data_dir / "train.txt", labels)
    folder, length, engines = options.output_dir, options.max_seq_length, options.gate_engines
    vocabulary, texts = folder / checkpoint.VOCABULARY, vocabulary_texts(sentences)
    shape = {"num_hidden_layers": options.num_hidden_layers, "hidden_size": options.hidden_size, "seed": options.seed}
    network = random_model.build(
        model.FAMILIES, options.model_name_or_path, len(labels), model.FLAG, vocabulary, texts, **shape
    )
    check_fit(network, vocabulary, length, labels)
    gate = Gate(sentences[:SENTENCES], CharacterEncoder(WordPieceTokenizer(vocabulary)), labels, length)
    for stage, small in random_model.at_widths(network, sorted(options.width_mult_list, reverse=True)):
        sub_model = export.SubModel(small, vocabulary, labels, {"stage": stage, "metrics": {}}, gate, length)
        if not (folder / stage / "bundle").exists():
            export.write_static(sub_model, folder / stage, engines)
        print(f"{stage}: {width.parameter_count(small) / 1e6:.1f} M parameters", flush=True)
    target = folder / f"{stage}_int8"  # of the smallest width, which comes last
    if not (target / "bundle").exists():
        feeds = quantize.draw_feeds(sub_model, sentences, CALIBRATION, options.seed)
        quantize.write_int8(sub_model, feeds, target, engines, AGREEMENT)


if __name__ == "__main__":
    cli.run(main, Options)
