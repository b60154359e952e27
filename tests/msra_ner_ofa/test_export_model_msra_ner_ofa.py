# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""export_model_msra_ner_ofa.py: which options are refused, and what is left out."""

import common  # noqa: F401  before paddle

import paddle
import pytest
from calls import call
from tiny_ner import export_words


def test_none_makes_no_static_model(tiny, compressed, tmp_path):
    words = export_words(tiny, compressed / "model_0.5", tmp_path, static_sub_model="None", int8=None)
    assert call("export_model_msra_ner_ofa", *words).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["dynamic_model"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width_mult": 1.0}, "--width_mult 1: but"),
        ({"width_mult": 0.0}, "--width_mult: 0 is not in (0, 1]"),
        ({"static_sub_model": "None"}, "--int8 needs --static_sub_model DIR"),
        ({"data_dir": None}, "--int8 needs --static_sub_model DIR, and --data_dir DIR"),
        ({"n_gpu": 2}, "--n_gpu must be 0 (CPU) or 1"),
        ({"device": "gpu"}, "--n_gpu 0 and --device gpu contradict each other"),
        ({"input_dtype": "int8"}, "--input_dtype must be int64 or int32"),
        ({"model_type": "ernie"}, "--model_type ernie: but"),
        ({"gate_engines": ("padle", "onnxruntime")}, "`padle` (did you mean `paddle`?)"),
        ({"gate_engines": ("paddle",)}, "--gate_engines needs onnxruntime"),
    ],
)
def test_bad_export_options(tiny, compressed, tmp_path, changes, message):
    ended = call("export_model_msra_ner_ofa", *export_words(tiny, compressed / "model_0.5", tmp_path, **changes))
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1, ended.err


def test_a_gpu_that_is_not_there_is_refused(tiny, compressed, tmp_path):
    if paddle.is_compiled_with_cuda():
        pytest.skip("this Paddle has GPU support")
    ended = call("export_model_msra_ner_ofa", *export_words(tiny, compressed / "model_0.5", tmp_path, n_gpu=1))
    assert ended.code == 3


def test_the_sub_model_is_not_written_over_its_source(tiny, compressed):
    source = compressed / "model_0.5"
    words = export_words(tiny, source, source, sub_model_output_dir=source)
    ended = call("export_model_msra_ner_ofa", *words)
    assert ended.code == 2 and "the model itself; name another folder" in ended.err
