# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The document's three commands, word for word as a shell reads them, and the run_*.sh that hold them."""

import os
import re
import subprocess

from common import cli
from common.bundle import read_bundle

import paddle
import pytest
import run_eval
import tiny_app
from slu import options
from tiny_app import APP, REPO

TRAIN = r"""
python run_train.py \
    --device gpu \
    --logging_steps 100 \
    --save_steps 100 \
    --eval_steps 100 \
    --model_name_or_path ernie-3.0-tiny-nano-v2-zh \
    --num_train_epochs 30 \
    --per_device_eval_batch_size 64 \
    --per_device_train_batch_size  64 \
    --learning_rate 5e-5 \
    --prune_embeddings \
    --max_vocab_size 6000 \
    --max_seq_length 16  \
    --output_dir output/BS64_LR5e-5_EPOCHS30 \
    --train_path data/train.txt \
    --dev_path data/dev.txt \
    --intent_label_path data/intent_label.txt \
    --slot_label_path data/slot_label.txt \
    --label_names  'intent_label' 'slot_label' \
    --weight_decay 0.01 \
    --warmup_ratio 0.1 \
    --do_train \
    --do_eval \
    --do_export \
    --input_dtype "int32" \
    --disable_tqdm True \
    --overwrite_output_dir \
    --load_best_model_at_end  True \
    --save_total_limit 1 \
    --metric_for_best_model eval_accuracy \
"""
EVAL = r"""
python run_eval.py  \
    --device gpu \
    --model_name_or_path output/BS64_LR5e-5_EPOCHS30/checkpoint-7700/ \
    --infer_prefix output/BS64_LR5e-5_EPOCHS30/infer_model \
    --output_dir ./ \
    --test_path data/dev.txt \
    --intent_label_path data/intent_label.txt \
    --slot_label_path data/slot_label.txt \
    --max_seq_length 16  \
    --per_device_eval_batch_size 512 \
    --do_eval
"""
COMPRESS = r"""
python run_train.py \
    --do_compress \
    --strategy 'dynabert+qat+embeddings' \
    --num_train_epochs 10 \
    --model_name_or_path output/BS64_LR5e-5_EPOCHS30/checkpoint-6700 \
    --output_dir output/BS64_LR5e-5_EPOCHS30/ \
    --max_seq_length 16  \
    --per_device_eval_batch_size 64 \
    --per_device_train_batch_size  64 \
    --learning_rate 5e-5 \
    --train_path data/train.txt \
    --dev_path data/dev.txt \
    --intent_label_path data/intent_label.txt \
    --slot_label_path data/slot_label.txt \
    --label_names  'intent_label' 'slot_label' \
    --weight_decay 0.01 \
    --warmup_ratio 0.1 \
    --input_dtype "int32" \
    --device gpu \
    --logging_steps 100 \
    --save_steps 100 \
    --eval_steps 100 \
    --disable_tqdm True \
    --save_total_limit 1 \
    --metric_for_best_model eval_accuracy \
"""
HAS_GPU = paddle.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0
FEW = ["--gate_engines", "paddle", "onnxruntime", "--max_steps", "3"]


def typed(command: str) -> list[str]:
    """The words that the program would get, from a real shell."""
    shell = 'python() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n' + command
    out = subprocess.run(["sh", "-c", shell], check=True, capture_output=True).stdout
    return out.decode().split("\0")[1:-1]


def on_the_cpu(words: list[str]) -> list[str]:
    return ["cpu" if word == "gpu" else word for word in words]


