# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Score a checkpoint: perplexity, the last word of passages (Offline_Eval.cloze_eval), or classes of images."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli, files

from fleetx.settings import command


@dataclass
class Options(command.Options):
    """Score a checkpoint, compressed or not."""

    output: Path | None = None
    """JSON file for the figures."""


def main(options: Options) -> dict[str, float]:
    settings = options.settings()
    from fleetx.serve import evaluation

    figures = evaluation.run(settings)
    print("  ".join(f"{name} {value:.6g}" for name, value in figures.items()))
    if options.output:
        files.write_json(options.output, figures)
    return figures


if __name__ == "__main__":
    cli.run(main, Options)
