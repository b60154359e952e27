# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Published GPT-2 weights in Hugging Face's layout."""

import json

import common  # noqa: F401  before paddle
from common.cli import UserError

import gpt2_layout
import numpy as np
import pytest
from fleetx.state import convert_gpt2
from tools import convert


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"activation_function": "relu"}, "activation_function is relu; only gelu_new"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx is True"),
        ({"model_type": "llama"}, "not of a GPT-2 (model_type llama)"),
        ({"n_head": 5}, "5 heads cannot share 24 features"),
        ({"n_layer": 4}, "gpt.decoder.layers.3.norm1.weight is missing"),
        ({"n_inner": 48}, "has the shape [24, 96], the manifest says [24, 48]"),
    ],
)
def test_what_cannot_be_converted(tmp_path, changes, message):
    gpt2_layout.make(tmp_path, **changes)
    with pytest.raises(UserError) as fault:
        convert.main(convert.Options(tmp_path, tmp_path / "out"))
    assert message in str(fault.value) and not (tmp_path / "out").exists()


def test_a_folder_without_safe_weights(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**gpt2_layout.SIZES}))
    with pytest.raises(UserError, match=r"a pytorch_model.bin can run code"):
        convert_gpt2.read_gpt2(tmp_path)


def test_query_key_value_by_head():
    mixed = np.array(["q0", "q0", "q1", "q1", "k0", "k0", "k1", "k1", "v0", "v0", "v1", "v1"])
    assert " ".join(convert_gpt2.by_head(mixed, 2)) == "q0 q0 k0 k0 v0 v0 q1 q1 k1 k1 v1 v1"
