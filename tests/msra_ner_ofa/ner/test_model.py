# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The taggers compute what PaddleNLP's do."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
import pytest


@pytest.mark.parametrize("family", ["bert", "ernie"])
def test_our_forward_is_paddlenlps(tiny, family):
    """Upstream's super-network had lost the attention's scale; ours at full width is the stock tagger (1e-6)."""
    from common.compress import ofa
    from common.models import encoders

    from ner import model
    from paddlenlp.transformers import BertForTokenClassification, ErnieForTokenClassification

    ours = encoders.load_or_adopt(model.FAMILIES, str(tiny.pretrained(family)), {"num_labels": 7}, model.FLAG)
    stock_class = {"bert": BertForTokenClassification, "ernie": ErnieForTokenClassification}[family]
    stock = stock_class(ours.config)
    stock.set_state_dict(ours.state_dict())
    ours.eval()
    stock.eval()
    ids = paddle.to_tensor([[1, 5, 8, 7, 8, 2], [1, 6, 9, 9, 2, 0]])
    np.testing.assert_allclose(ours(ids).numpy(), stock(ids).numpy(), atol=1e-6)
    ofa.make_elastic(model.encoder_of(ours))
    ofa.set_width(model.encoder_of(ours), 1.0)
    np.testing.assert_allclose(ours(ids).numpy(), stock(ids).numpy(), atol=1e-6)
