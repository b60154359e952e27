# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What an app's predictor asks of a bundle before it serves it: where it lies, its task, its tensors."""

from collections.abc import Sequence
from pathlib import Path

from common.bundle.bundle import Bundle
from common.bundle.checks import MANIFEST, show
from common.cli import UserError


def bundle_folder(path: Path) -> Path:
    """`path`, or the folder `bundle` in it where a bundle lies there, as the export scripts write it."""
    inner = path / "bundle"
    return inner if (inner / MANIFEST).exists() else path


def check_task(bundle: Bundle, task: str) -> None:
    """
    Raises:
        UserError: a bundle of another task.
    """
    if bundle.task != task:
        raise UserError(f"{bundle.path}: a bundle of the task {show(bundle.task)}, but {show(task)} was asked for")


def check_tensors(bundle: Bundle, inputs: Sequence[str], outputs: Sequence[str], labels: Sequence[str]) -> None:
    """Whether a bundle's inputs, outputs and label lists have the names that an app writes, in this order.

    Raises:
        UserError: other names, with those that are there and those expected.
    """
    names = [each["name"] for each in bundle.inputs], [each["name"] for each in bundle.outputs], list(bundle.labels)
    expected = list(inputs), list(outputs), list(labels)
    if names != expected:
        raise UserError(
            f"{bundle.path}: inputs, outputs and labels are {names[0]}, {names[1]}, {names[2]}, expected "
            f"{', '.join(map(' and '.join, expected))}; export the bundle again"
        )
