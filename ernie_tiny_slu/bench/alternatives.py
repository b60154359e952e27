# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Models that a user would make of the same weights without us, for the benchmark: ONNX, dynamic INT8, NNCF."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.bundle.bundle import Bundle
from common.data.readers import read_columns
from common.export import onnx_baselines

from bench.alternatives_child import hugging_face

UNPADDED = "original, Paddle Inference, PaddleNLP tokenizer, no padding"
CALIBRATION_SENTENCES = 300


def make(
    original: Bundle, calibration_path: Path, folder: Path, child: Callable[..., dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Write all models into `folder`.

    Args:
        calibration_path: training file; the first 300 sentences calibrate NNCF.
        child: as `Runner.child`.

    Returns:
        As `onnx_quantize.alternatives`; "kind" is one of `bench.alternatives_child.KINDS`.
    """
    encode, name = hugging_face(original.vocab_path, original.max_length), original.inputs[0]["name"]
    texts = [fields[1] for fields in read_columns(calibration_path, 4)[:CALIBRATION_SENTENCES]]
    feeds = [{name: [encode(text)[0]]} for text in texts]
    return onnx_baselines.alternatives(original.path, feeds, folder, child)
