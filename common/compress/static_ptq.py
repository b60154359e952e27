# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""PaddleSlim's static post-training quantisation of an exported program, in a child process.

It needs Paddle's static mode, which is a switch of the whole process (`python -m common.compress.static_ptq`).
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common import child, files
from common.cli import UserError

import numpy as np

ALGORITHMS = ("avg", "abs_max", "hist", "mse", "KL")
WEIGHT_TYPES = ("channel_wise_abs_max", "abs_max")
OPERATORS = ("matmul", "matmul_v2", "mul")
TIMEOUT = 24 * 3600  # seconds; KL takes hours on a large model

Feed = Mapping[str, np.ndarray]
"""Input name -> integers [batch, length]."""


@dataclass(frozen=True)
class Recipe:
    """How activations and weights get their scales; the defaults are the document's."""

    algorithm: str = "avg"
    """How an activation's range comes from the batches: avg is the mean of each row's largest value."""
    weight_type: str = "channel_wise_abs_max"
    operators: tuple[str, ...] = ("matmul", "matmul_v2")
    hist_percent: float = 0.9999
    """Share of an activation's values that `hist` keeps inside the range."""


def quantize_program(
    pdmodel: Path | str, pdiparams: Path | str, out_prefix: Path | str, feeds: Sequence[Feed], recipe: Recipe
) -> dict[str, Any]:
    """Write `out_prefix`.pdmodel and .pdiparams: INT8 weights, and a quantisation in front of each matrix product.

    Args:
        pdmodel, pdiparams: an FP32 program; constants without an axis (0-D) in it make the algorithm `avg` fail.
        feeds: calibration batches, from training data.

    Returns:
        What `count_int8` says of the new program, and "ranges" as of `linear_ranges`.

    Raises:
        UserError: no batch, an absent file, or a range that comes out as zero or not a number (names the tensor).
        RuntimeError: PaddleSlim failed, or nothing was quantised.
    """
    if not feeds:
        raise UserError("calibration needs at least one whole batch; give more rows or a smaller batch size")
    model, parameters = files.require(pdmodel, "static model"), files.require(pdiparams, "weights of the static model")
    out = Path(out_prefix)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".quant.") as folder:
        arrays = {f"{number}.{name}": array for number, feed in enumerate(feeds) for name, array in feed.items()}
        np.savez(Path(folder) / "feeds.npz", **arrays)
        for source, ending in ((model, "pdmodel"), (parameters, "pdiparams")):
            (Path(folder) / f"fp32.{ending}").symlink_to(source.resolve())
        answered = child.run_child("common.compress.static_ptq", {"folder": folder, "recipe": asdict(recipe)}, TIMEOUT)
        counted = count_int8(Path(folder) / "int8.pdmodel")
        if not answered["ranges"]:
            raise RuntimeError(f"{pdmodel}: PaddleSlim quantised no operator of {', '.join(recipe.operators)}")
        for ending in ("pdmodel", "pdiparams"):
            (Path(folder) / f"int8.{ending}").replace(f"{out}.{ending}")
    return counted | answered


def count_int8(program: Path | str) -> dict[str, int]:
    """Matrix products of a program file.

    Returns:
        "products", all of them; "quantised", those whose two operands have been through INT8.
    """
    import common  # noqa: F401  before paddle

    from paddle.base import core

    described = core.ProgramDesc(files.require(program, "static model").read_bytes())  # must outlive its block
    block = described.block(0)
    operators = [block.op(number) for number in range(block.op_size())]
    made_by = {name: operator.type() for operator in operators for name in operator.output_arg_names()}
    products = [operator for operator in operators if operator.type() in OPERATORS]
    quantised = [
        product
        for product in products
        if all("dequantize" in made_by.get(product.input(side)[0], "") for side in ("X", "Y"))
    ]
    return {"products": len(products), "quantised": len(quantised)}


def answer(folder: str, recipe: dict[str, Any]) -> dict[str, Any]:
    """The child's part: fp32.* and feeds.npz of the folder to int8.*."""
    import common  # noqa: F401  before paddle

    import paddle
    from paddle.io import DataLoader, Dataset
    from paddleslim.quant import quant_post_static

    paddle.enable_static()
    place = paddle.CPUPlace()  # calibration takes seconds there, and what it writes runs on any device
    executor = paddle.static.Executor(place)
    with np.load(Path(folder) / "feeds.npz") as stored:
        arrays = dict(stored)
    names = sorted({key.split(".", 1)[1] for key in arrays})

    class Batches(Dataset):
        def __len__(self) -> int:
            return len(arrays) // len(names)

        def __getitem__(self, number: int) -> list[np.ndarray]:
            return [arrays[f"{number}.{name}"] for name in names]

    with paddle.static.program_guard(paddle.static.Program()):
        inputs = [paddle.static.data(name, [None, None], str(arrays[f"0.{name}"].dtype)) for name in names]
    # PaddleSlim's own generators are refused by Paddle 2.6; each item is a whole batch already.
    loader = DataLoader(Batches(), feed_list=inputs, places=place, batch_size=None, return_list=False)
    quant_post_static(
        executor,
        folder,
        folder,
        data_loader=loader,
        model_filename="fp32.pdmodel",
        params_filename="fp32.pdiparams",
        save_model_filename="int8.pdmodel",
        save_params_filename="int8.pdiparams",
        batch_nums=len(loader.dataset),
        algo=recipe["algorithm"],
        hist_percent=recipe["hist_percent"],
        quantizable_op_type=list(recipe["operators"]),
        weight_quantize_type=recipe["weight_type"],
        onnx_format=True,  # stores INT8 weights as INT8; the other form stores them as float
    )
    program, _, _ = paddle.static.load_inference_model(f"{folder}/int8", executor)
    check_ranges(program, paddle.static.global_scope())
    return {"ranges": linear_ranges(program, paddle.static.global_scope())}


def linear_ranges(program, scope) -> list[dict[str, Any]]:
    """Of each product with a stored weight, in the program's order: shape, the weight's largest value, the input's."""

    def value(name: str) -> np.ndarray:
        return np.array(scope.find_var(name).get_tensor())

    block = program.global_block()
    made_by = {name: op for op in block.ops for name in op.output_arg_names}
    found = []
    for op in block.ops:
        sides = [made_by.get(op.input(side)[0]) for side in ("X", "Y")] if op.type in OPERATORS else []
        if not sides or any(side is None or side.type != "dequantize_linear" for side in sides):
            continue
        given, weight = sides
        stored = block.var(weight.input("X")[0])
        if stored.persistable:
            entry = {"weight_max": float(value(weight.input("Scale")[0]).max())}
            entry["input_max"] = float(value(given.input("Scale")[0]).max())
            found.append({"shape": list(stored.shape), **entry})
    return found


def check_ranges(program, scope) -> None:
    """Raises `UserError` where the range of a quantised tensor is zero or not a number."""
    for operator in program.global_block().ops:
        if operator.type != "quantize_linear":
            continue
        scale = np.array(scope.find_var(operator.input("Scale")[0]).get_tensor())
        if not np.isfinite(scale).all() or not (scale > 0).all():
            tensor = operator.input("X")[0]
            raise UserError(f"tensor {tensor}: the range is {scale.min():g}; calibrate on more real rows")


if __name__ == "__main__":
    child.child_main(answer)
