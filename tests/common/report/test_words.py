# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

import json

from common.cli import UserError
from common.report import words
from common.report.words import WORDS, words_for

import pytest


def test_headings_in_both_languages():
    english, chinese = words_for("ernie_tiny_slu", "en"), words_for("ernie_tiny_slu", "zh")
    assert (english.heading("stage"), chinese.heading("stage")) == ("stage", "阶段")
    assert (english.heading("width_0.5_int8"), chinese.heading("width_0.5")) == ("width 0.5 + INT8", "宽度 0.5")
    assert english.heading("matthews_corr") == "matthews corr %"
    assert (english.cell("int8"), english.cell("SST-2")) == ("+ INT8 matmul", "SST-2")


def test_each_app_has_words_of_its_own():
    assert words_for("fleetx_gpt_vit", "en").heading("pruned") == "pruning 12.5 %"
    assert words_for("glue_ofa_bert_base", "zh").heading("task") == "任务"
    assert words_for("no_such_app", "en").entries == WORDS
    assert "slot_f1" not in words_for("glue_ofa", "en").entries


def test_the_longest_name_of_a_folder_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "REPOSITORY", tmp_path)
    for app in ("glue", "glue_ofa"):
        (tmp_path / app / "bench").mkdir(parents=True)
        (tmp_path / app / "bench" / "words.json").write_text(json.dumps({"who": [app, app]}))
    assert words_for("glue_ofa_large", "en").heading("who") == "glue_ofa"
    assert words_for("glue", "en").heading("who") == "glue"
    assert "who" not in words_for("gluexx", "en").entries


def test_words_of_another_form_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "REPOSITORY", tmp_path)
    (tmp_path / "app" / "bench").mkdir(parents=True)
    (tmp_path / "app" / "bench" / "words.json").write_text('{"who": ["one"]}')
    with pytest.raises(UserError, match=r"words\.json: who: expected \[English, Chinese\]"):
        words_for("app", "en")


def test_no_app_says_again_what_all_say():
    """A key that two apps need stands in WORDS, once."""
    own = {path: set(json.loads(path.read_text())) for path in words.REPOSITORY.glob("*/bench/words.json")}
    assert len(own) == 5
    every = [key for keys in own.values() for key in keys]
    assert len(every) == len(set(every)) and not set(every) & set(WORDS)
