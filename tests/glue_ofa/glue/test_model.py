# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The classifiers compute what PaddleNLP's do, at every width; which models are taken."""

import shutil
from copy import deepcopy

import common  # noqa: F401  before paddle
from common import files
from common.compress import distill, ofa
from common.models import width
from common.models.encoders import encoder_of

import numpy as np
import paddle
import pytest
from calls import call
from glue import model, tasks
from glue import widths as widths_module
from tiny_glue import CONFIG, ofa_words, write_pretrained


@pytest.mark.parametrize("family", ["bert", "ernie", "ppminilm"])
def test_our_forward_is_paddlenlps(tiny, family):
    """The mask that we build by casts gives what the stock classifier gives, padding and all (1e-6)."""
    from glue import model
    from paddlenlp import transformers

    ours = model.load_or_adopt(str(tiny.pretrained(family)), 2)
    names = {"bert": "Bert", "ernie": "Ernie", "ppminilm": "PPMiniLM"}
    stock = getattr(transformers, f"{names[family]}ForSequenceClassification")(ours.config)
    stock.set_state_dict(ours.state_dict())
    ours.eval()
    stock.eval()
    ids = paddle.to_tensor([[1, 5, 2, 7, 8, 2], [1, 6, 2, 9, 2, 0]])
    types = paddle.to_tensor([[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0]])
    np.testing.assert_allclose(ours(ids, types).numpy(), stock(ids, token_type_ids=types).numpy(), atol=1e-6)


@pytest.mark.parametrize("family", ["bert", "tinybert", "ernie", "ppminilm"])
def test_at_full_width_the_super_network_is_the_plain_model(tiny, family):
    """Upstream's lost the attention's scale, without an error. Tolerance 1e-6, on one text and on two."""
    network = model.load_or_adopt(str(tiny.pretrained(family)), 2)
    network.eval()
    super_network = deepcopy(network)
    ofa.make_elastic(encoder_of(super_network))
    ids = paddle.to_tensor([[1, 5, 2, 7, 8, 2], [1, 6, 2, 9, 2, 0]])
    for types in (paddle.zeros_like(ids), paddle.to_tensor([[0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0]])):
        expected = network(ids, types).numpy()
        ofa.set_width(encoder_of(super_network), 1.0)
        np.testing.assert_allclose(super_network(ids, types).numpy(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("heads", "kept"), [(4, [4, 3, 3, 2]), (8, [8, 7, 5, 4]), (12, [12, 10, 8, 6]), (16, [16, 13, 11, 8])]
)
def test_heads_are_rounded_and_come_back_the_same(heads, kept, tmp_path):
    """Upstream restores heads by int(): 8 at 5/6, 4 at 2/3 and 16 come out wrong, and the model no longer loads."""
    changes = {"hidden_size": 4 * heads, "num_attention_heads": heads}
    write_pretrained(tmp_path / "bert", "bert", ["a text"], **changes)
    network = model.load_or_adopt(str(tmp_path / "bert"), 2)
    super_network = deepcopy(network)
    ofa.make_elastic(encoder_of(super_network))
    for ratio, expected in zip((1.0, 5 / 6, 2 / 3, 0.5), kept, strict=True):
        small = distill.cut_out(super_network, deepcopy(network), encoder_of, ratio)
        assert small.config.layer_heads == [expected] * CONFIG["num_hidden_layers"]
        from common.models import checkpoint

        checkpoint.save(small, tmp_path / "bert" / "vocab.txt", tmp_path / f"cut_{ratio:g}", {"app": "glue_ofa"})
        again = model.load(tmp_path / f"cut_{ratio:g}")
        assert width.heads_of(encoder_of(again)) == [expected] * CONFIG["num_hidden_layers"]


def test_paddlenlps_tinybert_classifier_computes_something_else(tiny, tmp_path):
    """A ReLU stands before its Linear: taken as ours, its answers would be wrong without an error."""
    folder = tmp_path / "stock"
    shutil.copytree(tiny.pretrained("tinybert"), folder)
    config = files.read_json(folder / "config.json")
    files.write_json(folder / "config.json", config | {"architectures": ["TinyBertForSequenceClassification"]})
    ended = call("run_glue_ofa", *ofa_words(tiny, folder, tmp_path / "out"))
    assert ended.code == 2 and "has a ReLU in front, which this app's has not" in ended.err


def test_a_head_for_another_task_is_refused(tuned):
    with pytest.raises(Exception, match="a head with 2 outputs, but MNLI has 3"):
        model.load_trained(str(tuned), tasks.find("MNLI"))
    assert widths_module.SUPER_NETWORK == "super_network"
