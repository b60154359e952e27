# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""common/env.sh in a made-up checkout, with a PATH that holds only what a test puts there. Nothing is installed."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
TOOLS = ["sh", "cat", "cp", "cut", "dirname", "basename", "mkdir", "rmdir", "rm", "mv", "sleep", "sha256sum", "touch"]

# An interpreter that passes the probe, makes an environment that holds itself, and notes what pip is asked for.
PYTHON_STUB = """#!/bin/sh
case "$1 ${2:-}" in
    "-c "*) echo "$0" ;;
    "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip") echo "pip $*" >>"$LOG"; exit "${INSTALL_EXIT:-0}" ;;
esac
"""
# Makes the environment from the interpreter it is given; its `pip install` takes as long as the test says.
UV_STUB = """#!/bin/sh
case "$1 ${2:-}" in
    "venv --quiet") echo "uv $*" >>"$LOG"; mkdir -p "$5/bin" && cp "$BASE_STUB" "$5/bin/python" ;;
    "pip install") echo "uv $*" >>"$LOG"; sleep "${INSTALL_SECONDS:-0}"; exit "${INSTALL_EXIT:-0}" ;;
esac
"""
SHIM_THAT_REFUSES = "#!/bin/sh\necho 'command not found; it exists in these versions' >&2\nexit 127\n"


