# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""performance_test.py: the document's commands, what is timed and what is not, scores, shapes, refusals."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from common.bundle.bundle import read_bundle
from common.cli import UserError
from common.data.tokenizer import WordPieceTokenizer
from common.engines import devices, paddle_config, runtime
from common.engines import job as engines

import numpy as np
import performance_test
import pytest
import tiny_bundle
from aspect import predictor as aspect
from aspect import speed, timing
from aspect.metrics import score
from calls import Ended, call
from data import LabelSet
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
WRONG = (3, 11, 20)  # rows of test.txt with another label than the FP32 model's


def typed(command: str) -> list[str]:
    """The words that the program would get, from a real shell."""
    shell = 'python() { shift; for word in "$@"; do printf "%s\\0" "$word"; done; }\n' + command
    out = subprocess.run(["sh", "-c", shell], check=True, capture_output=True).stdout
    return out.decode().split("\0")[:-1]


def run(*words) -> Ended:
    return call("performance_test", *words)


def refused(ended: Ended, code: int, said: str) -> None:
    assert ended.code == code, ended.err
    assert said in ended.err and ended.err.startswith("error: ") and ended.err.count("\n") == 1


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A working folder like the app's: FP32 in static/, INT8 in quant/, data; tests must not change it."""
    folder = tmp_path_factory.mktemp("app")
    tiny_bundle.copy(folder / "checkpoints" / "pp_checkpoints" / "static")
    tiny_bundle.copy(folder / "checkpoints" / "pp_checkpoints" / "quant", int8=True)
    tiny_bundle.write_data(folder / "data" / "cls_data" / "test.txt", WRONG)
    tiny_bundle.write_labels(folder / "data" / "cls_data" / "label.dict")
    return folder


@pytest.fixture
def fp32(place, monkeypatch) -> list:
    """Words for the FP32 model, to be run in the working folder."""
    monkeypatch.chdir(place)
    return ["--model_path", "checkpoints/pp_checkpoints/static/infer", "--test_path", "data/cls_data/test.txt"]


@pytest.fixture
def int8(fp32) -> list:
    return ["--model_path", "checkpoints/pp_checkpoints/quant/infer", *fp32[2:]]


def figures(ended: Ended) -> dict[str, str]:
    assert ended.code == 0, ended.err
    return dict(line.split(": ", 1) for line in ended.out.splitlines())


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
    assert not (place / "checkpoints/pp_checkpoints/quant" / paddle_config.SHAPES).exists()


def test_the_same_commands_without_tensorrt(tmp_path, place, monkeypatch):
    """What a CPU can do of them: shapes beside the model, then times."""
    shutil.copytree(place, tmp_path / "app", symlinks=True)
    monkeypatch.chdir(tmp_path / "app")
    ended = run(*(word for word in typed(COLLECT) if word != "--use_tensorrt"))
    assert ended.code == 0, ended.err
    path = Path("checkpoints/pp_checkpoints/quant/collect_shape_range_info.pbtxt")
    assert paddle_config.read_shapes(path)["input_ids"] == ([14, 22], [16, 22])
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
class Engine:
    """Answers as told and remembers which batches it was given."""

    engine = "stand-in"

    def __init__(self, noise=0.0, seconds=0.0, value=1.0):
        self.noise, self.seconds, self.value, self.seen = noise, seconds, value, []

    def run(self, ids, types):
        time.sleep(self.seconds)
        self.seen.append(len(ids))
        return {"logits": np.full([len(ids), 2], self.value + self.noise * len(self.seen), "float32")}


BATCHES = [(np.ones([size, 4]), np.zeros([size, 4])) for size in (1, 2, 3)]


@pytest.mark.parametrize(("steps", "first"), [(None, [1, 2, 3]), (2, [1, 2]), (5, [1, 2, 3, 1, 2])])
def test_warm_up_batches_really_run(steps, first):
    """Upstream counted warm-up steps and ran none of them."""
    engine = Engine()
    report = timing.measure(engine, BATCHES, 2, steps)
    assert engine.seen == [*first, 1, 2, 3, 1, 2, 3]
    assert report["warmup_batches"] == len(first)


