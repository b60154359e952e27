# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Where a run is: a bar on a terminal, lines elsewhere, and VisualDL if asked for."""

import sys
import time
from pathlib import Path

from tqdm import tqdm


class Progress:
    """Tells of steps.

    Args:
        unit: what `speed` counts, per second.
        tells: False for a process that others speak for.
    """

    def __init__(self, first: int, last: int, unit: str, visualdl: Path | None = None, tells: bool = True):
        self.last, self.unit, self.tells = last, unit, tells
        shown = tells and sys.stderr.isatty()
        self.bar = tqdm(total=last, initial=first, unit="step", leave=True) if shown else None
        self.writer = None
        if visualdl is not None and tells:
            from visualdl import LogWriter

            self.writer = LogWriter(logdir=str(visualdl))
        self.time, self.units = time.perf_counter(), 0

    def advance(self, units: int) -> None:
        """A step was made that went over `units` tokens or images."""
        self.units += units
        if self.bar is not None:
            self.bar.update()

    def log(self, step: int, **figures: float) -> dict[str, float]:
        """Print a step's figures with the speed since the last time."""
        now = time.perf_counter()
        figures["speed"] = self.units / max(now - self.time, 1e-9)
        self.time, self.units = now, 0
        self._write("train", step, figures)
        told = [f"{name} {value:.4g}" for name, value in figures.items() if name != "speed"]
        told.append(f"{figures['speed']:.0f} {self.unit}")
        if self.bar is not None:
            self.bar.set_postfix_str("  ".join(told))
        else:
            self.say(f"step {step}/{self.last}  {'  '.join(told)}")
        return figures

    def told(self, what: str, step: int, figures: dict[str, float]) -> None:
        """Print a line that stays."""
        self._write(what, step, figures)
        text = "  ".join(f"{name} {value:.6g}" for name, value in figures.items())
        self.say(f"{what} at step {step}: {text}")
        self.time = time.perf_counter()  # what it took is not training

    def say(self, line: str) -> None:
        if self.bar is not None:
            self.bar.write(line)
        elif self.tells:
            print(line, flush=True)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
        if self.writer is not None:
            self.writer.close()

    def _write(self, group: str, step: int, figures: dict[str, float]) -> None:
        if self.writer is not None:
            for name, value in figures.items():
                self.writer.add_scalar(f"{group}/{name}", float(value), step)
