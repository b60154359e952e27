# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from common import machine
from common.engines import runtime

import bundle_fixture
import numpy as np
import pytest
from engine_runs import BATCHES, child, need

TOLERANCE = 1e-4  # FP32, largest difference of a logit, as the parity gate has it


@pytest.fixture(scope="module")
def reference() -> list[dict[str, np.ndarray]]:
    predictor = runtime.load(bundle_fixture.bundle())
    return [predictor.run(np.array(batch)) for batch in BATCHES]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_openvino_computes_in_what_it_is_told(precision, reference):
    """Its own choice on a CPU with bf16 is bf16, which is some 1e-2 off."""
    if precision == "bf16" and not machine.has_bf16():
        pytest.skip("this CPU has no bf16")
    need("openvino")
    slots = np.array(child("openvino", BATCHES[:1], precision=precision)["outputs"][0]["slot_logits"])
    difference = np.abs(slots - reference[0]["slot_logits"]).max()
    assert difference <= TOLERANCE if precision == "fp32" else TOLERANCE < difference < 0.3
