# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What runs of run_train.py print and leave."""

import re

import numpy as np
from model import JointErnie


def printed_scores(out: str, stage: str) -> dict[str, float]:
    """The scores in the line `<stage>, dev: …`."""
    line = re.search(rf"^{stage}, dev: (.*)$", out, re.MULTILINE)[1]
    return {name: float(value) for name, value in re.findall(r"(\w+) ([\d.]+)", line)}


def parameters(folder) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in JointErnie.from_pretrained(str(folder)).state_dict().items()}


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
