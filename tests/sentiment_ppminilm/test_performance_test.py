# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""performance_test.py: the document's commands, what is timed and what is not, scores, shapes, refusals."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from common.engines import paddle_shapes, runtime

import performance_test
import pytest
import tiny_bundle
from aspect.metrics import score
from data import LabelSet
from speed_calls import figures, refused, run
from tiny_aspects import APP

NO_GPU = pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU")
EVAL = r"""
python  performance_test.py \
        --base_model_name "ppminilm-6l-768h" \
        --model_path "checkpoints/pp_checkpoints/quant/infer" \
        --test_path "data/cls_data/test.txt" \
        --label_path "data/cls_data/label.dict" \
        --batch_size 16 \
        --max_seq_len 256 \
        --eval
"""
COLLECT = r"""
python  performance_test.py \
        --base_model_name "ppminilm-6l-768h" \
        --model_path "checkpoints/pp_checkpoints/quant/infer" \
        --test_path "data/cls_data/test.txt" \
        --label_path "data/cls_data/label.dict" \
        --num_epochs 1 \
        --batch_size 16 \
        --max_seq_len 256 \
        --use_tensorrt \
        --int8 \
        --collect_shape
"""
MEASURE = r"""
python  performance_test.py \
        --base_model_name "ppminilm-6l-768h" \
        --model_path "checkpoints/pp_checkpoints/quant/infer" \
        --test_path "data/cls_data/test.txt" \
        --label_path "data/cls_data/label.dict" \
        --num_epochs 10 \
        --batch_size 16 \
        --max_seq_len 256 \
        --use_tensorrt \
        --int8 \
"""


def typed(command: str) -> list[str]:
    """The words that the program would get, from a real shell."""
    shell = 'python() { shift; for word in "$@"; do printf "%s\\0" "$word"; done; }\n' + command
    out = subprocess.run(["sh", "-c", shell], check=True, capture_output=True).stdout
    return out.decode().split("\0")[:-1]


# --- the document's commands
def test_the_documents_evaluation(place, monkeypatch):
    monkeypatch.chdir(place)
    found = figures(run(*typed(EVAL)))
    assert list(found) == [
        *("model", "data", "machine"),
        *("accuracy", "precision", "recall", "f1", "f1_0", "f1_1", "macro_f1"),
    ]
    assert "30 rows in 2 batches of 16" in found["data"] and "int8" in found["model"]
    gold = [int(line[0]) for line in Path("data/cls_data/test.txt").read_text().splitlines()]
    predictor = runtime.load("checkpoints/pp_checkpoints/quant/bundle", "paddle")
    predicted = [int(predictor.run(*batch)["logits"].argmax()) for batch in tiny_bundle.batches()]
    wanted = score(LabelSet(["0", "1"]), gold, predicted)
    assert {name: float(found[name]) for name in wanted} == pytest.approx(wanted, abs=1e-5)


@NO_GPU
@pytest.mark.parametrize("command", [COLLECT, MEASURE])
def test_the_documents_tensorrt_commands_are_refused_without_a_gpu(place, monkeypatch, command):
    monkeypatch.chdir(place)
    refused(run(*typed(command)), 3, "--use_tensorrt: paddle_tensorrt: this Paddle was built without TensorRT")
    assert not (place / "checkpoints/pp_checkpoints/quant" / paddle_shapes.SHAPES).exists()


def test_the_same_commands_without_tensorrt(tmp_path, place, monkeypatch):
    """What a CPU can do of them: shapes beside the model, then times."""
    shutil.copytree(place, tmp_path / "app", symlinks=True)
    monkeypatch.chdir(tmp_path / "app")
    ended = run(*(word for word in typed(COLLECT) if word != "--use_tensorrt"))
    assert ended.code == 0, ended.err
    path = Path("checkpoints/pp_checkpoints/quant/collect_shape_range_info.pbtxt")
    assert paddle_shapes.read_shapes(path)["input_ids"] == ([14, 22], [16, 22])
    assert f"{path}, shapes of" in ended.out and "in 2 batches" in ended.out
    found = figures(run(*(word for word in typed(MEASURE) if word != "--use_tensorrt")))
    assert "over 10 epochs" in found["mean epoch time"] and found["warm-up"] == "2 batches"


def test_a_backslash_at_the_very_end_of_a_copied_command(monkeypatch):
    assert typed(MEASURE)[-1] == "--int8"
    words = typed(MEASURE.rstrip("\n"))
    assert words[-1] == "\\", "that is how a shell reads it where no line end follows"
    for given, wanted in ((words, words[:-1]), (words[:-1], words[:-1]), ([], [])):
        monkeypatch.setattr(sys, "argv", ["performance_test.py", *given])
        assert performance_test.words() == wanted


# --- times


@pytest.mark.parametrize("engine", ["paddle", "onnxruntime", "openvino"])
def test_a_report_says_what_was_measured(fp32, engine, tmp_path):
    lack = runtime.available(engine)
    if lack:
        pytest.skip(lack)
    ended = run(*fp32, "--engine", engine, "--threads", 2, "--num_epochs", 2, "--output_dir", tmp_path / "new")
    found = figures(ended)
    assert list(found) == [
        *("model", "data", "machine", "warm-up", "tokenising, not in the times below"),
        *("mean epoch time", "per batch", "sentences per second", "answers", "peak memory"),
    ]
    assert found["machine"].endswith("on cpu, 2 threads") and f"; {engine} " in found["machine"]
    assert found["answers"] == "the same bits in every run"
    report = json.loads((tmp_path / "new" / "speed_results.json").read_text())
    wanted = {"engine": engine, "device": "cpu", "precision": "fp32", "threads": 2, "batch_size": 16, "rows": 30}
    assert {name: report[name] for name in wanted} == wanted
    assert report["sentences_per_second"] == pytest.approx(30 / report["mean_epoch_s"])
    assert report["same_answers"] is True and report["peak_rss_mb"] > 20
    assert {"cpu", "features", "libraries"} <= set(report["machine"])
    assert (report["num_epochs"], report["warmup_batches"], report["max_seq_len"]) == (2, 2, 256)


