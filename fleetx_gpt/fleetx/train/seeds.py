# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Random numbers that follow from seed and step alone, so that a resumed run draws what it would have.

To save the generators' states in place of this fails on Paddle 2.6: the CPU's comes back as another one.
"""

import random

import numpy as np
import paddle


def seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    paddle.seed(seed)


def of_step(seed: int, step: int, rank: int = 0, stage: int = 0) -> np.random.Generator:
    """Set the global generators for a step; returns one more for the data.

    Args:
        rank: of the process among those that see other rows.
        stage: of a pipeline, which draws other numbers for other layers, but has the same data.
    """
    sequence = np.random.SeedSequence([seed, step, rank])
    seed_everything(int(sequence.generate_state(stage + 1)[stage]))
    return np.random.default_rng(sequence.spawn(1)[0])
