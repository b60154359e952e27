# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The model of the large shape with random weights."""

from dataclasses import replace

import common  # noqa: F401  before paddle
from common import files
from common.measure.runner import Runner

from bench import measure, random_model
from tiny_aspects import APP


def test_the_reference_has_the_large_shape(tiny, tmp_path, monkeypatch):
    """On a small configuration: a bundle that Paddle Inference opens, timed like the others."""
    import model

    large = model.NAMES[1]
    skep = model.FAMILIES["skep"]
    small = skep.registry[large] | {"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 1}
    monkeypatch.setitem(model.FAMILIES, "skep", replace(skep, registry={large: small}))
    assert random_model.answer(str(tmp_path))["made"] == "skep_ernie_1.0_large_ch"
    manifest = files.read_json(tmp_path / "bundle" / "manifest.json")
    assert manifest["architecture"]["hidden"] == 64 and manifest["architecture"]["vocab_size"] == 12800

    timing = {"test_path": str(tiny.dev), "threads": 1, "repeats": 9, "batch_size": 2, "length": 16}
    found = random_model.time_reference(Runner(APP, 1, workers=1), tmp_path, timing)
    assert found["latency_ms"]["calls"] == 2 and found["same_answers"] is True
    entry = measure.reference_entry(found)
    costs = {"size_bytes", "latency_ms", "batch_1_ms", "peak_rss_mb"}  # its made-up vocabulary understands no text
    assert set(entry) == {"name", "engine"} | costs and entry["size_bytes"] > 12800 * 64 * 4