def test_nothing_is_written_without_a_folder_for_it(fp32, place):
    before = sorted(place.rglob("*"))
    assert run(*fp32, "--engine", "onnxruntime").code == 0
    assert run(*fp32, "--engine", "onnxruntime", "--eval").code == 0
    assert sorted(place.rglob("*")) == before


def test_other_engines_do_not_load_paddle(fp32):
    """Peak memory is published, and Paddle beside FastDeploy is a risk."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import performance_test as p; from common import cli; "
        "cli.run(p.main, p.Options, sys.argv[2:]); "
        "print(*{'paddle', 'paddlenlp', 'openvino', 'fastdeploy'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", script, APP, *fp32, "--engine", "onnxruntime"]
    for more in ([], ["--eval"]):
        ended = subprocess.run([*command, *more], capture_output=True, text=True)
        assert ended.returncode == 0 and ended.stdout.splitlines()[-1] == "", ended.stderr


# --- scores


# --- which device


# --- through TensorRT, up to where a GPU would be needed


# --- refusals
REFUSED = [
    (2, "--int8: checkpoints/pp_checkpoints/static/infer is an FP32 model; quantise it by quant_post.py", "--int8"),
    (2, "--base_model_name skep_ernie_1.0_large_ch: checkpoints/pp_checkpoints/static/infer is a ppminilm model",
     "--base_model_name", "skep_ernie_1.0_large_ch"),
    (2, "--max_seq_len 257: the bundle", "--max_seq_len", 257),
    (2, "give 5 to 256", "--max_seq_len", 4),
    (2, "--use_tensorrt needs --device gpu, got --device cpu", "--use_tensorrt", "--device", "cpu"),
    (2, "--use_tensorrt is for --engine paddle, got openvino", "--use_tensorrt", "--engine", "openvino"),
    (2, "--collect_shape is for --engine paddle, got onnxruntime", "--collect_shape", "--engine", "onnxruntime"),
    (2, "--collect_shape and --eval exclude each other", "--collect_shape", "--eval"),
    (2, "--collect_shape runs on cpu or gpu, got --device xpu", "--collect_shape", "--device", "xpu"),
    (2, "--int8 and --fp16 exclude each other", "--int8", "--fp16"),
    (2, "--fp16 needs --device gpu, got --device cpu", "--fp16", "--device", "cpu"),
    (2, "--engine `padle` (did you mean `paddle`?)", "--engine", "padle"),
    (2, "--device `cuda`; there are cpu, gpu, xpu", "--device", "cuda"),
    (2, "--num_epochs must be at least 1, got 0", "--num_epochs", 0),
    (2, "--batch_size must be at least 1, got -1", "--batch_size", -1),
    (2, "--perf_warmup_steps must be at least 1, got 0", "--perf_warmup_steps", 0),
    (2, "--threads must be at least 1, got 0", "--threads", 0),
    (2, "openvino does not run on gpu", "--engine", "openvino", "--device", "gpu"),
    (2, "no.txt: no such", "--test_path", "data/cls_data/no.txt"),
    (2, "no.dict: no such label file", "--label_path", "data/cls_data/no.dict"),
    (2, "unknown flag --use_trt (did you mean `--use_tensorrt`?)", "--use_trt"),
    (3, "--use_tensorrt: paddle_tensorrt: this Paddle was built without TensorRT", "--use_tensorrt"),
    (3, "leave it out to run on the CPU", "--use_tensorrt", "--collect_shape"),
    (3, "this Paddle was built without GPU", "--device", "gpu"),
    (3, "this Paddle was built without GPU", "--fp16"),
    (3, "this Paddle was built without GPU", "--collect_shape", "--device", "gpu"),
    (3, "this Paddle was built without Kunlunxin XPU", "--device", "xpu"),
    (3, "no TensorrtExecutionProvider", "--engine", "onnxruntime_tensorrt"),
]  # fmt: skip


@NO_GPU
@pytest.mark.parametrize(("code", "said", "flags"), [(code, said, flags) for code, said, *flags in REFUSED])
def test_refusals_are_one_line_with_their_code(fp32, code, said, flags):
    ended = run(*fp32, *flags)
    refused(ended, code, said)
    assert ended.out == ""


# --- which files


# --- the shell script and the machine
def test_the_shell_script_measures_and_scores(place):
    environment = {
        **os.environ,
        "MODEL": str(place / "checkpoints/pp_checkpoints/static/infer"),
        "TEST": "data/cls_data/test.txt",
    }
    command = ["sh", str(APP / "run_performance_test.sh"), "--engine", "onnxruntime", "--num_epochs", "2"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=place, env=environment)
    assert ended.returncode == 0, ended.stderr
    assert "over 2 epochs" in ended.stdout
    ended = subprocess.run([*command, "--eval"], capture_output=True, text=True, cwd=place, env=environment)
    assert "accuracy: 0.90000" in ended.stdout


@NO_GPU
def test_the_shell_script_stops_where_tensorrt_is_not_there(place):
    environment = {**os.environ, "MODEL": str(place / "checkpoints/pp_checkpoints/quant/infer")}
    environment |= {"TEST": str(place / "data/cls_data/test.txt"), "TENSORRT": "1"}
    command = ["sh", str(APP / "run_performance_test.sh")]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.returncode == 3 and ended.stderr.count("built without TensorRT") == 1 and ended.stdout == ""
