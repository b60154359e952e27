# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What shapes.py does: random weights cut to each width, exported in FP32 and INT8 with made-up texts."""

from copy import deepcopy
from pathlib import Path

from common import checkpoint, distilling, files, ofa, one_head, training, vocab, width
from common.encoders import encoder_of
from common.summary import width_stage

import exporting
import model as models
import numpy as np
import paddle
import quantising
import tasks
from data import Row
from exporting import Exported, Source
from measure_child import MADE_UP
from paddlenlp.utils.log import logger

TASK = tasks.find("SST-2")
ROWS = 32  # made-up texts for the gate and for calibration
BATCH = 8


def run(options) -> list[Path]:
    """Write the bundles that are not there yet.

    Returns:
        Their folders, `<stage>/bundle`.
    """
    training.set_device("cpu")
    logger.set_level("WARNING")
    training.seed_everything(options.seed)
    shape = {name: getattr(options, name) for name in ("num_hidden_layers", "hidden_size", "vocab_size")}
    network = models.build(options.model_name_or_path, TASK.outputs, **shape)
    network.eval()
    super_network = deepcopy(network)
    ofa.make_elastic(encoder_of(super_network))
    vocabulary = options.output_dir / checkpoint.VOCABULARY
    if not vocabulary.exists():
        tokens = vocab.build(MADE_UP, network.config.vocab_size, min_count=1)  # what measure.py will ask
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
            small = distilling.cut_out(super_network, deepcopy(network), encoder_of, ratio)
            small.eval()
        print(f"{stage}: {width.parameter_count(small) / 1e6:.1f} M parameters", flush=True)
        write(options, small, stage, vocabulary, rows)
    return written


def write(options, network: paddle.nn.Layer, stage: str, vocabulary: Path, rows: list[Row]) -> None:
    """One width in FP32, then in INT8; the decisions of random weights hang on a hair and are not asked to stay."""
    source = Source(vocabulary.parent, {"stage": stage, "dev": {}}, TASK)
    kind, batches = exporting.kind_of(TASK), exporting.gate_batches(rows)
    answers = one_head.answers(network, batches)
    with files.replacing_folder(options.output_dir / stage / "bundle") as folder:
        one_head.write_fp32(kind, network, folder)
        one_head.add_words(folder, vocabulary, exporting.labels_of(TASK))
        count = width.parameter_count(network)
        manifest = exporting.manifest_of(network, source, options.max_seq_length, count)
        one_head.gate(kind, folder, manifest, batches, answers, options.gate_engines)
    feeds = quantising.feeds_of(rows, BATCH, options.seed)
    quantising.write(options, Exported(source, network, rows, answers), feeds, options.output_dir / stage / "int8")


def made_up(options, words: int) -> list[Row]:
    """Random words, of the longest length and of half of it."""
    random = np.random.default_rng(options.seed)
    special = len(vocab.SPECIALS)
    lengths = [options.max_seq_length // (1 + number % 2) for number in range(ROWS)]
    tokens = [random.integers(special, words, length).tolist() for length in lengths]
    return [Row(number, ids, [0] * len(ids), number % TASK.outputs) for number, ids in enumerate(tokens)]
