# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Let an exported GPT go on with texts (--text), or score an exported model on Offline_Eval.eval_path."""

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli

from fleetx.settings import command


@dataclass
class Options(command.Options):
    """Use an exported model."""

    text: tuple[str, ...] = ()
    """Texts that are gone on with."""
    engine: str = "paddle"
    """paddle or onnxruntime."""


def main(options: Options) -> None:
    settings = options.settings()
    from fleetx.serve import answering, engines

    engines.check_name(options.engine)
    if not options.text:
        figures = answering.score(settings, options.engine)
        print("  ".join(f"{name} {value:.6g}" for name, value in figures.items()))
        return
    for text, answer in zip(options.text, answering.go_on(settings, options.text, options.engine), strict=True):
        print(f"{text}{answer}")


if __name__ == "__main__":
    cli.run(main, Options)
