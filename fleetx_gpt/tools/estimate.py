# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a configuration needs in each process: weights, memory, communication per step. Nothing is run or allocated."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli

from fleetx.settings import command


@dataclass
class Options(command.Options):
    """Estimate a training."""

    json: bool = False
    """Print JSON in place of the tables."""


def main(options: Options) -> dict:
    settings = options.settings()
    from fleetx.parallel import estimate

    found = estimate.of_settings(settings)
    print(json.dumps(found, indent=2) if options.json else estimate.tables(found))
    return found


if __name__ == "__main__":
    cli.run(main, Options)
