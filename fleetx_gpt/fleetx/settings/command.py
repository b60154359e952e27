# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What every tool takes on the command line: `-c X.yaml -o Key.sub=value -o …`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fleetx.settings.load import load
from fleetx.settings.settings import Settings


@dataclass
class Options:
    """A configuration and what is to be otherwise than it says."""

    config: Annotated[Path, tyro.conf.arg(aliases=["-c"])]
    """YAML file."""
    override: Annotated[tuple[str, ...], tyro.conf.arg(aliases=["-o"]), tyro.conf.UseAppendAction] = ()
    """Key.sub=value; may be given several times."""

    def settings(self) -> Settings:
        return load(self.config, self.override)
