# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Bundles of an architecture's real size at each width with random weights: their times are real, their answers not.

python -m bench.random_model --output_dir DIR
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.data.vocabulary import SPECIALS
from common.engines.allowed import check_gate_engines
from common.train.options import check_widths

import numpy as np
from glue import tasks
from glue.data import Row
from glue.options import check_length

from bench.child import MADE_UP

TASK = tasks.find("SST-2")
ROWS = 32  # made-up texts for the gate and for calibration
BATCH = 8  # rows of a calibration batch
AGREEMENT = 0.0  # decisions of random weights are decided by tiny logit differences, so INT8 need not keep them


@dataclass(kw_only=True)
class Options:
    """Write `<output_dir>/original`, `width_0.6667` and so on, and each of them in INT8, as export_model.py would."""

    model_name_or_path: str = "bert-base-uncased"
    """Whose configuration: a name that PaddleNLP knows. Nothing is downloaded."""
    num_hidden_layers: int | None = None
    """Fewer layers, to try it out."""
    hidden_size: int | None = None
    """Fewer features, a multiple of 64, to try it out."""
    vocab_size: int | None = None
    """Fewer words, to try it out."""
    width_mult_list: tuple[float, ...] = (5 / 6, 2 / 3, 0.5)
    """Widths beside the whole one."""
    max_seq_length: int = 128
    """Longest input in tokens."""
    output_dir: Path
    """Where the folders go; those that are there already stay."""
    gate_engines: tuple[str, ...] = ("paddle", "onnxruntime", "openvino")
    """Engines that are compared."""
    seed: int = 42
    """Of weights and texts."""
    nncf: bool = False
    """For OpenVINO a file of its own in INT8, quantised by NNCF."""

    def __post_init__(self):
        check_widths(self.width_mult_list)
        check_length(self.max_seq_length)
        check_gate_engines(self.gate_engines)


def main(options: Options) -> None:
    # These import paddle, which takes seconds: only after --help and the options' own checks.
    from common.export import write_bundle
    from common.measure import random_model
    from common.models import checkpoint, width
    from common.train import trainer

    from glue import export, model, quantize

    trainer.set_device("cpu")
    folder, vocabulary = options.output_dir, options.output_dir / checkpoint.VOCABULARY
    shape = {name: getattr(options, name) for name in ("num_hidden_layers", "hidden_size", "vocab_size", "seed")}
    named = (model.FAMILIES, options.model_name_or_path, TASK.outputs, model.FLAG)
    network = random_model.build(*named, vocabulary, MADE_UP, min_count=1, **shape)
    rows = random_rows(options.max_seq_length, network.config.vocab_size, options.seed)
    batches, feeds = export.gate_batches(rows), quantize.feeds_of(rows, BATCH, options.seed)
    for stage, small in random_model.at_widths(network, options.width_mult_list):
        target = folder / stage
        if all((target / part / "manifest.json").exists() for part in ("bundle", "int8/bundle")):
            continue
        print(f"{stage}: {width.parameter_count(small) / 1e6:.1f} M parameters", flush=True)
        source = export.Source(folder, {"stage": stage, "dev": {}}, TASK)
        answers = write_bundle.answers(small, batches)
        sub_model = export.SubModel(source, small, options.max_seq_length, rows, answers)
        export.write_static(sub_model, target, options.gate_engines)
        quantize.write_int8(sub_model, feeds, target / "int8", options.gate_engines, AGREEMENT, options.nncf)


def random_rows(max_length: int, words: int, seed: int) -> Sequence[Row]:
    """Random words, of the longest length and of half of it, none of them a special token.

    Args:
        max_length: tokens of the longest row.
        words: rows of the word table.
    """
    random = np.random.default_rng(seed)
    lengths = [max_length // (1 + number % 2) for number in range(ROWS)]
    tokens = [random.integers(len(SPECIALS), words, length).tolist() for length in lengths]
    return [Row(number, ids, [0] * len(ids), number % TASK.outputs) for number, ids in enumerate(tokens)]


if __name__ == "__main__":
    cli.run(main, Options)