def test_warm_up_is_not_in_the_times():
    class Slow(Engine):
        def run(self, ids, types):
            time.sleep(0.1 * (len(self.seen) < 3))
            return super().run(ids, types)

    report = timing.measure(Slow(), BATCHES, 1)
    assert report["mean_epoch_s"] < 0.1, "0.3 s are the warm-up's"


def test_times_are_of_batches_and_epochs():
    report = timing.measure(Engine(seconds=0.02), BATCHES, 3)
    assert len(report["epochs_s"]) == 3
    assert report["mean_epoch_s"] == pytest.approx(np.mean(report["epochs_s"])) and 0.06 <= report["mean_epoch_s"] < 0.3
    assert 20 <= report["p50_ms"] <= report["p95_ms"]


def test_every_batch_is_answered_twice_even_in_one_epoch():
    engine = Engine()
    timing.measure(engine, BATCHES, 1, 1)
    assert engine.seen == [1, 1, 2, 3, 2, 3]


@pytest.mark.parametrize(("epochs", "steps"), [(1, None), (3, 1), (1, 1)])
def test_answers_that_change_stop_the_test(epochs, steps):
    with pytest.raises(UserError, match=r"batch \d: stand-in changes its answers from run to run, by up to"):
        timing.measure(Engine(noise=1e-6), BATCHES, epochs, steps)
    with pytest.raises(UserError, match="batch 1: stand-in answers NaN or infinity"):
        timing.measure(Engine(value=np.nan), BATCHES, epochs, steps)


def test_an_engine_that_changes_its_answers_is_refused_by_name(fp32, monkeypatch):
    compute, noise = engines.OnnxRuntime.run, iter(range(99))
    monkeypatch.setattr(
        engines.OnnxRuntime, "run", lambda self, arrays: [a + next(noise) for a in compute(self, arrays)]
    )
    refused(run(*fp32, "--engine", "onnxruntime"), 2, "onnxruntime changes its answers from run to run, by up to 2")


def test_tokenising_is_timed_apart(fp32, monkeypatch, tmp_path):
    """Upstream's clock ran over the tokenizer too."""
    encode = WordPieceTokenizer.encode_pair

    def slowly(*arguments):
        time.sleep(0.01)
        return encode(*arguments)

    monkeypatch.setattr(WordPieceTokenizer, "encode_pair", slowly)
    words = ["--engine", "onnxruntime", "--batch_size", 30, "--num_epochs", 3, "--output_dir", tmp_path]
    assert run(*fp32, *words).code == 0
    report = json.loads((tmp_path / "speed_results.json").read_text())
    assert report["tokenising_s"] >= 0.3 > report["p95_ms"] / 1e3


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
@pytest.mark.parametrize("engine", ["paddle", "onnxruntime", "openvino"])
def test_scores_are_counted_from_the_answers(fp32, engine, tmp_path):
    """30 rows, of which 3 have another label than the model gives: F1 is that of the last label, as in the document."""
    lack = runtime.available(engine)
    if lack:
        pytest.skip(lack)
    found = figures(run(*fp32, "--engine", engine, "--eval", "--batch_size", 7, "--output_dir", tmp_path))
    predicted = tiny_bundle.logits().argmax(axis=1)
    gold = np.array([label ^ (row in WRONG) for row, label in enumerate(predicted)])
    right = ((gold == 1) & (predicted == 1)).sum()
    precision, recall = right / (predicted == 1).sum(), right / (gold == 1).sum()
    assert found["accuracy"] == "0.90000"
    assert found["precision"] == f"{precision:.5f}" and found["recall"] == f"{recall:.5f}"
    assert found["f1"] == found["f1_1"] == f"{2 * precision * recall / (precision + recall):.5f}"
    written = json.loads((tmp_path / "eval_results.json").read_text())
    assert {name: f"{value:.5f}" for name, value in written.items()}.items() <= found.items()


# --- which device
def device_of(monkeypatch, lacking: tuple = (), folder: Path | None = None, **options) -> str:
    """`speed.device_of` on a machine with a GPU that all engines but the lacking ones can use."""
    monkeypatch.setattr(runtime, "available", lambda engine, device: "it lacks" if engine in lacking else None)
    defaults = {"engine": "paddle", "device": None, "fp16": False, "use_tensorrt": False, "collect_shape": False}
    bundle = read_bundle((folder or tiny_bundle.folder()) / "bundle")
    return speed.device_of(SimpleNamespace(**defaults | {"int8": False} | options), bundle)


