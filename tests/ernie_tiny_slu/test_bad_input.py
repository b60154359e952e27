# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What bad input gets: one line, what is wrong, where and how to mend it; exit code 2, or 3 for the environment."""

import json
import os
import re
import shutil
import subprocess
import sys

from common import files

import infer_demo
import paddle
import pytest
import tiny_app
from calls import Ended, run
from tiny_app import APP, DATA, words

GOOD = "7\t放红豆\tmusic.play\t放<song>红豆</song>\n"
HAS_GPU = paddle.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0
TRAIN = ["--do_train", "--max_steps", "1", "--save_steps", "1"]


def refused(ended: Ended, *parts: str, code: int = 2) -> None:
    """One line on stderr with all of the parts, and the exit code."""
    assert ended.code == code, ended.err or ended.out
    lines = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and ended.err.rstrip("\n").endswith(lines[0])
    for part in parts:
        assert part in lines[0]
    assert "Traceback" not in ended.err


def write(path, content: str):
    path.write_text(content, encoding="utf-8", newline="")
    return path


def copy_of(folder, target):
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("checkpoint-*", "bundle", "infer_*"))
    return target


# --- data files


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7\t放红豆\tmusic.play", ":2: expected 4 tab-separated fields, got 3"),
        ("7\t放红豆\tmusic.play\t放红豆\t5", ":2: expected 4 tab-separated fields, got 5"),
        ("7\t放\tmusic.plya\t放", ":2: unknown intent `music.plya` (did you mean `music.play`?)"),
        ("7\t放红豆\tmusic.play\t放<sogn>红豆</sogn>", "unknown slot `sogn` (did you mean `song`?)"),
        ("7\t放红豆\tmusic.play\t放<song>红豆", "<song> is not closed; write </song>"),
        ("7\t放红豆\tmusic.play\t放<singer><song>红豆</song></singer>", "slots do not nest"),
        ("7\t放红豆\tmusic.play\t放<song>红</song>", "column 4 without its marks is `放红`, but the query (column 2)"),
        ("7\t \tmusic.play\t ", ":2: the query (column 2) is empty"),
        ("7\t\u200b\tmusic.play\t\u200b", ":2: the query (column 2) is empty"),
    ],
)
def test_a_bad_line_stops_the_training_before_it_begins(tiny, tmp_path, line, message):
    path = write(tmp_path / "bad.txt", GOOD + line + "\n")
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, train_path=path))
    refused(ended, f"{path}:2", message, "--skip_bad_lines")
    assert not list((tmp_path / "out").glob("checkpoint-*"))


def test_skipped_lines_are_counted_and_the_first_ten_listed(tiny, tmp_path):
    path = write(tmp_path / "bad.txt", tiny.train.read_text("utf-8") + "only one\n" * 12)
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, "--skip_bad_lines", train_path=path))
    assert ended.code == 0, ended.err
    assert f"{path}: left out 12 of 87 lines, the first 10:" in ended.err
    assert f"{path}:76: expected 4" in ended.err and f"{path}:85: expected 4" in ended.err
    assert f"{path}:86:" not in ended.err


def test_only_bad_lines_are_no_data(tiny, tmp_path):
    path = write(tmp_path / "bad.txt", "only one\n")
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, "--skip_bad_lines", train_path=path))
    refused(ended, f"{path}: no good line in it; expected 4 tab-separated fields a line")


def test_a_file_that_is_not_utf8(tiny, tmp_path):
    path = tmp_path / "gbk.txt"
    path.write_bytes(tiny.train.read_text("utf-8").encode("gb18030"))
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, train_path=path))
    refused(ended, f"{path}:1: byte 2 (0x", "is not UTF-8, it looks like gb18030; convert it, for example: iconv")


def test_a_missing_data_file_is_named_with_what_is_there(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, train_path=tiny.folder / "trains.txt"))
    refused(ended, f"{tiny.folder}/trains.txt: no such data file", "holds: dev.txt, pretrained, train.txt")
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, "--overwrite_output_dir", dev_path=tiny.folder))
    refused(ended, f"{tiny.folder}: is a folder, expected a data file")


