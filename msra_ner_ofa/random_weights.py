# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What reference.py does: a model that was never trained, cut to widths and written as bundles."""

from common import encoders, training, vocab, width
from common.data import read_tag_labels
from common.summary import width_stage
from common.tokenizer import WordPieceTokenizer

import bundling
import finetune
import gating
import model as models
import paddle
import quantising
from data import read_sentences, vocabulary_texts
from windows import CharacterEncoder

GATE = 20  # sentences


def run(options) -> None:
    """Write a bundle per width, and one more of the smallest width in INT8."""
    training.seed_everything(options.seed)
    paddle.set_device("cpu")
    labels = read_tag_labels(options.data_dir / "label.txt")
    sentences = read_sentences(options.data_dir / "train.txt", labels)
    folder, name = options.output_dir, options.model_name_or_path
    shape = {"num_hidden_layers": options.num_hidden_layers, "hidden_size": options.hidden_size}
    network = encoders.build(models.FAMILIES, name, len(labels), models.FLAG, **shape)
    network.eval()
    vocabulary, rows = folder / "vocab.txt", network.config.vocab_size
    vocab.write(vocabulary, vocab.widened(vocab.build(vocabulary_texts(sentences), rows), rows))
    finetune.check_fit(network, vocabulary, options.max_seq_length, labels)
    encoder = CharacterEncoder(WordPieceTokenizer(vocabulary))
    gate = gating.Gate(sentences[:GATE], encoder, labels, options.max_seq_length)

    settings = bundling.StaticOptions(gate_engines=options.gate_engines, data_dir=options.data_dir, min_agreement=0.0)
    heads, neurons = network.config.num_attention_heads, network.config.intermediate_size
    layers = network.config.num_hidden_layers
    for ratio in [1.0, *sorted(options.width_mult_list, reverse=True)]:
        stage = "original" if ratio == 1 else width_stage(ratio)
        kept = width.units(heads, ratio), width.units(neurons, ratio)
        width.resize(models.encoder_of(network), *([count] * layers for count in kept))
        record = {"stage": stage, "metrics": {}}
        made = bundling.Made(network, vocabulary, labels, record, gate, options.max_seq_length)
        if not (folder / stage / "bundle").exists():
            bundling.write_static(made, folder / stage, settings)
        print(f"{stage}: {width.parameter_count(network) / 1e6:.1f} M parameters", flush=True)
    if not (folder / f"{stage}_int8" / "bundle").exists():
        quantising.run(made, folder / f"{stage}_int8", settings)
