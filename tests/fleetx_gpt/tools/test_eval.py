# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The programs as a shell starts them."""

import subprocess
import sys

import common  # noqa: F401  before paddle

import tiny
from fleetx.settings.load import load


def test_the_programs_from_a_shell(data, dense, tmp_path):
    """Short flags several times, and a fault as one line with exit code 2."""
    words = ["-o", f"Engine.save_load.ckpt_dir={dense}", "-o", f"Offline_Eval.eval_path={data / 'cloze.jsonl'}"]
    config = ["-c", str(tiny.CONFIGS / "small" / "gpt_tiny.yaml")]
    command = [
        sys.executable,
        str(tiny.APP / "tools" / "eval.py"),
        *config,
        *words,
        "-o",
        "Offline_Eval.cloze_eval=True",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0 and "passages 7" in ended.stdout, ended.stderr
    command = [sys.executable, str(tiny.APP / "tools" / "train.py"), *config, "-o", "Engine.max_stepz=3"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1, ended.stderr
    assert "error: -o Engine.max_stepz: unknown key `Engine.max_stepz` (did you mean `max_steps`?)" in ended.stderr
    assert load(tiny.CONFIGS / "small" / "gpt_tiny.yaml").Engine.max_steps == 20
