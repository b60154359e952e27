# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from common.engines import runtime

import bundle_fixture
import numpy as np
import pytest
from engine_runs import BATCHES, child


@pytest.fixture(scope="module")
def reference() -> list[dict[str, np.ndarray]]:
    predictor = runtime.load(bundle_fixture.bundle())
    return [predictor.run(np.array(batch)) for batch in BATCHES]


def test_outputs_go_to_a_file_where_asked(tmp_path, reference):
    report = child("onnxruntime", outputs=str(tmp_path / "out.npz"), warmup=1, repeats=2)
    with np.load(report["outputs"]) as arrays:
        for i, wanted in enumerate(reference):
            np.testing.assert_array_equal(arrays[f"{i}.slot_logits"], wanted["slot_logits"])
    assert report["calls"] == 2 * len(BATCHES)
