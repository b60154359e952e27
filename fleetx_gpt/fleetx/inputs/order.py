# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which rows a step sees: it follows from seed and step alone, so that a resumed run sees what it would have."""

from dataclasses import dataclass
from functools import lru_cache

from common.cli import UserError

import numpy as np


@dataclass(frozen=True)
class Order:
    """Rows step after step, epoch after epoch; the few rows that make no whole step are left out of an epoch.

    Attributes:
        rows: how many there are.
        step_rows: of all processes together.
        shuffle: another order in each epoch.
    """

    rows: int
    step_rows: int
    seed: int
    shuffle: bool = True

    def __post_init__(self):
        if self.rows < self.step_rows:
            raise UserError(
                f"Data.Train: {self.rows} rows make no step of {self.step_rows} (Global.global_batch_size); "
                "give more data or a smaller batch"
            )

    @property
    def steps_per_epoch(self) -> int:
        return self.rows // self.step_rows

    def epoch_of(self, step: int) -> int:
        return step // self.steps_per_epoch

    def of_step(self, step: int, rank: int = 0, ranks: int = 1) -> np.ndarray:
        """int64 [step_rows / ranks]: the rows that one of `ranks` processes sees in a step."""
        epoch, place = divmod(step, self.steps_per_epoch)
        rows = _order(self.rows, self.seed, epoch if self.shuffle else None)
        return rows[place * self.step_rows : (place + 1) * self.step_rows][rank::ranks]


@lru_cache(maxsize=2)
def _order(rows: int, seed: int, epoch: int | None) -> np.ndarray:
    return np.arange(rows) if epoch is None else np.random.default_rng([seed, epoch]).permutation(rows)
