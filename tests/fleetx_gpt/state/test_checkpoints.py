# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Checkpoint folders: written whole, checked when they are opened."""

import json
import shutil

import common  # noqa: F401  before paddle
from common.cli import UserError

import numpy as np
import pytest
from fleetx.models.build import build
from fleetx.models.shape import Shape
from fleetx.settings.settings import Settings
from fleetx.state import checkpoints, weights
from refusals import refusal
from small_networks import answer, ids, small, vit


@pytest.fixture(scope="module")
def broken(dense, tmp_path_factory):
    """Copies of a checkpoint, each with one fault, by name."""
    top = tmp_path_factory.mktemp("broken")

    def one(name, change):
        folder = shutil.copytree(newest(dense), top / name)
        change(folder)
        return folder

    def cut(name):
        return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-40])

    def say(**changes):
        def change(folder):
            manifest = json.loads((folder / "manifest.json").read_text())
            (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))

        return change

    return {
        "cut off": one("weights", cut("model.safetensors")),
        "no weights": one("missing", lambda folder: (folder / "model.safetensors").unlink()),
        "half a manifest": one("half", cut("manifest.json")),
        "another form": one("form", say(form=99)),
        "no sizes": one("sizes", say(model={})),
        "wrong shape": one("shape", say(shape={"heads": [4], "ffn": [128], "head_size": 8})),
        "other sizes": one("other", say(shape={"heads": [3, 4], "ffn": [128, 128], "head_size": 8})),
        "no tokenizer": one("tokenizer", lambda folder: (folder / "merges.txt").unlink()),
    }


def newest(output):
    return max(output.glob("epoch_*_step_*"), key=lambda path: int(path.name.rpartition("_")[2]))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cut off", "model.safetensors: its sha256 is not the manifest's; the file is damaged, restore it"),
        ("no weights", "model.safetensors: no such file, though the manifest lists it"),
        ("half a manifest", "manifest.json:"),
        ("another form", "not a manifest of form 1; train or convert the model again"),
        ("wrong shape", "describes no model: as many heads and channels as layers are needed; restore it"),
        ("other sizes", "qkv_proj.weight has the shape [32, 96], the manifest says [32, 72]"),
        ("no tokenizer", "merges.txt: no such file, though the manifest lists it"),
    ],
)
@pytest.mark.parametrize("tool", ["train", "eval", "export"])
def test_a_broken_checkpoint_is_refused_by_name(data, broken, tmp_path, tool, name, message):
    key = "Compress.pretrained" if tool == "train" else "Engine.save_load.ckpt_dir"
    words = [f"{key}={broken[name]}", f"Data.Train.dataset.input_dir={data / 'data'}"]
    words += [f"Offline_Eval.eval_path={data / 'cloze.jsonl'}", f"Inference.model_dir={tmp_path / 'exported'}"]
    assert message in refusal(tool, tmp_path, *words)
    assert not (tmp_path / "exported").exists() and not list(tmp_path.glob("epoch_*"))


def test_a_manifest_without_sizes(broken, tmp_path, data):
    said = refusal(
        "eval", tmp_path, f"Engine.save_load.ckpt_dir={broken['no sizes']}", f"Offline_Eval.eval_path={data}"
    )
    assert "manifest.json" in said


def test_a_configuration_and_a_checkpoint_agree(tmp_path):
    checkpoints.write(tmp_path, build(small()), small(), None, progress={})
    found = checkpoints.open_folder(tmp_path)
    settings = Settings(Model=small(vocab_size=64, vocab_size_divisible_unit=64, hidden_dropout_prob=0.5))
    settings.places = {"Model.vocab_size": "a.yaml:3", "Model.hidden_size": "a.yaml:4"}
    model = checkpoints.agreed(settings, found)
    assert model.vocab_size == 50 and model.hidden_dropout_prob == 0.5  # 50 rows padded are 64
    settings.Model.vocab_size = 65
    with pytest.raises(UserError, match=r"a.yaml:3: Model.vocab_size: is 65, but .* has 50"):
        checkpoints.agreed(settings, found)
    settings.Model = vit(hidden_size=16)
    settings.places = {"Model.module": "a.yaml:1"}
    with pytest.raises(UserError, match=r"a.yaml:1: Model.module: GeneralClsModule, but .* is a GPT"):
        checkpoints.agreed(settings, found)


def test_checkpoints_are_checked(tmp_path):
    network = build(small(), Shape((3, 1), (64, 10), 4))
    checkpoints.write(tmp_path / "epoch_0_step_4", network, small(), None, progress={"step": 4})
    checkpoints.write(tmp_path / "epoch_0_step_12", network, small(), None, progress={"step": 12})
    (tmp_path / "epoch_1_step_90").mkdir()  # not whole
    found = checkpoints.open_folder(tmp_path)
    assert found.progress == {"step": 12} and found.shape == network.shape
    np.testing.assert_array_equal(answer(found.network(), ids()), answer(network, ids()))
    checkpoints.keep_newest(tmp_path, 1)
    assert [path.name for path in checkpoints.inside(tmp_path)] == ["epoch_0_step_12"]

    store = tmp_path / "epoch_0_step_12" / "model.safetensors"
    store.write_bytes(store.read_bytes()[:-4])
    with pytest.raises(UserError, match=r"model.safetensors: its sha256 is not the manifest's"):
        checkpoints.open_folder(tmp_path)
    with pytest.raises(UserError, match=r"damaged or not a weights file"):
        weights.read(store)
    with pytest.raises(UserError, match=r"holds no checkpoint"):
        checkpoints.open_folder(tmp_path / "epoch_1_step_90")
    with pytest.raises(UserError, match=r"no such checkpoint folder"):
        checkpoints.open_folder(tmp_path / "nowhere")


def test_an_unfinished_checkpoint_leaves_the_last_whole_one(tmp_path, monkeypatch):
    checkpoints.write(tmp_path / "epoch_0_step_4", build(small()), small(), None, progress={"step": 4})

    def full(arrays, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights, "save", full)
    for step in (4, 8):
        with pytest.raises(OSError, match=r"No space left"):
            checkpoints.write(tmp_path / f"epoch_0_step_{step}", build(small()), small(), None, progress={"step": step})
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_0_step_4"]
    assert checkpoints.open_folder(tmp_path).progress == {"step": 4}
