# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The child processes of this app's measurement, and how their decisions are compared."""

from collections.abc import Sequence
from pathlib import Path

from common.measure import compare
from common.measure.runner import Runner

APP = Path(__file__).resolve().parents[1]


def runner(threads: int, workers: int = 1) -> Runner:
    return Runner(APP, threads, workers)


def agreement(expected: Sequence[list[str]], given: Sequence[list[str]]) -> dict[str, float]:
    """Which share of the characters ("agreement") and of the sentences ("sentence_agreement") has the same tags."""
    sentences = compare.agreement(expected, given)["agreement"]
    flat = [[tag for sentence in tags for tag in sentence] for tags in (expected, given)]
    return compare.agreement(*flat) | {"sentence_agreement": sentences}
