# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""From a trained width to what is served: the sub-model, its static program and ONNX, the bundle; a gate at each step.

super-network <-> sub-model <-> static program <-> every engine, on sentences of the development set that the checkpoint
brings along: differences up to 1e-4, and the same tag for every character.
"""

from copy import deepcopy
from pathlib import Path

from common import files, parity
from common.cli import UserError
from common.compress import distill, ofa
from common.data.tokenizer import WordPieceTokenizer
from common.models import checkpoint, width
from common.report.summary import width_stage
from common.train import trainer

import paddle

from ner import bundle, model, quantize
from ner import gate as gating
from ner import trainer as finetune
from ner.windows import CharacterEncoder


def run(options) -> Path:
    """Write the sub-model's checkpoint, and where asked the static model and its INT8 form.

    Raises:
        UserError: a checkpoint that is narrower than asked for, or of another type.
        GateFailed: a step does not compute what the one before does; what it wrote is gone then.
    """
    source, target = options.model_name_or_path, options.sub_model_output_dir
    trainer.set_device(options.device)
    model.check_type(options.model_type, source)
    record, network = finetune.record_of(source), model.load(source)
    labels, vocabulary = record["labels"], source / checkpoint.VOCABULARY
    length = finetune.length_for(record, options.max_seq_length)
    finetune.check_fit(network, vocabulary, length, labels)
    encoder = CharacterEncoder(WordPieceTokenizer(vocabulary))
    sentences = gating.sentences_in(source, labels)
    trained_on = gating.Gate(sentences, encoder, labels, record["max_seq_length"])

    sub, reference, record = sub_model(network, source, options.width_mult, record, trained_on)
    with files.replacing_folder(target) as folder:
        checkpoint.write_into(sub, vocabulary, folder, record)
        sub = model.load(folder)  # as it will be read: by its own config, strictly
        same = parity.compare(reference, trained_on.answers(sub), gating.decide)
        parity.require(same, "sub-model against the super-network", parity.FP32_TOLERANCE, 1.0)
        trained_on.write(folder, reference)
    told = f"largest difference {same['max_abs_diff']:.2e}, same tags {same['agreement']:.2%}"
    print(f"sub-model: {target}, {width.parameter_count(sub) / 1e6:.1f} M parameters; {told}", flush=True)

    static = options.static_folder()
    if static is not None:
        served = gating.Gate(sentences, encoder, labels, length)
        made = bundle.Made(sub, vocabulary, labels, record, served, length)
        bundle.write_static(made, static, options)
        if options.int8:
            quantize.run(made, static.with_name(f"{static.name}_int8"), options)
    return target


def sub_model(
    network: paddle.nn.Layer, source: Path, ratio: float, record: dict, gate: gating.Gate
) -> tuple[paddle.nn.Layer, list[parity.Outputs], dict]:
    """The model at one width, what it has to answer to the gate's sentences, and its record.

    A checkpoint of this width is the sub-model already: its answers are those that the super-network gave when it was
    cut out. A wider one is the super-network itself, of which the first heads and neurons are taken.
    """
    encoder, config = model.encoder_of(network), network.config
    full = [config.num_attention_heads] * len(encoder.layers), [config.intermediate_size] * len(encoder.layers)
    wanted = tuple([width.units(count, ratio) for count in counts] for counts in full)
    own = width.heads_of(encoder), width.ffn_of(encoder)
    if own == wanted:
        return network, gating.answers_in(source), record
    if own != full:
        raise UserError(
            f"--width_mult {ratio:g}: but {source} has {own[0][0]} of {full[0][0]} heads in its first layer; give the "
            "width that it was trained at, or a full-width checkpoint"
        )
    small_record = record | {"stage": width_stage(ratio), "cut_from": str(source), "metrics": {}}
    super_network = deepcopy(network)
    ofa.make_elastic(model.encoder_of(super_network))
    ofa.set_width(model.encoder_of(super_network), ratio)
    reference = gate.answers(super_network)
    print(f"{source} was trained at full width; what is cut out of it was not trained at {ratio:g}", flush=True)
    return distill.cut_out(super_network, network, model.encoder_of, ratio), reference, small_record
