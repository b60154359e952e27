# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

from dataclasses import replace

from common.cli import UserError
from common.export import onnx_encoder

import pytest
from onnx_reference import make


@pytest.mark.parametrize("scale", [None, 0.0, -0.1, float("nan"), float("inf")])
def test_a_bad_scale_names_its_layer(tmp_path, scale):
    encoder, heads = make(True)
    encoder.layers[1] = replace(encoder.layers[1], key=replace(encoder.layers[1].key, input_scale=scale))
    with pytest.raises(UserError, match="layer 1 key: input_scale"):
        onnx_encoder.build(encoder, heads, tmp_path / "m.onnx")
