# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Our forward against the stock classifiers of PaddleNLP."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
import pytest


@pytest.mark.parametrize("family", ["ppminilm", "skep"])
def test_our_forward_is_paddlenlps(tiny, family):
    """The mask that we build by casts gives what the stock classifier gives, padding and all (1e-6)."""
    import model
    from paddlenlp.transformers import PPMiniLMForSequenceClassification, SkepForSequenceClassification

    ours = model.load_or_adopt(str(tiny.pretrained(family)), 2)
    stock_class = {"ppminilm": PPMiniLMForSequenceClassification, "skep": SkepForSequenceClassification}[family]
    stock = stock_class(ours.config)
    stock.set_state_dict(ours.state_dict())
    ours.eval()
    stock.eval()
    ids = paddle.to_tensor([[1, 5, 2, 7, 8, 2], [1, 6, 2, 9, 2, 0]])
    types = paddle.to_tensor([[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0]])
    np.testing.assert_allclose(ours(ids, types).numpy(), stock(ids, token_type_ids=types).numpy(), atol=1e-6)
