# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Train as tools/train.py does, and go on from the last checkpoint when a process dies."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli

import tyro
from fleetx.settings import command


@dataclass
class Options(command.Options):
    """Train under supervision, on one machine; Distributed says by how many processes."""

    retries: int = 3
    """Times that the training is started again at most."""
    silence: float = 0
    """Seconds without a line in any log after which processes are taken for stuck; 0 waits for ever."""
    log_dir: Path = Path("log")
    """Folder for the processes' logs, in one folder for each start."""
    launch: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Further words for paddle.distributed.launch, such as --launch=--devices=0,1; may be given several times."""

    def __post_init__(self):
        if self.retries < 0 or self.silence < 0:
            raise cli.UserError("--retries and --silence must not be negative")


def main(options: Options) -> None:
    settings = options.settings()
    from fleetx.parallel import supervise

    if options.silence and settings.Distributed.world == 1:
        raise cli.UserError("--silence looks at the logs of several processes; leave it out for one")
    words = ["-c", str(options.config), *(word for each in options.override for word in ("-o", each))]
    run = supervise.Run(settings, words, options.log_dir, list(options.launch), options.silence)
    sys.exit(supervise.supervise(run, options.retries))


if __name__ == "__main__":
    cli.run(main, Options)
