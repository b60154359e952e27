# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A training that is started again from its last checkpoint when a process of it dies or gets stuck.

Paddle's launcher ends all processes when one has died, but does not start them again on one machine.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from common.cli import EnvironmentLacks, UserError

from fleetx.settings.settings import Settings

TRAIN = Path(__file__).resolve().parents[2] / "tools" / "train.py"
HOPELESS = (UserError.exit_code, EnvironmentLacks.exit_code)
MANIFEST = "epoch_*_step_*/manifest.json"  # what makes a checkpoint whole is written last
COARSE = 1.0  # seconds that a file's time may lie behind the clock
PAUSE = 0.2  # seconds between two looks


@dataclass
class Run:
    """What is started.

    Args:
        words: of tools/train.py.
        logs: folder that gets one folder of logs for each start.
        launch: further words of the launcher.
        silence: seconds without a change in the logs after which it counts as stuck; 0 for never.
    """

    settings: Settings
    words: list[str]
    logs: Path
    launch: list[str]
    silence: float = 0

    @property
    def output(self) -> Path:
        return Path(self.settings.Engine.save_load.output_dir)

    def checkpoints(self, since: float) -> list[Path]:
        """Whole checkpoints that were written since a time, the newest last."""
        found = [path for path in self.output.glob(MANIFEST) if path.stat().st_mtime >= since]
        return [path.parent for path in sorted(found, key=lambda path: path.stat().st_mtime)]

    def command(self, attempt: int, resumes: bool) -> list[str]:
        """Words of a start: by one process, or as many as the degrees say."""
        words = [*self.words]
        if resumes:
            words += ["-o", f"Engine.save_load.ckpt_dir={self.output}"]
        count = self.settings.Distributed.world
        if count == 1:
            return [sys.executable, str(TRAIN), *words]
        launcher = [sys.executable, "-m", "paddle.distributed.launch", "--nproc_per_node", str(count)]
        return [*launcher, "--log_dir", str(self.log(attempt)), *self.launch, str(TRAIN), *words]

    def log(self, attempt: int) -> Path:
        return self.logs / f"start_{attempt}"


def supervise(run: Run, retries: int) -> int:
    """Start it, at most `retries` times again; the last exit code.

    Mistakes of the user and what the machine lacks (exit codes 2 and 3) would come again and end it at once. Only
    checkpoints that were written since are gone on with: what lay there before is train.py's to refuse.
    """
    begun, code = time.time() - COARSE, 1
    for attempt in range(retries + 1):
        code = _once(run, run.command(attempt, bool(run.checkpoints(begun))), attempt)
        if code == 0 or code in HOPELESS or attempt == retries:
            break
        whole = run.checkpoints(begun)
        left = f"from {whole[-1].name}" if whole else "from the beginning"
        print(f"ended with exit code {code}; start {attempt + 2} of {retries + 1} at most, {left}", flush=True)
    return code


def _once(run: Run, words: list[str], attempt: int) -> int:
    """Exit code; of what was ended for being stuck, 1. Ends all its processes when it is itself told to end."""
    folder = run.log(attempt)
    folder.mkdir(parents=True, exist_ok=True)
    running = subprocess.Popen(words, start_new_session=True)

    def end(*_) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    begun = time.time()
    try:
        while running.poll() is None:
            time.sleep(PAUSE)
            changed = max([begun, *(path.stat().st_mtime for path in folder.iterdir())])
            if run.silence and time.time() - changed > run.silence:
                print(f"no line in {folder} for {run.silence:g} s: taken for stuck", flush=True)
                return 1
        return running.returncode if running.returncode >= 0 else 128 - running.returncode
    finally:
        signal.signal(signal.SIGTERM, before)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