class Checkout:
    """A folder with env.sh, locks and one script, and a private folder of programs to be its PATH."""

    def __init__(self, folder: Path):
        self.root = folder / "the checkout"  # a space, on purpose
        self.bin = folder / "bin"
        self.log = folder / "log"
        for place in (self.root / "common", self.root / "app", self.bin, folder / "home"):
            place.mkdir(parents=True)
        shutil.copy(REPO / "common/env.sh", self.root / "common/env.sh")
        (self.root / "requirements.lock").write_text("one==1\n")
        (self.root / "requirements-gpu.lock").write_text("one-gpu==1\n")
        self.script = self.root / "app/run_it.sh"
        self.script.write_text('set -eu\n. "$(dirname "$0")/../common/env.sh"\necho "$PYTHON|$REPO|$PYTHONUTF8"\n')
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        stub = self.program("stubs/python-base", PYTHON_STUB)
        self.environment = {
            "PATH": str(self.bin),
            "HOME": str(folder / "home"),
            "LOG": str(self.log),
            "BASE_STUB": str(stub),
        }

    def program(self, name: str, text: str) -> Path:
        path = self.bin / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def start(self, script: Path | None = None, cwd: Path | None = None, **environment) -> subprocess.Popen:
        return subprocess.Popen(
            [self.bin / "sh", script or self.script],
            env=self.environment | environment,
            cwd=cwd or self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script: Path | None = None, cwd: Path | None = None, **environment) -> subprocess.CompletedProcess:
        process = self.start(script, cwd, **environment)
        out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def logged(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def stamp(self, suffix: str = "") -> Path:
        return self.root / f".venv{suffix}/installed-from"


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_without_python_the_message_names_three_ways(checkout):
    result = checkout.run()
    assert result.returncode == 3
    assert "no Python 3.10 that runs was found" in result.stderr
    for way in ("apt install python3.10", "conda create -n py310 python=3.10", "uv python install 3.10"):
        assert way in result.stderr
    assert (
        result.stdout == "" and not (checkout.root / ".venv").exists() and not (checkout.root / ".venv.part").exists()
    )


def test_what_was_passed_over_is_named_with_the_reason(checkout):
    checkout.program("python3.10", SHIM_THAT_REFUSES)
    changed = "import sys; sys.version_info = (3, 11, 0); exec(sys.argv.pop(1))"
    checkout.program("python3", f"#!/bin/sh\nexec '{sys.executable}' -c '{changed}' \"$2\" \"$3\"\n")
    result = checkout.run()
    assert result.returncode == 3
    assert "passed over python3.10: it does not run" in result.stderr
    assert "passed over python3: it is 3.11" in result.stderr


def test_a_shim_that_refuses_is_passed_over_for_pyenvs_own_interpreter(checkout, tmp_path):
    checkout.program("python3.10", SHIM_THAT_REFUSES)
    real = tmp_path / "home/.pyenv/versions/3.10.13/bin/python"
    real.parent.mkdir(parents=True)
    shutil.copy(checkout.program("spare", PYTHON_STUB), real)
    result = checkout.run()
    assert result.returncode == 0, result.stderr
    assert checkout.stamp().exists()
    assert result.stdout.split("|")[0] == f"{checkout.root}/.venv/bin/python"


def test_a_uv_that_refuses_is_not_used(checkout):
    checkout.program("python3.10", PYTHON_STUB)
    checkout.program("uv", SHIM_THAT_REFUSES)
    result = checkout.run()
    assert result.returncode == 0, result.stderr
    assert all(line.startswith("pip ") for line in checkout.logged())


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_installs_with_hashes_and_then_the_checkout_itself(checkout, installer):
    checkout.program("python3.10", PYTHON_STUB)
    if installer == "uv":
        checkout.program("uv", UV_STUB)
    result = checkout.run()
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{checkout.root}/.venv/bin/python|{checkout.root}|1\n"
    *_, packages, itself = checkout.logged()
    assert packages.startswith(installer) and "--require-hashes" in packages and "requirements.lock" in packages
    assert itself.startswith(installer) and "--no-deps --no-build-isolation -e" in itself
    assert not any("://" in line or "index" in line for line in checkout.logged())
    assert not (checkout.root / ".venv.part").exists()


def test_the_base_of_a_virtual_environment_is_taken_not_the_environment(checkout):
    """An activated .venv is on the PATH while it is being made anew: its own interpreter must not be its base."""
    checkout.program("uv", UV_STUB)
    result = checkout.run(PYTHON=sys.executable)
    assert result.returncode == 0, result.stderr
    base = checkout.logged()[0].split("--python ")[1].split(" /")[0]
    assert os.path.exists(base) and not base.startswith(sys.prefix + "/")
    version = subprocess.check_output([base, "-c", "import sys; print(sys.version_info[:2], sys.prefix)"], text=True)
    assert version.startswith("(3, 10)") and sys.base_prefix in version


def test_a_chosen_python_that_is_not_310_is_reported(checkout):
    checkout.program("python3.10", PYTHON_STUB)
    result = checkout.run(PYTHON="/nowhere/python")
    assert result.returncode == 0
    assert "PYTHON=/nowhere/python passed over: it does not run" in result.stderr


def test_second_run_installs_nothing(checkout):
    checkout.program("python3.10", PYTHON_STUB)
    assert checkout.run().returncode == 0
    before = checkout.logged()
    digest = hashlib.sha256((checkout.root / "requirements.lock").read_bytes()).hexdigest()
    assert checkout.stamp().read_text() == f"{digest} {checkout.root}\n"
    result = checkout.run()
    assert result.returncode == 0 and result.stderr == ""
    assert checkout.logged() == before


def test_made_anew_when_the_lock_changes_or_the_interpreter_is_gone(checkout):
    checkout.program("python3.10", PYTHON_STUB)
    checkout.run()
    once = len(checkout.logged())
    (checkout.root / "requirements.lock").write_text("one==2\n")
    assert checkout.run().returncode == 0
    assert len(checkout.logged()) == 2 * once
    (checkout.root / ".venv/bin/python").unlink()
    assert checkout.run().returncode == 0
    assert len(checkout.logged()) == 3 * once


def test_a_moved_checkout_is_installed_again(checkout, tmp_path):
    checkout.program("python3.10", PYTHON_STUB)
    checkout.run()
    moved = checkout.root.rename(tmp_path / "elsewhere")
    result = checkout.run(script=moved / "app/run_it.sh", cwd=tmp_path)
    assert result.stdout.startswith(f"{moved}/.venv/bin/python|")
    assert f"-e {moved}" in checkout.logged()[-1]


def test_a_failed_installation_leaves_no_stamp_and_is_redone(checkout):
    checkout.program("python3.10", PYTHON_STUB)
    failed = checkout.run(INSTALL_EXIT="1")
    assert failed.returncode == 3 and "the installation into" in failed.stderr
    assert not checkout.stamp().exists() and not (checkout.root / ".venv.part").exists()
    assert checkout.run().returncode == 0
    assert checkout.stamp().exists()


def test_gpu_takes_its_own_lock_and_folder(checkout):
    checkout.program("python3.10", PYTHON_STUB)
    result = checkout.run(PADDLE="gpu")
    assert result.stdout.startswith(f"{checkout.root}/.venv-gpu/bin/python|")
    assert "requirements-gpu.lock" in checkout.logged()[0]
    assert checkout.stamp("-gpu").exists() and not checkout.stamp().exists()


def test_another_word_for_paddle_is_refused(checkout):
    result = checkout.run(PADDLE="tpu")
    assert result.returncode == 2 and "PADDLE=tpu" in result.stderr and "`gpu`" in result.stderr


def test_works_from_any_folder_and_from_a_script_deeper_down(checkout, tmp_path):
    checkout.program("python3.10", PYTHON_STUB)
    deep = checkout.root / "app/deploy/python/run_deep.sh"
    deep.parent.mkdir(parents=True)
    deep.write_text(checkout.script.read_text().replace("/../common", "/../../../common"))
    expected = f"{checkout.root}/.venv/bin/python|{checkout.root}|1\n"
    assert checkout.run(cwd=tmp_path).stdout == expected
    assert checkout.run(script=Path("run_it.sh"), cwd=checkout.root / "app").stdout == expected
    assert checkout.run(script=deep, cwd=Path("/")).stdout == expected


def test_runs_at_the_same_time_install_once(checkout):
    checkout.program("python3.10", PYTHON_STUB)
    checkout.program("uv", UV_STUB)
    runs = [checkout.start(INSTALL_SECONDS="0.5") for _ in range(4)]
    ends = [run.communicate(timeout=30) for run in runs]
    assert [run.returncode for run in runs] == [0] * 4, ends
    assert len({out for out, _ in ends}) == 1
    assert sum("--require-hashes" in line for line in checkout.logged()) == 1
    assert sum("waiting" in err for _, err in ends) == 3


def test_a_killed_run_does_not_block_the_next(checkout):
    checkout.program("python3.10", PYTHON_STUB)
    checkout.program("uv", UV_STUB)
    first = subprocess.Popen(
        [checkout.bin / "sh", checkout.script],
        env=checkout.environment | {"INSTALL_SECONDS": "60"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not any("--require-hashes" in line for line in checkout.logged()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert (checkout.root / ".venv.part").exists() and not checkout.stamp().exists()
    runs = [checkout.start() for _ in range(3)]
    ends = [run.communicate(timeout=30) for run in runs]
    assert [run.returncode for run in runs] == [0] * 3, ends
    assert sum("--require-hashes" in line for line in checkout.logged()) == 2
    assert checkout.stamp().exists() and not (checkout.root / ".venv.part").exists()


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_shells_at_hand_agree(checkout, shell):
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"no {shell} on this machine")
    checkout.program("python3.10", PYTHON_STUB)
    (checkout.bin / "sh").unlink()
    (checkout.bin / "sh").symlink_to(found)
    result = checkout.run()
    assert result.returncode == 0 and result.stdout.endswith("|1\n"), result.stderr