def test_cut_texts_are_counted(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, max_seq_length=6))
    assert ended.code == 0, ended.err
    cuts = re.findall(r"(\d+) of (\d+) texts are cut at 6 tokens, (\d+) lose part of a slot", ended.err)
    assert [total for _, total, _ in cuts] == ["75", "25"]
    assert all(0 < int(lost) <= int(cut) < int(total) for cut, total, lost in cuts)
    ended = tiny_app.train(words(tiny, tmp_path / "b", *TRAIN, max_seq_length=40))
    assert "are cut at" not in ended.err


@pytest.mark.parametrize(
    ("flag", "content", "message"),
    [
        ("slot", "O\nB-song\n\nI-song\n", ":3: blank line in a label file"),
        ("slot", "O\nB-song\nI-song\nB-song\n", ":4: label `B-song` stands already in line 2"),
        ("slot", "O\nsong-B\nsong-I\n", ":2: the prefix of `song-B` stands last; write `B-song`"),
        ("slot", "O\nB-song\nI-song\nI-age\n", ":4: `I-age` without `B-age`"),
        ("slot", "B-song\nI-song\n", ": no label `O`"),
        ("slot", "", ": the label file is empty"),
        ("intent", "music.play\nmusic.play\n", ":2: label `music.play` stands already in line 1"),
        ("intent", "music.play \n", ":1: white space before or after the label `music.play`"),
    ],
)
def test_faulty_label_files(tiny, tmp_path, flag, content, message):
    path = write(tmp_path / "labels.txt", content)
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, **{f"{flag}_label_path": path}))
    refused(ended, f"{path}{message}")
    assert not list((tmp_path / "out").glob("checkpoint-*"))


# --- models


def test_a_missing_checkpoint_is_named_with_what_is_there(tiny, trained, tmp_path):
    wrong = f"{trained}/checkpoint-77"
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=wrong))
    refused(ended, f"{wrong}: no such checkpoint folder", "holds: bundle, checkpoint-100, checkpoint-150")


@pytest.mark.parametrize("missing", ["config.json", "model_state.pdparams", "vocab.txt"])
@pytest.mark.parametrize("kind", ["pretrained", "ours"])
def test_an_incomplete_model_folder_names_what_is_missing(tiny, trained, tmp_path, missing, kind):
    folder = copy_of(tiny.pretrained if kind == "pretrained" else trained, tmp_path / "model")
    (folder / missing).unlink()
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=folder))
    refused(ended, f"{folder}/{missing}: no such", "holds: ")


@pytest.mark.parametrize("kind", ["pretrained", "ours"])
@pytest.mark.parametrize("damage", ["cut", "text"])
def test_damaged_weights(tiny, trained, tmp_path, kind, damage):
    folder = copy_of(tiny.pretrained if kind == "pretrained" else trained, tmp_path / "model")
    path = folder / "model_state.pdparams"
    path.write_bytes(path.read_bytes()[:5000] if damage == "cut" else b"version https://git-lfs.github.com/spec/v1\n")
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=folder))
    refused(ended, f"{path}: damaged or not a weights file")


@pytest.mark.parametrize("kind", ["pretrained", "ours"])
def test_a_damaged_config(tiny, trained, tmp_path, kind):
    folder = copy_of(tiny.pretrained if kind == "pretrained" else trained, tmp_path / "model")
    text = (folder / "config.json").read_text("utf-8")
    write(folder / "config.json", text[: len(text) // 2])
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=folder))
    refused(ended, f"{folder}/config.json:", "not JSON")


@pytest.mark.parametrize("kind", ["pretrained", "ours"])
def test_vocabulary_and_word_table_of_different_size(tiny, trained, tmp_path, kind):
    folder = copy_of(tiny.pretrained if kind == "pretrained" else trained, tmp_path / "model")
    with open(folder / "vocab.txt", "a", encoding="utf-8") as stream:
        stream.write("多\n")
    rows = files.read_json(folder / "config.json")["vocab_size"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=folder))
    refused(ended, f"{folder}/vocab.txt: {rows + 1} tokens, but the model's word table has {rows} rows")


