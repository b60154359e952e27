# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
from common.cli import UserError
from common.models import q4_file

import numpy as np
import pytest
import tiny_weights


@pytest.fixture(scope="module")
def made():
    return tiny_weights.e5_file()


def test_sizes_and_pieces(made):
    file = q4_file.parse(made[0], "here")
    wanted = tiny_weights.config(len(tiny_weights.PIECES))
    assert file.config == {name: wanted[name] for name in file.config}
    assert file.pieces == list(tiny_weights.PIECES)
    np.testing.assert_array_equal(file.scores, -np.arange(len(tiny_weights.PIECES)))


def test_every_weight_has_the_value_that_its_blocks_mean(made):
    content, meant = made
    file = q4_file.parse(content, "here")
    words = file.rows(q4_file.WORDS, tiny_weights.HIDDEN)
    found = q4_file.bert_weights(file, words)
    assert sorted(found) == sorted([*meant, "pooler.dense.weight", "pooler.dense.bias"])
    for name, value in meant.items():
        assert found[name].shape == value.shape, name
        np.testing.assert_allclose(found[name], value, atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(found["pooler.dense.weight"], np.eye(tiny_weights.HIDDEN))


def test_some_rows_of_a_matrix(made):
    file = q4_file.parse(made[0], "here")
    which = np.array([7, 0, 7])
    np.testing.assert_array_equal(
        file.rows(q4_file.WORDS, tiny_weights.HIDDEN, which), file.rows(q4_file.WORDS, tiny_weights.HIDDEN)[which]
    )


@pytest.mark.parametrize("content", [b"", b"GGUF" + b"\0" * 99, "cut"], ids=["empty", "another form", "cut"])
def test_another_form_is_refused(made, content):
    with pytest.raises(UserError, match=r"^here: damaged, or of another form"):
        q4_file.parse(made[0][:200] if content == "cut" else content, "here")


def test_a_missing_tensor_is_named(made):
    file = q4_file.parse(made[0], "here")
    with pytest.raises(UserError, match=r"no tensor l9.q.b"):
        file.vector("l9.q.b")
