# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_eval.py: the static model's scores and its answers in the document's form, with and without a bundle."""

import ast
import re
import shutil

from common import files

import numpy as np
import pytest
import tiny_app
from calls import Ended
from tiny_app import DATA

LABELS = ["--intent_label_path", DATA / "intent_label.txt", "--slot_label_path", DATA / "slot_label.txt"]
NAMES = ["accuracy", "intent_accuracy", "slot_accuracy", "slot_precision", "slot_recall", "slot_f1"]


def evaluate(folder, test_path, *more) -> Ended:
    return tiny_app.evaluate(["--infer_prefix", folder / "infer_model", "--test_path", test_path, *more])


@pytest.fixture(scope="module")
def bare(trained, tmp_path_factory):
    """The program and its weights alone, as PaddleNLP's Trainer exports them."""
    folder = tmp_path_factory.mktemp("bare")
    for ending in ("pdmodel", "pdiparams"):
        shutil.copy(trained / f"infer_model.{ending}", folder / f"infer_model.{ending}")
    return folder


@pytest.fixture
def mixed(tmp_path):
    """Ten rows of which seven are right: two intents and one slot are wrong on purpose."""
    lines = tiny_app.marked_lines()[:10]
    lines[0] = ("music.pause", lines[0][1])
    lines[1] = ("OTHERS", lines[1][1])
    lines[2] = ("music.play", re.sub("</?song>", "", lines[2][1]))
    path = tmp_path / "mixed.txt"
    files.write_text(path, tiny_app.corpus_text(lines))
    return path


def test_scores_one_a_line_and_written(trained, mixed, tmp_path):
    ended = evaluate(trained, mixed, "--do_eval", "--output_dir", tmp_path / "scores")
    assert ended.code == 0, ended.err
    lines = [line.split(": ") for line in ended.out.splitlines()]
    assert [name for name, _ in lines] == NAMES
    assert [value for _, value in lines] == ["0.7000", "0.8000", "0.9000", "0.9500", "1.0000", "0.9744"]
    written = files.read_json(tmp_path / "scores" / "eval_results.json")
    assert {name: f"{value:.4f}" for name, value in written.items()} == dict(lines)


def test_static_and_dynamic_graph_agree(trained, tiny, mixed, tmp_path):
    static = evaluate(trained, mixed, "--do_eval", "--output_dir", tmp_path)
    run = tiny_app.words(tiny, tmp_path / "out", "--do_eval", model_name_or_path=trained, dev_path=mixed)
    dynamic = tiny_app.train(run)
    scores = dict(re.findall(r"(\w+) ([\d.]+)", re.search("vocabulary, dev: (.*)", dynamic.out)[1]))
    scores.pop("loss")
    assert dict(line.split(": ") for line in static.out.splitlines()) == scores


@pytest.mark.parametrize("size", [1, 3, 512])
def test_the_batch_size_changes_nothing(trained, mixed, tmp_path, size):
    more = ["--do_eval", "--output_dir", tmp_path, "--per_device_eval_batch_size", size]
    assert evaluate(trained, mixed, *more).out.startswith("accuracy: 0.7000\n")


