# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_msra_ner_ofa.py: which options, models and folders are refused."""

import common  # noqa: F401  before paddle

import pytest
from calls import call
from tiny_ner import ofa_words


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width_mult_list": ("1.5",)}, "--width_mult_list: 1.5 is not in (0, 1]"),
        ({"width_mult_list": ("half",)}, "--width_mult_list: `half` is no number"),
        ({"width_mult_list": ("0.5", "0.50")}, "names a width twice"),
        ({"importance_batches": 0}, "--importance_batches must be at least 1"),
        ({"model_type": "ernie"}, "--model_type ernie: but"),
        ({"model_type": "bart"}, "--model_type `bart` (did you mean `bert`?)"),
        ({"task_name": "sst-2"}, "--task_name `sst-2`"),
        ({"model_name_or_path": "nowhere"}, "nowhere"),
    ],
)
def test_bad_options_are_one_line_with_exit_code_2(tiny, trained, tmp_path, changes, message):
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, tmp_path / "out", **changes))
    assert ended.code == 2 and message in ended.err and ended.err.count("\n") == 1, ended.err


def test_a_narrow_model_is_no_teacher(tiny, trained, compressed, tmp_path):
    words = ofa_words(tiny, trained, tmp_path / "out", model_name_or_path=compressed / "model_0.5")
    ended = call("run_msra_ner_ofa", *words)
    assert ended.code == 2 and "a model of the stage `width_0.5`" in ended.err


def test_the_results_of_a_run_are_not_overwritten_unasked(tiny, trained, compressed):
    ended = call("run_msra_ner_ofa", *ofa_words(tiny, trained, compressed))
    assert ended.code == 2 and "is not empty; pass --overwrite_output_dir" in ended.err
