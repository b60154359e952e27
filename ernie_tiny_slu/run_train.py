# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tune, prune, compress, evaluate and export the joint intent and slot model."""

from common import cli

from slu.options import Options


def main(options: Options) -> None:
    from slu import train  # imports paddle, which takes seconds: only after --help and the options' own checks

    train.run(options)


if __name__ == "__main__":
    cli.run(main, Options)
