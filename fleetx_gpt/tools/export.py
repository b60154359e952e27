# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Export a checkpoint to Inference.model_dir, and compare every engine with the model in memory."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import cli

from fleetx.settings.command import Options


def main(options: Options) -> None:
    settings = options.settings()
    from fleetx.serve import export

    manifest = export.run(settings)
    for name, found in manifest["engines"].items():
        print(f"  {name}: difference {found['difference']:.2e}, same decisions {found['agreement']:.2%}")
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    print(f"exported ({manifest['precision']}, {size:,} bytes): {settings.Inference.model_dir}")


if __name__ == "__main__":
    cli.run(main, Options)
