# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The .nb files of two small models on x86."""

from pathlib import Path

from common.cli import UserError
from common.engines import paddle_lite
from common.export import lite

import numpy as np
import pytest
from lite_programs import IDS, in_child


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("lite")
    in_child("build", folder)
    return folder


@pytest.fixture(scope="module")
def x86(folder) -> Path:
    return lite.convert(folder / "fp32.pdmodel", folder / "fp32.pdiparams", folder / "fp32.x86", "x86", False)


def test_x86_is_paddle(folder, x86):
    want = np.load(folder / "fp32.npz")
    model = paddle_lite.LiteModel(x86)
    assert x86 == folder / "fp32.x86.nb"
    for rows, columns in ((2, 6), (1, 4), (2, 6)):  # the shape may change from call to call
        intent, slot = model.run(IDS[:rows, :columns])
        assert slot.shape == (rows, columns, 5)
        np.testing.assert_allclose(intent, want["intent"][:rows], atol=1e-4)
        np.testing.assert_allclose(slot, want["slot"][:rows, :columns], atol=1e-4)


def test_answers_are_copies(x86):
    model = paddle_lite.LiteModel(x86)
    first = model.run(IDS)[0]
    kept = first.copy()
    model.run(IDS[::-1])
    assert np.array_equal(first, kept)


def test_only_int32_rows(x86):
    model = paddle_lite.LiteModel(x86)
    for ids in (IDS.astype(np.int64), IDS[0]):
        with pytest.raises(ValueError, match="int32"):
            model.run(ids)


def test_one_array_per_input(x86):
    model = paddle_lite.LiteModel(x86)
    assert model.input_names == ["input_ids"]
    for inputs in ((), (IDS, IDS)):
        with pytest.raises(ValueError, match=f"{len(inputs)} inputs, but the model has input_ids"):
            model.run(*inputs)


def test_arm_fp32_is_made_and_refused_on_x86(folder):
    made = lite.convert(folder / "fp32.pdmodel", folder / "fp32.pdiparams", folder / "fp32.arm", "arm", False)
    found = lite.kernels(made)
    assert found["arm", "fp32"] > 10 and not found["arm", "int8"]
    with pytest.raises(UserError, match="not converted for x86"):
        paddle_lite.LiteModel(made)
