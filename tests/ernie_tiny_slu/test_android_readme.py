# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The folder's READMEs: the same commands in both languages, each of them run; what they name is there."""

import re

import android_tools
import pytest
from android_tools import ANDROID, script
from readmes import commands

README, CHINESE = ANDROID / "README.md", ANDROID / "README.zh-CN.md"


def test_both_languages_name_the_same_commands_and_places():
    assert commands(README) == commands(CHINESE)
    english, chinese = (re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8")) for path in (README, CHINESE))
    assert {word for word in english if not word.startswith("apt")} == {w for w in chinese if not w.startswith("apt")}


@pytest.mark.parametrize("command", commands(README))
def test_each_command(command, tmp_path):
    """With places of their own, so that nothing is left in the checkout; and a small bundle."""
    sh, name, *words = command.split()
    assert sh == "sh"
    places = {"BUILD": tmp_path / "build", "OUT": tmp_path / "slu.apk"}
    if name == "prepare_assets.sh":
        assert words == ["--bundle", "../../output/trained/bundle"]
        words = ["--bundle", android_tools.fixture_bundle(), "--output_dir", tmp_path / "model"]
    done = script(name, *words, cwd=ANDROID, **places)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_what_it_names_is_there():
    text = README.read_text(encoding="utf-8")
    for name in ("core", "app", "stubs", "paddle_lite.properties", "gradle/wrapper", "build.gradle"):
        assert f"`{name}/`" in text or f"`{name}`" in text
        assert (ANDROID / name).exists()
    assert "version '8.5.2'" in (ANDROID / "build.gradle").read_text() and "plugin 8.5.2" in text
    assert (
        "gradle-8.7-bin" in (ANDROID / "gradle/wrapper/gradle-wrapper.properties").read_text() and "Gradle 8.7" in text
    )
    assert "version=2.12\n" in (ANDROID / "paddle_lite.properties").read_text() and "v2.12" in text
