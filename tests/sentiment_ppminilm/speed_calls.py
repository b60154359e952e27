# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""performance_test.py called as a user does, on the folder of the fixture `place`."""

import subprocess

from calls import Ended, call

WRONG = (3, 11, 20)  # rows of test.txt with another label than the FP32 model's


def run(*words) -> Ended:
    return call("performance_test", *words)


def refused(ended: Ended, code: int, said: str) -> None:
    assert ended.code == code, ended.err
    assert said in ended.err and ended.err.startswith("error: ") and ended.err.count("\n") == 1


def figures(ended: Ended) -> dict[str, str]:
    assert ended.code == 0, ended.err
    return dict(line.split(": ", 1) for line in ended.out.splitlines())


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
