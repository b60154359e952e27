# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What a static program says of itself."""

from dataclasses import asdict

from slu import bare_model


def test_facts_of_a_program(trained, chain):
    tokens = len((trained / "vocab.txt").read_text("utf-8").splitlines())
    wanted = {"input": "input_ids", "dtype": "int64", "rows": tokens, "positions": 16, "widths": [11, 31]}
    assert asdict(bare_model.facts_of(trained / "bundle" / "model.pdmodel")) == wanted | {"precision": "fp32"}
    small = chain / "width_mult_0.5_qat_embeddings" / "bundle" / "model.pdmodel"
    assert asdict(bare_model.facts_of(small)) == wanted | {"precision": "int8"}
