# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Paddle Lite: from .pdmodel to .nb for x86 or arm, and running the x86 one.

Every conversion runs in a child process (`python -m common.export.lite VERB ...`): Paddle Lite aborts the process it is
in when it does not like a model, and Paddle's static mode is a global switch.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Literal

from common import files
from common.cli import EnvironmentLacks, UserError

TARGETS = {"1": "host", "2": "x86", "4": "arm"}
PRECISIONS = {"1": "fp32", "2": "int8"}
# A .nb file names the kernel of each operator as op/alias/target/precision/layout.
KERNEL = re.compile(rb"[a-z]\w*/\w+/(\d+)/(\d+)/\d+\x00")


def convert(
    pdmodel: Path | str, pdiparams: Path | str, out_stem: Path | str, target: Literal["x86", "arm"], quantised: bool
) -> Path:
    """Write `out_stem`.nb; an old file of that name stays if anything fails. Converting proves nothing: run the file.

    Args:
        pdmodel: program; the mask must not hold 0-D constants, which convert and then abort at run time.
        pdiparams: its parameters.
        out_stem: the new file's path without `.nb`.
        target: where it will run.
        quantised: an INT8 model (QAT, onnx_format). arm only. Its query scale is moved first (`move_attention_scale`).

    Raises:
        UserError: a file is absent, an unknown target, or INT8 for x86.
        EnvironmentLacks: paddlelite is not installed.
        RuntimeError: Paddle Lite failed (its code and last lines), or `quantised` and no INT8 kernel came out.
    """
    if target not in ("x86", "arm"):
        raise UserError(f'Paddle Lite target must be "x86" or "arm", got "{target}"')
    if quantised and target == "x86":
        raise UserError("Paddle Lite for x86 answers INT8 models with NaN or a crash; convert the FP32 model for x86")
    model, parameters = files.require(pdmodel, "Paddle program"), files.require(pdiparams, "Paddle parameter file")
    need_package("paddlelite")
    final = Path(f"{out_stem}.nb")
    final.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=final.parent, prefix=f".{final.name}.") as folder:
        if quantised:
            shutil.copyfile(model, f"{folder}/given.pdmodel")
            shutil.copyfile(parameters, f"{folder}/given.pdiparams")
            move_attention_scale(f"{folder}/given", f"{folder}/moved")
            model, parameters = Path(f"{folder}/moved.pdmodel"), Path(f"{folder}/moved.pdiparams")
        _child("convert", model, parameters, f"{folder}/out", target)
        made = Path(f"{folder}/out.nb")
        if not made.is_file():
            raise RuntimeError(f"Paddle Lite said nothing and wrote no {target} file from {pdmodel}")
        if quantised and not kernels(made)["arm", "int8"]:
            raise RuntimeError(f"{pdmodel}: no INT8 kernel is left after the arm conversion; is the model quantised?")
        os.replace(made, final)
    return final


def move_attention_scale(prefix_in: Path | str, prefix_out: Path | str) -> int:
    """Put the `scale` of the queries behind QKᵀ, (s·Q)Kᵀ = s·(QKᵀ), and write the program under another name.

    Paddle Lite's attention fusion for arm looks for the scale in front. In a QAT model, whose attention products are
    not quantised, it then asks for scales that are not there and aborts (`No attributes called X0_scale`).

    Args:
        prefix_in: path of .pdmodel and .pdiparams without the ending.
        prefix_out: the same for the result; the parameters are copied.

    Returns:
        How many were moved; 0 is right for a model that scales behind the product already.

    Raises:
        UserError: a file is absent.
        RuntimeError: Paddle could not read the program (its code and last lines).
    """
    for ending in ("pdmodel", "pdiparams"):
        files.require(f"{prefix_in}.{ending}", "Paddle model file")
    return int(_child("move", prefix_in, prefix_out).rsplit("moved ", 1)[-1])


def kernels(path: Path | str) -> Counter[tuple[str, str]]:
    """How many operators a .nb file runs by (target, precision), for example ("arm", "int8").

    Raises:
        UserError: no such file, or no kernel named in it.
    """
    content = files.require(path, "Paddle Lite model").read_bytes()
    found = Counter(
        (TARGETS.get(kernel[1].decode(), "other"), PRECISIONS.get(kernel[2].decode(), "other"))
        for kernel in KERNEL.finditer(content)
    )
    if not found:
        raise UserError(f"{path}: not a Paddle Lite .nb file, or cut short; convert it again")
    return found


def need_package(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise EnvironmentLacks(f"{module} is not installed; take the environment of requirements.lock")


def _child(verb: str, *arguments: Path | str) -> str:
    """Run a verb of this file in a child process; its standard output."""
    command = [sys.executable, "-m", "common.export.lite", verb, *map(str, arguments)]
    child = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if child.returncode:
        lines = [line.strip() for line in (child.stdout + child.stderr).splitlines() if line.strip()]
        telling = [line for line in lines if "Check failed" in line or "Error" in line] or lines
        raise RuntimeError(f"{verb} ended with code {child.returncode}: {' | '.join(telling[-3:]) or 'no message'}")
    return child.stdout


def _convert(model: str, parameters: str, stem: str, target: str) -> None:
    from paddlelite.lite import Opt

    opt = Opt()
    opt.set_model_file(model)
    opt.set_param_file(parameters)
    opt.set_valid_places(target)
    opt.set_model_type("naive_buffer")
    opt.set_optimize_out(stem)
    opt.run()


def _move(prefix_in: str, prefix_out: str) -> None:
    import paddle

    paddle.enable_static()
    program, _, _ = paddle.static.load_inference_model(prefix_in, paddle.static.Executor(paddle.CPUPlace()))
    block = program.global_block()
    moved = 0
    while (found := _scale_before_product(block)) is not None:
        scale, product = found
        factor, scaled = scale.attr("scale"), scale.output("Out")[0]
        result = block.var(product.output("Out")[0])
        raw = block.create_var(name=f"{result.name}.unscaled", shape=result.shape, dtype=result.dtype)
        product._rename_input(scaled, scale.input("X")[0])
        product._rename_output(result.name, raw.name)
        block._insert_op(
            block.ops.index(product) + 1,
            type="scale",
            inputs={"X": [raw.name]},
            outputs={"Out": [result.name]},
            attrs={"scale": factor, "bias": 0.0, "bias_after_scale": True},
        )
        block._remove_op(block.ops.index(scale))
        moved += 1
    # The program as it is: save_inference_model would add one more `scale` per output and rename the outputs.
    files.write_bytes(f"{prefix_out}.pdmodel", program.desc.serialize_to_string())
    files.write_bytes(f"{prefix_out}.pdiparams", Path(f"{prefix_in}.pdiparams").read_bytes())
    print(f"moved {moved}")


def _scale_before_product(block):
    """The first (scale, matmul_v2) where only the matmul reads what the scale gives, or None."""
    readers = Counter(name for op in block.ops for name in op.input_arg_names)
    scales = {}
    for op in block.ops:
        left = op.input("X")[0] if op.type == "matmul_v2" else None
        if left in scales and readers[left] == 1:
            return scales[left], op
        for name in op.output_arg_names:
            scales.pop(name, None)
        if op.type == "scale" and op.attr("bias") == 0.0 and not op.input("ScaleTensor"):
            scales[op.output("Out")[0]] = op
    return None


if __name__ == "__main__":
    {"convert": _convert, "move": _move}[sys.argv[1]](*sys.argv[2:])
