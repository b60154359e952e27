# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Other tokenizers and engines, in a process of their own."""


def test_the_baseline_is_the_documents_condition(measured):
    original, width = ({engine["engine"]: engine for engine in stage["engines"]} for stage in measured[0]["stages"])
    base = original["paddle"]
    assert "ErnieTokenizer" in base["note"] and "padded" in base["note"]
    assert base["peak_rss_paddlenlp_mb"] > base["peak_rss_mb"] > original["onnxruntime"]["peak_rss_mb"]
    assert "note" not in width["paddle"] and "peak_rss_paddlenlp_mb" not in width["paddle"]
