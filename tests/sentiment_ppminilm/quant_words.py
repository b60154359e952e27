# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The words that quant_post.py is called with."""

import common  # noqa: F401  before paddle

QUICK = ("paddle", "onnxruntime")


def words(tiny, trained, exported, target, *more, engines=QUICK):
    return [
        *("--checkpoints", trained, "--static_model_dir", exported, "--quant_model_dir", target),
        *("--calibration_path", tiny.train, "--gate_path", tiny.dev, "--label_path", tiny.labels),
        *("--batch_size", 16, "--batch_nums", 4, "--max_seq_len", 32, "--gate_engines", *engines, *more),
    ]