def test_a_gpu_is_taken_where_there_is_one(monkeypatch, capsys):
    assert device_of(monkeypatch) == "gpu"
    assert device_of(monkeypatch, device="cpu") == "cpu"
    assert device_of(monkeypatch, lacking=("paddle",)) == "cpu"
    assert device_of(monkeypatch, engine="openvino") == "cpu"
    assert device_of(monkeypatch, engine="onnxruntime_tensorrt", lacking=("onnxruntime_tensorrt",)) == "gpu"
    assert capsys.readouterr().err == ""


def test_an_int8_program_stays_on_the_cpu_without_tensorrt(monkeypatch, capsys):
    assert device_of(monkeypatch, folder=tiny_bundle.folder(int8=True)) == "cpu"
    assert "on the CPU, though there is a GPU: INT8 on a GPU goes through TensorRT" in capsys.readouterr().err
    assert device_of(monkeypatch, folder=tiny_bundle.folder(int8=True), collect_shape=True) == "gpu"
    assert device_of(monkeypatch, folder=tiny_bundle.folder(int8=True), engine="fastdeploy_paddle") == "cpu"
    assert "fastdeploy_paddle does not run int8 there" in capsys.readouterr().err


# --- through TensorRT, up to where a GPU would be needed
@pytest.fixture
def with_tensorrt(int8, tmp_path, place, monkeypatch) -> list:
    """Words for the INT8 model on a machine that seems to have TensorRT, in a working folder to write into."""
    shutil.copytree(place, tmp_path / "app", symlinks=True)
    monkeypatch.chdir(tmp_path / "app")
    monkeypatch.setattr(devices, "probe", lambda engine, device: None)
    monkeypatch.setattr(devices, "slow_int8", lambda cuda: None)
    return [*int8, "--int8", "--use_tensorrt"]


def test_tensorrt_needs_collected_shapes(with_tensorrt):
    refused(run(*with_tensorrt), 2, "collect_shape_range_info.pbtxt: no such file of shapes; run the same command")


def test_tensorrt_is_built_for_the_collected_shapes(with_tensorrt, monkeypatch):
    on_the_cpu = [word for word in with_tensorrt if word != "--use_tensorrt"]
    assert run(*on_the_cpu, "--collect_shape", "--device", "cpu").code == 0
    jobs = []

    def fails(job):
        jobs.append(job)
        raise RuntimeError("no\nkernel image")

    monkeypatch.setattr(engines, "open_engine", fails)
    refused(run(*with_tensorrt), 2, "model.pdmodel: TensorRT cannot build it: no kernel image")
    (job,) = jobs
    assert isinstance(job, paddle_config.TunedJob)
    assert (job.engine, job.device, job.precision, job.batch) == ("paddle_tensorrt", "gpu", "int8", 16)
    assert job.ranges.resolve() == Path("checkpoints/pp_checkpoints/quant/collect_shape_range_info.pbtxt").resolve()
    refused(run(*with_tensorrt, "--batch_size", 30), 2, "[30, 22], but [14, 22] to [16, 22] was collected")


def test_a_gpu_without_int8_tensor_cores_is_told(with_tensorrt, monkeypatch):
    monkeypatch.setattr(devices, "slow_int8", lambda cuda: "this GPU has no INT8 Tensor Cores")
    assert "warning: this GPU has no INT8 Tensor Cores\n" in run(*with_tensorrt).err


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


@NO_GPU
def test_what_an_int8_model_is_not_asked_for(int8):
    refused(run(*int8, "--use_tensorrt"), 2, "--use_tensorrt without --int8, but checkpoints/pp_checkpoints")
    refused(run(*int8, "--fp16"), 2, "quant/infer is an INT8 model; give an FP32 model, or leave --fp16 out")


def test_the_architecture_by_name_or_folder(fp32, place, tmp_path):
    for kind, code in (("ppminilm", 0), ("skep", 2)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "config.json").write_text(json.dumps({"model_type": kind}))
        words = [*fp32, "--engine", "onnxruntime", "--eval"]
        assert run(*words, "--base_model_name", tmp_path / kind).code == code


def test_labels_of_another_data_set(fp32, tmp_path):
    path = tiny_bundle.write_labels(tmp_path / "label.dict", ["1", "0"])
    refused(run(*fp32, "--label_path", path), 2, f"{path}: labels 1, 0, but the model was trained with 0, 1")


