# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What the tools say to wrong input: one line on stderr, exit code 2 (or 3), and nothing is left half written."""

import json
import shutil

import numpy as np
import pytest
import tiny
from calls import call

SMALL = tiny.CONFIGS / "small"


def told(tool, folder, *words, config="gpt_tiny", code=2):
    """What a tool says on stderr; its exit code and that it is one line are looked at here."""
    path = config if "/" in str(config) else SMALL / f"{config}.yaml"
    given = [word for each in ("Data.Eval.dataset.input_dir=None", *words) for word in ("-o", each)]
    ended = call(f"tools.{tool}", "-c", path, "-o", f"Engine.save_load.output_dir={folder}", *given)
    assert ended.code == code, f"{ended.code}\n{ended.out}\n{ended.err}"
    lines = [line for line in ended.err.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1 and lines[0].startswith("error: "), ended.err
    return lines[0].removeprefix("error: ")


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
    assert message in told(tool, tmp_path, *words)
    assert not (tmp_path / "exported").exists() and not list(tmp_path.glob("epoch_*"))


def test_a_manifest_without_sizes(broken, tmp_path, data):
    said = told("eval", tmp_path, f"Engine.save_load.ckpt_dir={broken['no sizes']}", f"Offline_Eval.eval_path={data}")
    assert "manifest.json" in said


TEXTS = {
    "empty.txt": (b"", "empty.txt: is empty"),
    "blank.txt": (b" \n\n", "blank.txt: is empty"),
    "latin.txt": ("abc\xe9 d\xe8".encode("latin-1"), "latin.txt:1: byte 3 (0xe9) is not UTF-8, it looks like"),
    "utf16.txt": ("words".encode("utf-16"), "is not UTF-8, it looks like utf-16"),
    "rows.jsonl": (
        b'{"text": "a b"}\n{"txt": "a"}\n',
        'rows.jsonl:2: expected {"text": "\xe2\x80\xa6"}'.encode("latin-1").decode(),
    ),
    "short.txt": (b"a few words only", "rows make no step of 8"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_bad_texts(tmp_path, name):
    content, message = TEXTS[name]
    (tmp_path / name).write_bytes(content)
    assert message in told("train", tmp_path / "out", f"Data.Train.dataset.input_dir={tmp_path / name}")
    assert not (tmp_path / "out").exists()


def test_odd_characters_are_text(tmp_path):
    """A byte-order mark, CRLF, NUL, full-width forms and emoji are learnt like anything else, and come back."""
    text = "\ufeffＡ１ 你好\r\n\x00 🎉 " * 200
    (tmp_path / "odd.txt").write_text(text, encoding="utf-8", newline="")
    words = ("-c", SMALL / "gpt_tiny.yaml", "-o", f"Data.Train.dataset.input_dir={tmp_path / 'odd.txt'}")
    words += ("-o", f"Engine.save_load.output_dir={tmp_path / 'out'}", "-o", "Engine.max_steps=1")
    words += ("-o", "Data.Eval.dataset.input_dir=None")
    assert call("tools.train", *words).code == 0
    from fleetx.inputs.tokenizer import BytePairs

    tokenizer = BytePairs.of_folder(newest(tmp_path / "out"))
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_places_that_are_not_there(data, dense, tmp_path):
    for tool, words, message in (
        ("train", ["Data.Train.dataset.input_dir=None"], "Data.Train.dataset.input_dir: is missing; name a text file"),
        ("train", [f"Data.Train.dataset.input_dir={tmp_path / 'none'}"], "no such text file or folder"),
        ("train", [f"Data.Train.dataset.input_dir={tmp_path}"], "holds no .txt and no .jsonl file"),
        ("train", ["Engine.save_load.ckpt_dir=nowhere"], "no such checkpoint folder (Engine.save_load.ckpt_dir)"),
        ("train", [f"Compress.pretrained={tmp_path}"], "Compress.pretrained: "),
        ("eval", [], "Engine.save_load.ckpt_dir: is missing; name a checkpoint"),
        ("eval", [f"Engine.save_load.ckpt_dir={dense}"], "Offline_Eval.eval_path: is missing; name what is scored"),
        ("export", [], "Engine.save_load.ckpt_dir: is missing; name a checkpoint"),
        ("inference", ["Inference.model_dir=nowhere"], "no such exported model (Inference.model_dir)"),
        ("inference", [f"Inference.model_dir={dense}"], "Inference.model_dir is what tools/export.py wrote"),
    ):
        assert message in told(tool, tmp_path / "out", *words), (tool, words)
    (tmp_path / "file").write_text("x")
    words = [f"Data.Train.dataset.input_dir={data / 'data'}", "Engine.max_steps=1"]
    assert "is a file, expected a folder" in told("train", tmp_path / "file", *words)


def test_a_missing_teacher(data, dense, tmp_path):
    words = [f"Data.Train.dataset.input_dir={data / 'data'}", f"Compress.pretrained={dense}"]
    words += ["Compress.Distillation.enable=True"]
    key = "Compress.Distillation.Teacher.save_load.ckpt_dir"
    assert f"no such checkpoint folder ({key})" in told("train", tmp_path, *words, f"{key}=nowhere")
    said = told("train", tmp_path, *words, "Compress.Distillation.Teacher.Model.hidden_size=64")
    assert "Compress.Distillation.Teacher.Model.hidden_size: is 64, but" in said


def test_a_machine_that_lacks_something(data, tmp_path):
    words = [f"Data.Train.dataset.input_dir={data / 'data'}"]
    assert "has no gpu" in told("train", tmp_path, *words, "Global.device=gpu", code=3)
    assert "half precision needs a GPU" in told("train", tmp_path, *words, "Engine.mix_precision.enable=True", code=3)


def test_bad_images(data, tmp_path):
    random = np.random.default_rng(0)
    pixels, labels = random.integers(0, 256, (30, 32, 32, 3)).astype("uint8"), random.integers(0, 10, 30)
    for name, arrays, message in (
        ("names", {"images": pixels}, "not a .npz with train_images and train_labels"),
        ("dtype", {"train_images": pixels / 2, "train_labels": labels}, "train_images is float64"),
        ("side", {"train_images": pixels[:, :9], "train_labels": labels}, "expected uint8 [rows, side, side, colours]"),
        ("count", {"train_images": pixels, "train_labels": labels[:5]}, "30 images, but 5 labels"),
        ("label", {"train_images": pixels, "train_labels": labels + 7}, "but Model.num_classes is 10"),
    ):
        np.savez(tmp_path / f"{name}.npz", **arrays)
        said = told("train", tmp_path / "out", f"Data.Train.dataset.input_dir={tmp_path / name}.npz", config="vit_tiny")
        assert message in said, name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [*x]\n", "run.yaml: nested too deep, or a part that contains itself"),
        ("a: " + "[" * 120 + "\n", "run.yaml: nested too deep"),
        ("a: !!python/object:os.system x\n", "run.yaml:1: `x`: could not determine a constructor"),
        (
            "Compress: {Prune: {enable: True, ratio: .nan}}\n",
            "Compress.Prune.ratio: must be above 0 and below 1, got nan",
        ),
        ("Optimizer: {lr: {max_lr: -1}}\n", "run.yaml:1: Optimizer.lr.max_lr: must be above 0, got -1"),
        ("Engine: {max_steps: 1e3}\n", "run.yaml:1: Engine.max_steps: expected a whole number, got `1e3`"),
        ("Model: {hidden_size: }\n", "run.yaml:1: Model.hidden_size: expected a whole number, got `None`"),
    ],
)
def test_bad_yaml_ends_with_one_line(tmp_path, text, message):
    (tmp_path / "run.yaml").write_text(text)
    assert message in told("train", tmp_path / "out", config=tmp_path / "run.yaml")


def test_a_config_that_is_no_file(tmp_path):
    assert "no such configuration" in told("train", tmp_path, config=tmp_path / "none.yaml")
    assert "is a folder, expected a configuration" in told("train", tmp_path, config=tmp_path)


def test_measure_and_collect(tmp_path, dense):
    given = ["-c", SMALL / "gpt_tiny.yaml", "--eval_path", "x", "--output", tmp_path / "out.json", "--stages"]
    for words, message in (
        (["int8=x"], "--stages: the original comes first"),
        (["original"], "--stages: `original` is not NAME=FOLDER"),
        (["original=x", "original=y"], "--stages: original is there twice"),
        (["original=x", "narrow=y"], "`narrow` is none of original, "),
        (["original=nowhere"], "no such exported model (Inference.model_dir)"),
        (["original=x", "--engines", "openvino"], "`openvino`"),
    ):
        ended = call("bench.measure", *given, *words)
        assert ended.code == 2 and message in ended.err and len(ended.err.splitlines()) == 1, ended.err
    ended = call("bench.collect", "--summary", tmp_path / "none.json", "--runs", tmp_path)
    assert ended.code == 2 and "no such summary" in ended.err