def test_an_int8_model_with_int8_tables(chain, tiny, tmp_path, capfd):
    ended = evaluate(chain / "width_mult_0.5_qat_embeddings", tiny.dev, "--do_eval", "--output_dir", tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("accuracy: 1.0000\n")
    assert "quantized" not in capfd.readouterr().out  # Paddle's own report belongs on stderr


def test_without_its_bundle_the_model_is_worth_the_same(trained, bare, mixed, tmp_path):
    ended = evaluate(bare, mixed, "--do_eval", "--output_dir", tmp_path, "--model_name_or_path", trained, *LABELS)
    assert ended.code == 0, ended.err
    assert ended.out == evaluate(trained, mixed, "--do_eval", "--output_dir", tmp_path).out


def test_an_int8_model_without_its_bundle(chain, tiny, tmp_path):
    folder = chain / "width_mult_0.75_qat_embeddings"
    for ending in ("pdmodel", "pdiparams"):
        shutil.copy(folder / f"infer_model.{ending}", tmp_path / f"infer_model.{ending}")
    more = ["--do_eval", "--output_dir", tmp_path, "--model_name_or_path", folder, *LABELS]
    ended = evaluate(tmp_path, tiny.dev, *more)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("accuracy: 1.0000\n")


def test_answers_in_the_documents_form(trained, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("放刘德华的红豆\n", encoding="utf-8")
    ended = evaluate(trained, path)
    assert ended.code == 0, ended.err
    first, second, third = ended.out.splitlines()
    assert first == "input: 放刘德华的红豆"
    shape = r"\{'intent': 'music\.play', 'confidence': array\(\[0\.\d+\], dtype=float32\)\}"
    assert re.fullmatch(shape, second)
    song = "{'slot': 'song', 'entity': '红豆', 'pos': [5, 6]}"
    assert third == f"{{'value': [[{{'slot': 'singer', 'entity': '刘德华', 'pos': [1, 3]}}, {song}]]}}"


def test_digits_english_and_symbols_keep_their_characters(trained, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("拨打13800138000\n放Adele的Hello\n导航到G60高速\n", encoding="utf-8")
    found = []
    for line in evaluate(trained, path).out.splitlines()[2::3]:
        found += [(s["slot"], s["entity"], s["pos"]) for s in ast.literal_eval(line)["value"][0]]
    assert found == [
        ("phone_num", "13800138000", [2, 12]),
        ("singer", "Adele", [1, 5]),
        ("song", "Hello", [7, 11]),
        ("destination", "G60高速", [3, 7]),
    ]


def test_four_columns_are_read_by_their_second(trained, tiny):
    lines = evaluate(trained, tiny.dev).out.splitlines()
    queries = [line.split("\t")[1] for line in tiny.dev.read_text("utf-8").splitlines()]
    assert lines[::3] == [f"input: {query}" for query in queries]


def test_empty_and_long_texts_say_so(trained, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("放红豆\r\n\r\n@@\r\n" + "放红豆" * 9 + "\r\n", encoding="utf-8")
    ended = evaluate(trained, path, "--per_device_eval_batch_size", 2)
    assert ended.code == 0, ended.err
    heads = [eval(line, {"array": np.array, "float32": "float32"}) for line in ended.out.splitlines()[1::3]]
    assert [head.get("reason") for head in heads] == [None, "empty", "empty", None]
    assert [head.get("truncated") for head in heads] == [None, None, None, True]
    assert heads[1]["intent"] is None and heads[1]["confidence"][0] == 0


def test_another_vocabulary_than_the_bundles(trained, tiny, tmp_path):
    tokens = (trained / "vocab.txt").read_text("utf-8").splitlines()
    ended = evaluate(trained, tiny.dev, "--do_eval", "--model_name_or_path", tiny.pretrained)
    assert ended.code == 2
    assert f"{tiny.pretrained}: 280 tokens, but the static model was exported with {len(tokens)}" in ended.err
    tokens[20], tokens[21] = tokens[21], tokens[20]
    (tmp_path / "vocab.txt").write_text("".join(f"{token}\n" for token in tokens), encoding="utf-8")
    ended = evaluate(trained, tiny.dev, "--do_eval", "--model_name_or_path", tmp_path)
    assert ended.code == 2 and "line 21 of vocab.txt is another token" in ended.err


def test_other_labels_than_the_bundles(trained, tiny, tmp_path):
    labels = (DATA / "intent_label.txt").read_text("utf-8").splitlines()
    path = tmp_path / "intents.txt"
    path.write_text("\n".join(labels[:-1]), encoding="utf-8")
    ended = evaluate(trained, tiny.dev, "--do_eval", "--intent_label_path", path)
    assert ended.code == 2 and f"{path}: 10 labels, but the model has 11" in ended.err
    path.write_text("\n".join([labels[1], labels[0], *labels[2:]]), encoding="utf-8")
    ended = evaluate(trained, tiny.dev, "--do_eval", "--intent_label_path", path)
    assert ended.code == 2 and f"line 1 is `{labels[1]}`, but the model has `{labels[0]}` there" in ended.err


def test_longer_than_the_model_reads(trained, bare, tiny):
    ended = evaluate(trained, tiny.dev, "--do_eval", "--max_seq_length", 17)
    assert ended.code == 2 and "--max_seq_length 17: the model was exported for 16 tokens" in ended.err
    more = ["--model_name_or_path", trained, *LABELS, "--max_seq_length", 17]
    ended = evaluate(bare, tiny.dev, "--do_eval", *more)
    assert ended.code == 2 and "--max_seq_length 17: the position table of" in ended.err and "has 16 rows" in ended.err


def test_what_a_bare_model_needs(bare, trained, tiny, tmp_path):
    ended = evaluate(bare, tiny.dev, "--do_eval")
    assert ended.code == 2 and "--model_name_or_path is needed: no manifest.json lies beside" in ended.err
    ended = evaluate(bare, tiny.dev, "--do_eval", "--model_name_or_path", tiny.pretrained, *LABELS)
    tokens = len((trained / "vocab.txt").read_text("utf-8").splitlines())
    assert ended.code == 2 and "280 tokens, but the word table of" in ended.err and f"has {tokens} rows" in ended.err
    path = tmp_path / "slots.txt"
    path.write_text("O\nB-song\nI-song\n", encoding="utf-8")
    more = ["--model_name_or_path", trained, *LABELS, "--slot_label_path", path]
    ended = evaluate(bare, tiny.dev, "--do_eval", *more)
    assert ended.code == 2 and f"{path}: 3 labels, but the slot head of" in ended.err and "is 31 wide" in ended.err


@pytest.mark.parametrize("ending", ["pdmodel", "pdiparams"])
def test_a_cut_off_file_is_refused(trained, bare, tiny, tmp_path, ending):
    """With a bundle before any engine opens it, by its sha256; without, by name."""
    shutil.copytree(trained / "bundle", tmp_path / "bundle")
    for each in ("pdmodel", "pdiparams"):
        (tmp_path / f"infer_model.{each}").symlink_to(tmp_path / "bundle" / f"model.{each}")
    whole = (tmp_path / "bundle" / f"model.{ending}").read_bytes()
    (tmp_path / "bundle" / f"model.{ending}").write_bytes(whole[: len(whole) // 2])
    ended = evaluate(tmp_path, tiny.dev, "--do_eval")
    assert ended.code == 2 and f"model.{ending}: {len(whole) // 2} bytes, but the manifest says" in ended.err
    (tmp_path / "bundle" / "manifest.json").unlink()
    ended = evaluate(tmp_path, tiny.dev, "--do_eval", "--model_name_or_path", trained, *LABELS)
    assert ended.code == 2 and f"{tmp_path}/" in ended.err and "/tmp/tmp" not in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_tampered_bundle_is_refused(trained, tiny, tmp_path):
    shutil.copytree(trained / "bundle", tmp_path / "bundle")
    path = tmp_path / "bundle" / "model.pdiparams"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for each in ("pdmodel", "pdiparams"):
        (tmp_path / f"infer_model.{each}").symlink_to(tmp_path / "bundle" / f"model.{each}")
    ended = evaluate(tmp_path, tiny.dev, "--do_eval")
    assert ended.code == 2 and "model.pdiparams: sha256" in ended.err and "but the manifest says" in ended.err


def test_missing_files_are_named_with_their_neighbours(trained, tiny, tmp_path):
    ended = tiny_app.evaluate(["--infer_prefix", trained / "infer_mode", "--test_path", tiny.dev])
    assert ended.code == 2 and "infer_mode.pdmodel: no such static model" in ended.err
    assert "infer_model.pdmodel" in ended.err
    ended = evaluate(trained, tiny.folder / "test.txt", "--do_eval")
    assert ended.code == 2 and "test.txt: no such data file" in ended.err and "dev.txt" in ended.err


def test_scores_need_four_columns(trained, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("放红豆\n", encoding="utf-8")
    ended = evaluate(trained, path, "--do_eval")
    assert ended.code == 2 and f"{path}:1: expected 4 tab-separated fields, got 1" in ended.err


def test_a_bad_line_stops_or_is_counted(trained, tiny, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_text(tiny.dev.read_text("utf-8") + "9\t放\tmusic.play\n", encoding="utf-8")
    ended = evaluate(trained, path, "--do_eval", "--output_dir", tmp_path)
    assert ended.code == 2 and f"{path}:26: expected 4 tab-separated fields, got 3" in ended.err
    ended = evaluate(trained, path, "--do_eval", "--output_dir", tmp_path, "--skip_bad_lines")
    assert ended.code == 0 and "left out 1 of 26 lines" in ended.err
