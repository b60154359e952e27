# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The list of keys."""

from tools import keys


def test_keys_are_listed(capsys):
    keys.main(keys.Options(below="Compress.Prune"))
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Compress.Prune.enable: False", "    Prune, then go on training."]
    assert "Compress.Prune.ratio: 0.125" in lines
