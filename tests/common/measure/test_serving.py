# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
import json
from dataclasses import asdict

from common.measure.serving import measure_serving

import pytest


def test_measuring_counts_every_call_and_asks_the_engine_with_its_own_inputs():
    asked, ran = [], []

    def understand(question):
        asked.append(question)
        return {"text": question}

    found = measure_serving(understand, ran.append, ["a", "b"], [(1, 2), (3, 4)], repeats=3)
    assert asked == ["a", "b"] * 4 and ran == [(1, 2), (3, 4)] * 4  # one pass to warm up
    assert found.latency_ms.calls == found.end_to_end_ms.calls == 6
    assert found.peak_rss_mb > 1 and json.dumps(asdict(found))


def test_the_end_to_end_time_includes_the_json_string():
    with pytest.raises(TypeError, match="JSON"):
        measure_serving(lambda question: {question}, print, ["a"], [1], repeats=1)
