# Copyright (c) the project's authors. Apache-2.0, see LICENSE.

import json

from common.cli import UserError
from common.report.publish import publish
from common.report.sections import ledger_text

import pytest
from summary_fixture import made_up_summary


def test_a_summary_is_written_and_shown(tmp_path, capsys):
    summary = made_up_summary()
    publish(summary, tmp_path / "summary.json")
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == summary
    assert capsys.readouterr().out == ledger_text(summary) + "\n"


def test_another_form_is_not_written(tmp_path):
    with pytest.raises(UserError, match="stages: is empty"):
        publish({**made_up_summary(), "stages": []}, tmp_path / "summary.json")
    assert not (tmp_path / "summary.json").exists()