@pytest.fixture(scope="module")
def place(tiny, tmp_path_factory):
    """A working folder like the app's, on the tiny data, in which the commands' relative names mean something."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "data").mkdir()
    for name in ("intent_label.txt", "slot_label.txt"):
        (folder / "data" / name).symlink_to(APP / "data" / name)
    (folder / "data" / "train.txt").symlink_to(tiny.train)
    (folder / "data" / "dev.txt").symlink_to(tiny.dev)
    # A folder of the model's name stands for the model: what the hub would give, from here.
    (folder / "ernie-3.0-tiny-nano-v2-zh").symlink_to(tiny.pretrained)
    before = os.getcwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


def test_the_training_command_is_understood():
    made = cli.parse(options.Options, typed(TRAIN))
    assert made.device == "gpu" and made.label_names == ("intent_label", "slot_label")
    assert (made.do_train, made.do_eval, made.do_export, made.prune_embeddings) == (True,) * 4
    assert (made.disable_tqdm, made.load_best_model_at_end, made.overwrite_output_dir) == (True,) * 3
    assert (made.num_train_epochs, made.learning_rate, made.warmup_ratio, made.weight_decay) == (30, 5e-5, 0.1, 0.01)
    assert (made.max_vocab_size, made.max_seq_length, made.input_dtype) == (6000, 16, "int32")
    assert (made.save_total_limit, made.metric_for_best_model) == (1, "eval_accuracy")


def test_the_other_two_are_understood():
    made = cli.parse(options.Options, typed(COMPRESS))
    assert (made.do_compress, made.strategy, made.width_mult_list) == (True, "dynabert+qat+embeddings", (0.75,))
    made = cli.parse(run_eval.Options, typed(EVAL))
    assert (made.do_eval, made.per_device_eval_batch_size, made.max_seq_length) == (True, 512, 16)


@pytest.mark.skipif(HAS_GPU, reason="a GPU is here")
@pytest.mark.parametrize("command", [TRAIN, COMPRESS])
def test_without_a_gpu_they_say_so(place, command):
    ended = tiny_app.train(typed(command))
    assert ended.code == 3
    assert ended.err == "error: --device gpu: this Paddle or this machine has none; pass --device cpu\n"
    assert not (place / "output").exists()


def test_the_three_commands_one_after_the_other(place):
    output = place / "output" / "BS64_LR5e-5_EPOCHS30"
    ended = tiny_app.train([*on_the_cpu(typed(TRAIN)), *FEW])
    assert ended.code == 0, ended.err
    assert read_bundle(output / "bundle").stage == "vocabulary"
    assert (output / "pretrained_model" / "vocab.txt").exists()
    checkpoint = max(output.glob("checkpoint-*"))

    def here(command: str) -> list[str]:  # our few steps give the checkpoint another number
        return on_the_cpu(typed(re.sub(r"checkpoint-\d+", checkpoint.name, command)))

    if not HAS_GPU:
        ended = tiny_app.evaluate([*here(EVAL), "--device", "gpu"])
        assert ended.code == 3 and "paddle: this Paddle was built without GPU" in ended.err
    ended = tiny_app.evaluate(here(EVAL))
    assert ended.code == 0, ended.err
    assert re.match(r"accuracy: \d\.\d{4}\n", ended.out) and (place / "eval_results.json").exists()
    more = ["--learning_rate", "5e-3", "--gate_engines", "paddle", "onnxruntime", "--max_steps", "60"]
    ended = tiny_app.train([*here(TRAIN), *more])  # once more, so that INT8 has decisions to keep
    assert ended.code == 0, ended.err
    checkpoint = max(output.glob("checkpoint-*"))
    more = ["--learning_rate", "2e-3", "--gate_engines", "paddle", "onnxruntime", "--max_steps", "20"]
    ended = tiny_app.train([*here(COMPRESS), *more])
    assert ended.code == 0, ended.err
    bundle = read_bundle(output / "width_mult_0.75_qat_embeddings" / "bundle")
    assert (bundle.stage, bundle.precision, bundle.manifest["embedding"]) == ("embedding", "int8", "int8")
    assert {"model.arm.nb", "model.onnx", "model.pdmodel"} <= set(bundle.manifest["files"])


# --- the shell scripts, from another folder, with words of the user's own


def shell(name: str, *words, cwd, **environment) -> subprocess.CompletedProcess:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **{key: str(value) for key, value in environment.items()}}
    command = ["sh", str(APP / name), *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


needs_environment = pytest.mark.skipif(
    not (REPO / ".venv" / "installed-from").exists(), reason="the scripts would make the environment first"
)


@needs_environment
@pytest.mark.parametrize(
    ("name", "command"), [("run_train.sh", TRAIN), ("run_compress.sh", COMPRESS), ("run_eval.sh", EVAL)]
)
def test_the_scripts_hold_the_documents_flags(name, command):
    written = set(re.findall(r"--\w+", re.sub(r"#.*", "", (APP / name).read_text("utf-8"))))
    wanted = set(re.findall(r"--\w+", command)) - {"--disable_tqdm"}  # a person at a terminal sees the bars
    if name == "run_eval.sh":
        wanted -= {"--intent_label_path", "--slot_label_path"}  # the bundle holds them
    assert wanted <= written


@needs_environment
def test_run_train_eval_and_demo_from_another_folder(place, tiny, tmp_path):
    out = tmp_path / "out"
    more = ["--disable_tqdm", "True", "--num_train_epochs", 5, "--max_steps", 60, "--learning_rate", "1e-2"]
    data = {"MODEL": tiny.pretrained, "OUTPUT": out, "DATA_DIR": "data"}  # relative to where it is called
    ended = shell("run_train.sh", *more, "--gate_engines", "paddle", "onnxruntime", cwd=place, **data)
    assert ended.returncode == 0, ended.stderr
    assert (out / "bundle" / "manifest.json").exists()
    ended = shell("run_eval.sh", cwd=place, MODEL=out, TEST="data/dev.txt")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("accuracy: ") and (out / "eval_results.json").exists()
    ended = shell("run_demo.sh", "--text", "拨打10086", cwd=tmp_path, MODEL=out)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith('{"text": "拨打10086", "intent": ')


@needs_environment
def test_the_scripts_pass_an_error_on(tmp_path):
    ended = shell("run_compress.sh", cwd=tmp_path, MODEL=tmp_path / "none", OUTPUT=tmp_path / "out")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(f"error: {tmp_path}/none: no such checkpoint folder")
