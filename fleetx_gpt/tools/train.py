# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Train, fine-tune or compress: python tools/train.py -c configs/gpt/….yaml -o Key.sub=value."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli

from fleetx.settings.command import Options


def main(options: Options) -> None:
    settings = options.settings()
    from fleetx.train import run  # imports paddle, which takes seconds: only when the configuration is right

    run.train(settings)


if __name__ == "__main__":
    cli.run(main, Options)
