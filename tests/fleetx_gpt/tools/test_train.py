# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What tools/train.py says to wrong input: one line on stderr, and nothing is left half written."""

import numpy as np
import pytest
from calls import call
from refusals import SMALL, refusal


def newest(output):
    return max(output.glob("epoch_*_step_*"), key=lambda path: int(path.name.rpartition("_")[2]))


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
    assert message in refusal("train", tmp_path / "out", f"Data.Train.dataset.input_dir={tmp_path / name}")
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
        assert message in refusal(tool, tmp_path / "out", *words), (tool, words)
    (tmp_path / "file").write_text("x")
    words = [f"Data.Train.dataset.input_dir={data / 'data'}", "Engine.max_steps=1"]
    assert "is a file, expected a folder" in refusal("train", tmp_path / "file", *words)


def test_a_missing_teacher(data, dense, tmp_path):
    words = [f"Data.Train.dataset.input_dir={data / 'data'}", f"Compress.pretrained={dense}"]
    words += ["Compress.Distillation.enable=True"]
    key = "Compress.Distillation.Teacher.save_load.ckpt_dir"
    assert f"no such checkpoint folder ({key})" in refusal("train", tmp_path, *words, f"{key}=nowhere")
    said = refusal("train", tmp_path, *words, "Compress.Distillation.Teacher.Model.hidden_size=64")
    assert "Compress.Distillation.Teacher.Model.hidden_size: is 64, but" in said


def test_a_machine_that_lacks_something(data, tmp_path):
    words = [f"Data.Train.dataset.input_dir={data / 'data'}"]
    assert "has no gpu" in refusal("train", tmp_path, *words, "Global.device=gpu", code=3)
    assert "half precision needs a GPU" in refusal(
        "train", tmp_path, *words, "Engine.mix_precision.enable=True", code=3
    )


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
        said = refusal(
            "train", tmp_path / "out", f"Data.Train.dataset.input_dir={tmp_path / name}.npz", config="vit_tiny"
        )
        assert message in said, name