def test_bad_lines_stop_or_are_counted(fp32, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_text(Path("data/cls_data/test.txt").read_text("utf-8") + "1\t服务\n2\t服务\t很好\n", encoding="utf-8")
    words = ["--test_path", path, "--engine", "onnxruntime", "--eval"]
    refused(run(*fp32, *words), 2, f"{path}:31: expected 3 tab-separated fields, got 2")
    ended = run(*fp32, *words, "--skip_bad_lines")
    assert ended.code == 0 and "left out 2 of 32 lines" in ended.err and "unknown label `2`" in ended.err


def test_long_texts_are_cut_and_it_is_said_once(fp32):
    ended = run(*fp32, "--engine", "onnxruntime", "--max_seq_len", 10)
    assert ended.code == 0 and ended.err.count("texts are cut at 10 tokens") == 1
    assert "the longest has 10" in ended.out


# --- which files
def test_a_model_without_its_bundle_is_refused(fp32, place, tmp_path):
    for ending in ("pdmodel", "pdiparams"):
        shutil.copy(place / f"checkpoints/pp_checkpoints/static/infer.{ending}", tmp_path / f"infer.{ending}")
    refused(run(*fp32, "--model_path", tmp_path / "infer"), 2, f"{tmp_path}/infer: its .pdmodel and .pdiparams are not")
    (tmp_path / "infer.pdmodel").unlink()  # weights of another model behind a bundle's program
    (tmp_path / "infer.pdmodel").symlink_to(place / "checkpoints/pp_checkpoints/static/infer.pdmodel")
    refused(run(*fp32, "--model_path", tmp_path / "infer"), 2, "not those of one bundle")


def test_missing_files_are_named_with_their_neighbours(fp32, place):
    refused(run(*fp32, "--model_path", "checkpoints/pp_checkpoints/static/model"), 2, "static/model.pdmodel: no such")
    ended = run(*fp32, "--model_path", "checkpoints/pp_checkpoints/no/infer")
    refused(ended, 2, "no such static model (--model_path); checkpoints/pp_checkpoints/ holds: quant, static")
    refused(run(*fp32, "--model_path", "data"), 2, "data/manifest.json: no such manifest")


@pytest.mark.parametrize("name", ["model.pdiparams", "model.pdmodel", "vocab.txt"])
def test_a_tampered_bundle_is_refused(fp32, tmp_path, name):
    folder = tiny_bundle.copy(tmp_path / "model")
    content = bytearray((folder / "bundle" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "bundle" / name).write_bytes(content)
    refused(run(*fp32, "--model_path", folder / "infer"), 2, f"{name}: sha256")


def test_a_bundle_of_another_task_or_form_is_refused(fp32, tmp_path):
    folder = tiny_bundle.copy(tmp_path / "model", task="joint_intent_slot")
    refused(run(*fp32, "--model_path", folder / "infer"), 2, "task `joint_intent_slot`, but `aspect_sentiment`")
    folder = tiny_bundle.copy(tmp_path / "one", inputs=[{"name": "input_ids", "shape": [-1, -1], "dtype": "int64"}])
    refused(run(*fp32, "--model_path", folder / "bundle"), 2, "inputs, outputs and labels are ['input_ids']")
    folder = tiny_bundle.copy(tmp_path / "names", label_names=["good"])
    refused(run(*fp32, "--model_path", folder / "bundle"), 2, "`label_names` must be 2 strings")


def test_a_bundle_by_its_folder_or_by_its_name(place):
    folder = place / "checkpoints/pp_checkpoints/static"
    assert aspect.find_bundle(folder / "infer") == aspect.find_bundle(folder / "bundle")
    assert speed.shapes_path(aspect.find_bundle(folder / "infer")) == folder.resolve() / paddle_config.SHAPES


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


def test_gpus_are_named_by_the_driver(tmp_path):
    assert timing.gpus(tmp_path / "none") == ["gpu"]
    for number, model in enumerate(("Tesla T4", "NVIDIA A10")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "information").write_text(f"Model: \t\t {model}\nIRQ: 1\n")
    assert timing.gpus(tmp_path) == ["Tesla T4", "NVIDIA A10"]
