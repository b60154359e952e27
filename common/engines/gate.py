# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The engines' gate: each engine answers real texts in a process of its own and is compared with the dynamic graph."""

import math
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common import child
from common.bundle import bundle
from common.cli import EnvironmentLacks, UserError
from common.engines import allowed, runtime
from common.engines.allowed import CPU_ENGINES, MUST_PASS
from common.parity import FP32_TOLERANCE, INT8_AGREEMENT, Batch, GateFailed, Outputs, compare

import numpy as np


@dataclass(frozen=True)
class Verdict:
    """What the gate found of one engine.

    Attributes:
        engine: its name in `allowed.ALLOWED`.
        precision: "fp32" or "int8".
        passed: whether it may serve the bundle.
        refused: why it was not compared (a forbidden cell of the allow-list, not installed, crashed); None if it was.
        max_abs_diff: largest absolute difference to the dynamic graph; None if refused.
        agreement: share of texts on which it decides as the dynamic graph does, 0..1; None if refused.
    """

    engine: str
    precision: str
    passed: bool
    refused: str | None = None
    max_abs_diff: float | None = None
    agreement: float | None = None

    def line(self) -> str:
        """One line for the terminal."""
        if self.refused is not None:
            return f"  {self.engine:24} not taken: {self.refused}"
        word = "passed" if self.passed else "FAILED"
        return f"  {self.engine:24} {word}  largest difference {self.max_abs_diff:.2e}  agreement {self.agreement:.2%}"

    def entry(self, file: str) -> dict[str, Any]:
        """What the manifest says of an engine that was compared, and of the file that it opens."""
        figures = {name: value for name, value in asdict(self).items() if name not in ("engine", "refused")}
        return {"file": file, **figures}


def gate_bundle(
    folder: Path,
    manifest: dict[str, Any],
    batches: Sequence[Batch],
    reference: Sequence[Outputs],
    decide: Callable[[Outputs], list],
    engines: Sequence[str],
    must: Sequence[str] = MUST_PASS,
    min_agreement: float = INT8_AGREEMENT,
) -> dict[str, Verdict]:
    """Write the manifest, let every engine answer, note the verdicts in the manifest; prints a line for each.

    Args:
        folder: the bundle, complete but for its manifest.
        manifest: without "engines"; they are added to it.
        batches, reference, decide, engines, min_agreement: as of `check_engines`.
        must: engines without which the bundle is worth nothing.

    Raises:
        GateFailed: an engine of `must` does not pass.
    """
    bundle.write_manifest(folder, manifest)
    verdicts = check_engines(
        folder, manifest["precision"], batches, reference, decide, engines, min_agreement=min_agreement
    )
    print(f"parity on {sum(map(_rows, batches))} texts, {manifest['precision']}:")
    for verdict in verdicts.values():
        print(verdict.line(), flush=True)
    for engine in must:
        if not verdicts[engine].passed:
            raise GateFailed(f"parity gate: {verdicts[engine].line().strip()}; nothing exported")
    checked = bundle.read_bundle(folder)
    manifest["engines"] = {
        engine: verdict.entry(bundle.engine_files(checked, engine)[0].name)
        for engine, verdict in verdicts.items()
        if verdict.refused is None
    }
    bundle.write_manifest(folder, manifest)
    return verdicts


def _rows(batch: Batch) -> int:
    return len(batch[0] if isinstance(batch, tuple) else batch)


def check_engines(
    bundle: Path,
    precision: str,
    batches: Sequence[Batch],
    reference: Sequence[Outputs],
    decide: Callable[[Outputs], list],
    engines: Sequence[str] = CPU_ENGINES,
    workers: int = 2,
    min_agreement: float = INT8_AGREEMENT,
) -> dict[str, Verdict]:
    """Run each engine that may run this precision in a process of its own and compare it with the dynamic graph.

    Args:
        bundle: folder with its manifest.
        batches: see `Batch`; without padding.
        reference: the dynamic graph's outputs per batch.
        decide: as for `compare`.
        workers: engines at a time.
        min_agreement: share of decisions that must be those of the reference.

    Returns:
        Engine -> verdict.
    """

    def one(engine: str) -> Verdict:
        refused = allowed.ALLOWED[engine].get(precision) or runtime.available(engine)
        if refused:
            return Verdict(engine, precision, passed=False, refused=refused)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "outputs.npz"
            request = {"bundle": str(bundle), "engine": engine, "batches": [np.asarray(b).tolist() for b in batches]}
            try:
                child.run_child("common.engines.child", request | {"outputs": str(file)})
            except (UserError, EnvironmentLacks, RuntimeError) as fault:
                return Verdict(engine, precision, passed=False, refused=str(fault))
            with np.load(file) as arrays:
                answers = [{name: arrays[f"{n}.{name}"] for name in outputs} for n, outputs in enumerate(reference)]
        result = compare(reference, answers, decide)
        if not math.isfinite(result.max_abs_diff):
            return Verdict(engine, precision, passed=False, refused="its answers hold NaN or infinity")
        close = precision != "fp32" or result.max_abs_diff <= FP32_TOLERANCE
        passed = close and result.agreement >= min_agreement
        return Verdict(engine, precision, passed, max_abs_diff=result.max_abs_diff, agreement=result.agreement)

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(engines, pool.map(one, engines), strict=True))
