# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What bench/reference.py does: a model that was never trained, cut to widths and written as bundles."""

from common.data import vocabulary as vocab
from common.data.readers import read_tag_labels
from common.data.tokenizer import WordPieceTokenizer
from common.models import encoders, width
from common.report.summary import width_stage
from common.train import trainer

import paddle
from ner import bundle, model, quantize
from ner import gate as gating
from ner import trainer as finetune
from ner.data import read_sentences, vocabulary_texts
from ner.windows import CharacterEncoder

GATE = 20  # sentences


def run(options) -> None:
    """Write a bundle per width, and one more of the smallest width in INT8."""
    trainer.seed_everything(options.seed)
    paddle.set_device("cpu")
    labels = read_tag_labels(options.data_dir / "label.txt")
    sentences = read_sentences(options.data_dir / "train.txt", labels)
    folder, name = options.output_dir, options.model_name_or_path
    shape = {"num_hidden_layers": options.num_hidden_layers, "hidden_size": options.hidden_size}
    network = encoders.build(model.FAMILIES, name, len(labels), model.FLAG, **shape)
    network.eval()
    vocabulary, rows = folder / "vocab.txt", network.config.vocab_size
    vocab.write(vocabulary, vocab.widened(vocab.build(vocabulary_texts(sentences), rows), rows))
    finetune.check_fit(network, vocabulary, options.max_seq_length, labels)
    encoder = CharacterEncoder(WordPieceTokenizer(vocabulary))
    gate = gating.Gate(sentences[:GATE], encoder, labels, options.max_seq_length)

    settings = bundle.StaticOptions(gate_engines=options.gate_engines, data_dir=options.data_dir, min_agreement=0.0)
    heads, neurons = network.config.num_attention_heads, network.config.intermediate_size
    layers = network.config.num_hidden_layers
    for ratio in [1.0, *sorted(options.width_mult_list, reverse=True)]:
        stage = "original" if ratio == 1 else width_stage(ratio)
        kept = width.units(heads, ratio), width.units(neurons, ratio)
        width.resize(model.encoder_of(network), *([count] * layers for count in kept))
        record = {"stage": stage, "metrics": {}}
        made = bundle.Made(network, vocabulary, labels, record, gate, options.max_seq_length)
        if not (folder / stage / "bundle").exists():
            bundle.write_static(made, folder / stage, settings)
        print(f"{stage}: {width.parameter_count(network) / 1e6:.1f} M parameters", flush=True)
    if not (folder / f"{stage}_int8" / "bundle").exists():
        quantize.run(made, folder / f"{stage}_int8", settings)
