# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What bench/shapes.py does: random weights cut to each width, exported in FP32 and INT8 with made-up texts."""

from copy import deepcopy
from pathlib import Path

from common import files
from common.compress import distill, ofa
from common.data import vocabulary as vocab
from common.engines.gate import gate_bundle
from common.export import write_bundle
from common.models import checkpoint, width
from common.models.encoders import encoder_of
from common.report.summary import width_stage
from common.train import trainer

import numpy as np
import paddle
from glue import export, model, quantize, tasks
from glue.data import Row
from glue.export import Exported, Source
from paddlenlp.utils.log import logger

from bench.child import MADE_UP

TASK = tasks.find("SST-2")
ROWS = 32  # made-up texts for the gate and for calibration
BATCH = 8


def run(options) -> list[Path]:
    """Write the bundles that are not there yet.

    Returns:
        Their folders, `<stage>/bundle`.
    """
    trainer.set_device("cpu")
    logger.set_level("WARNING")
    trainer.seed_everything(options.seed)
    shape = {name: getattr(options, name) for name in ("num_hidden_layers", "hidden_size", "vocab_size")}
    network = model.build(options.model_name_or_path, TASK.outputs, **shape)
    network.eval()
    super_network = deepcopy(network)
    ofa.make_elastic(encoder_of(super_network))
    vocabulary = options.output_dir / checkpoint.VOCABULARY
    if not vocabulary.exists():
        tokens = vocab.build(MADE_UP, network.config.vocab_size, min_count=1)  # what bench/measure.py will ask
        vocab.write(vocabulary, vocab.widened(tokens, network.config.vocab_size))
    rows = made_up(options, network.config.vocab_size)
    written = []
    for stage, ratio in (("original", 1.0), *((width_stage(ratio), ratio) for ratio in options.width_mult_list)):
        folders = [options.output_dir / stage / part for part in ("bundle", "int8/bundle")]
        written += folders
        if all((folder / "manifest.json").exists() for folder in folders):
            continue
        small = network
        if stage != "original":
            small = distill.cut_out(super_network, deepcopy(network), encoder_of, ratio)
            small.eval()
        print(f"{stage}: {width.parameter_count(small) / 1e6:.1f} M parameters", flush=True)
        write(options, small, stage, vocabulary, rows)
    return written


def write(options, network: paddle.nn.Layer, stage: str, vocabulary: Path, rows: list[Row]) -> None:
    """One width in FP32, then in INT8; the decisions of random weights hang on a hair and are not asked to stay."""
    source = Source(vocabulary.parent, {"stage": stage, "dev": {}}, TASK)
    kind, batches = export.kind_of(TASK), export.gate_batches(rows)
    answers = write_bundle.answers(network, batches)
    with files.replacing_folder(options.output_dir / stage / "bundle") as folder:
        write_bundle.write_fp32(kind, network, folder)
        write_bundle.add_words(folder, vocabulary, export.labels_of(TASK))
        count = width.parameter_count(network)
        manifest = export.manifest_of(network, source, options.max_seq_length, count)
        gate_bundle(folder, manifest, batches, answers, kind.decide, options.gate_engines)
    feeds = quantize.feeds_of(rows, BATCH, options.seed)
    quantize.write(options, Exported(source, network, rows, answers), feeds, options.output_dir / stage / "int8")


def made_up(options, words: int) -> list[Row]:
    """Random words, of the longest length and of half of it."""
    random = np.random.default_rng(options.seed)
    special = len(vocab.SPECIALS)
    lengths = [options.max_seq_length // (1 + number % 2) for number in range(ROWS)]
    tokens = [random.integers(special, words, length).tolist() for length in lengths]
    return [Row(number, ids, [0] * len(ids), number % TASK.outputs) for number, ids in enumerate(tokens)]
