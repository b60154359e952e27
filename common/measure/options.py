# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The options that the bench/measure.py of every app has."""

from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError, did_you_mean
from common.engines import allowed


@dataclass
class MeasureOptions:
    """What every app's measure.py takes."""

    stages: tuple[str, ...]
    """STAGE=FOLDER of each stage's bundle, in order: original=… vocabulary=… width=… int8=… embedding=…"""
    engines: tuple[str, ...] = tuple(allowed.ALLOWED)
    """Which engines are timed."""
    repeats: int = 3
    """Timed passes over the same inputs in each child process."""
    rounds: int = 2
    """Times that the whole set of child processes is run; the quieter one counts."""
    threads: int = 1
    """CPU threads of an engine."""
    workers: int = 1
    """Child processes at a time; more than one disturb each other."""
    seeds: tuple[int, ...] = ()
    """Seeds of the training runs, for the record."""
    split: str = "test"
    """Name of the data that was scored, for the record."""
    command: str | None = None
    """What was typed to get here, for the record; this program's own words if not given."""
    output: Path = Path("output/summary.json")
    """The file to write."""

    def __post_init__(self):
        self.check_positive("repeats", "rounds", "threads", "workers")
        for engine in self.engines:
            if engine not in allowed.ALLOWED:
                known = ", ".join(allowed.ALLOWED)
                raise UserError(f"--engines: `{engine}`{did_you_mean(engine, allowed.ALLOWED)}; there are {known}")

    def check_positive(self, *names: str) -> None:
        """Raises `UserError` that names the flag where one of these options is below 1."""
        for name in names:
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