def test_a_pretrained_table_of_another_size_than_its_config(tiny, tmp_path):
    folder = copy_of(tiny.pretrained, tmp_path / "model")
    config = files.read_json(folder / "config.json")
    files.write_json(folder / "config.json", config | {"vocab_size": 290})
    ended = tiny_app.train(words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=folder))
    refused(ended, str(folder), "280", "290")


def test_labels_and_heads_of_different_width(tiny, trained, tmp_path):
    path = write(tmp_path / "intents.txt", (DATA / "intent_label.txt").read_text("utf-8").rstrip() + "\nnew\n")
    run = words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=trained, intent_label_path=path)
    refused(tiny_app.train(run), f"{trained}: intent_dim is 11 in this checkpoint, but 12 labels are given")


def test_longer_than_the_position_table(tiny, trained, tmp_path):
    run = words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=trained, max_seq_length=17)
    refused(tiny_app.train(run), "--max_seq_length 17: the model's position table has 16 rows")
    run = words(tiny, tmp_path / "out", *TRAIN, "--prune_embeddings", max_seq_length=41)
    refused(tiny_app.train(run), "--max_seq_length 41: the model's position table has 40 rows")


def test_an_unknown_architecture_from_scratch(tiny, tmp_path):
    more = [*TRAIN, "--from_scratch"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more, model_name_or_path="ernie-3.0-tiny-nono-v2-zh"))
    refused(ended, "--from_scratch knows no architecture `ernie-3.0-tiny-nono-v2-zh`")


def test_a_model_name_without_network(tiny, tmp_path):
    """In a process of its own, with a proxy nobody answers at: also that `error:` really is all the shell gets."""
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    run = words(tiny, tmp_path / "out", *TRAIN, model_name_or_path="ernie-3.0-tiny-nano-v2-zh")
    environment = {**os.environ, **nowhere, "PPNLP_HOME": str(tmp_path / "hub"), "HF_HOME": str(tmp_path / "hf")}
    ended = subprocess.run(
        [sys.executable, str(APP / "run_train.py"), *run], env=environment, capture_output=True, text=True, timeout=300
    )
    found = Ended(ended.returncode, ended.stdout, ended.stderr)
    refused(found, "ernie-3.0-tiny-nano-v2-zh", "reachable", "--model_name_or_path DIR", "--from_scratch")


# --- the run


def test_a_loss_that_is_not_a_number(tiny, tmp_path):
    run = words(tiny, tmp_path / "out", "--do_train", max_steps=30, save_steps=30, learning_rate=1e30, max_grad_norm=0)
    ended = tiny_app.train(run)
    assert re.search(r"error: the loss is (nan|inf) at step \d+; lower --learning_rate", ended.err)
    refused(ended)


def test_a_folder_that_is_not_empty_is_left_alone(tiny, tmp_path):
    note = write(tmp_path / "out.txt", "mine")
    (tmp_path / "out").mkdir()
    note.rename(tmp_path / "out" / "notes.txt")
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN))
    refused(ended, f"{tmp_path}/out is not empty; pass --overwrite_output_dir or --resume_from_checkpoint last")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, "--overwrite_output_dir"))
    assert ended.code == 0, ended.err
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_resuming_from_nothing(tiny, tmp_path):
    more = [*TRAIN, "--resume_from_checkpoint", tmp_path / "out" / "checkpoint-5"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more))
    refused(
        ended, "--resume_from_checkpoint", "checkpoint-5: not a whole checkpoint; the newest whole one is not there"
    )


def test_resuming_another_configuration(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN))
    assert ended.code == 0, ended.err
    more = ["--do_train", "--resume_from_checkpoint", "last", "--max_steps", "2", "--save_steps", "1"]
    ended = tiny_app.train(words(tiny, tmp_path / "out", *more))
    refused(ended, "--max_steps is 2, but", "checkpoint-1 comes from a run with 1", "pass --max_steps 1")


@pytest.mark.skipif(HAS_GPU, reason="a GPU is here")
def test_a_gpu_that_is_not_there(tiny, trained, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, "--device", "gpu"))
    refused(ended, "--device gpu: this Paddle or this machine has none; pass --device cpu", code=3)
    run = ["--infer_prefix", trained / "infer_model", "--test_path", tiny.dev, "--do_eval", "--device", "gpu"]
    refused(tiny_app.evaluate(run), "paddle: this Paddle was built without GPU", "--device cpu", code=3)


