# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""One of the processes that `several.train` starts: does the jobs of jobs.json, all of the same degrees, in turn."""

import contextlib
import functools
import io
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2] / "fleetx_gpt"), str(HERE.parents[2])]

import common  # noqa: F401  before paddle

import counted
import paddle
from fleetx.parallel import fleet_groups
from fleetx.settings.load import load
from fleetx.settings.settings import Settings
from fleetx.train import optimizer, run


def job(settings: Settings) -> dict:
    """Losses and bytes sent of each step, what was printed, and the last figures."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        trainer = run.trainer_of(settings)
        losses, sent, plain = [], [], trainer.one_step

        def one_step():
            counted.SENT.clear()
            rate, told = plain()
            losses.append(told["loss"])
            sent.append(counted.sent(trainer.processes.groups) if settings.Distributed.world > 1 else {})
            return rate, told

        trainer.one_step = one_step
        figures = trainer.run()
    own = sum(weight.size * weight.element_size() for weight in trainer.network.parameters())
    state = sum(array.nbytes for array in optimizer.state_of(trainer.optimizer, trainer.network).values())
    told = {"losses": losses, "sent": sent, "printed": printed.getvalue(), "figures": figures}
    return told | {"weights": own, "optimizer": state}


def main(folder: Path) -> None:
    rank = paddle.distributed.ParallelEnv().rank
    content = json.loads((folder / "jobs.json").read_text(encoding="utf-8"))
    meet = fleet_groups.start
    counted.install()
    groups = functools.cache(lambda: meet(load(content["config"], next(iter(content["jobs"].values()))).Distributed, 0))
    fleet_groups.start = lambda degrees, seed: groups()  # fleet cannot be started again and again
    found = {}
    for name, overrides in content["jobs"].items():
        found[name] = job(load(content["config"], overrides))
        (folder / f"met.{rank}").touch()
    (folder / f"{rank}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
