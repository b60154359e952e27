# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Fine-tune the aspect classifier; the best checkpoint by F1 on the development set is what stays."""

from common import cli

from aspect.options import Options


def main(options: Options) -> None:
    from aspect import train  # imports paddle, which takes seconds: only after --help and the options' own checks

    train.train(options)


if __name__ == "__main__":
    cli.run(main, Options)