def test_a_device_that_does_not_exist(tiny, trained, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, "--device", "tpu"))
    refused(ended, "--device must be cpu, gpu or xpu, got tpu")
    run = ["--infer_prefix", trained / "infer_model", "--test_path", tiny.dev, "--device", "cqu"]
    refused(tiny_app.evaluate(run), "unknown device `cqu` (did you mean `cpu`?)")


# --- serving


def demo(*arguments) -> Ended:
    return run(infer_demo.main, infer_demo.Options, arguments)


def test_a_forbidden_engine_cell_names_one_to_take(chain):
    bundle = chain / "width_mult_0.75_qat_embeddings" / "bundle"
    ended = demo("--model_dir", bundle, "--backend", "paddle_lite", "--text", "放红豆")
    refused(ended, "paddlelite on cpu is not allowed with int8", "take onnxruntime here")


def test_a_backend_that_needs_a_gpu(trained):
    ended = demo("--model_dir", trained / "bundle", "--backend", "tensorrt", "--text", "放红豆")
    refused(ended, "--backend tensorrt needs --device gpu, got --device cpu")


@pytest.mark.skipif(HAS_GPU, reason="a GPU is here")
def test_a_demo_on_a_gpu_that_is_not_there(trained):
    ended = demo("--model_dir", trained / "bundle", "--device", "gpu", "--text", "放红豆")
    refused(ended, "onnxruntime: this onnxruntime has no CUDAExecutionProvider", "take --device cpu", code=3)


def test_a_tampered_bundle_is_refused_before_it_is_opened(trained, tmp_path):
    shutil.copytree(trained / "bundle", tmp_path / "bundle")
    (tmp_path / "bundle" / "model.onnx").write_bytes(b"\0" * (trained / "bundle" / "model.onnx").stat().st_size)
    ended = demo("--model_dir", tmp_path / "bundle", "--text", "放红豆")
    refused(ended, "model.onnx: sha256", "but the manifest says")


def test_a_manifest_of_another_type_of_ids(trained, tmp_path):
    shutil.copytree(trained / "bundle", tmp_path / "bundle")
    manifest = files.read_json(tmp_path / "bundle" / "manifest.json")
    manifest["inputs"][0]["dtype"] = "int32"
    files.write_json(tmp_path / "bundle" / "manifest.json", manifest)
    ended = demo("--model_dir", tmp_path / "bundle", "--text", "放红豆")
    refused(ended, "`input_ids` is int64, but the manifest says int32; export the bundle again")


def test_serving_answers_whatever_it_is_asked(trained, tmp_path):
    """Empty, blank, unknown, long and broken texts get an answer each."""
    path = write(tmp_path / "texts.txt", "\n \n\u3000\n\u200b\n@@\n" + "放红豆" * 20 + "\n放红豆\0😀\n")
    ended = subprocess.run(
        [sys.executable, APP / "deploy/python/infer_demo.py", "--model_dir", trained / "bundle", "--input_file", path],
        capture_output=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    answers = [json.loads(line) for line in ended.stdout.decode("utf-8").splitlines()]
    assert [answer.get("reason") for answer in answers] == ["empty"] * 5 + [None, None]
    assert answers[5]["truncated"] is True and answers[6]["intent"] == "music.play"


def test_debug_shows_where_it_happened(tiny, tmp_path):
    ended = tiny_app.train(words(tiny, tmp_path / "out", *TRAIN, "--debug", train_path=tmp_path / "none.txt"))
    assert ended.code == 2 and "Traceback" in ended.err and ended.err.splitlines()[-1].startswith("error: ")


def test_the_whole_of_stderr_is_one_line(tmp_path):
    """Nothing that PaddleNLP's import warns of stands before the error."""
    command = [sys.executable, APP / "run_train.py", "--do_eval", "--device", "gpu", "--output_dir", tmp_path / "out"]
    ended = subprocess.run(
        [*command, "--dev_path", APP / "data/dev.txt"], cwd=APP, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 3
    assert ended.stderr.splitlines() == ["error: --device gpu: this Paddle or this machine has none; pass --device cpu"]
