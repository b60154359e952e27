# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Tensors by name in a file that cannot run code (safetensors), and into a model without any left over."""

from pathlib import Path

from common import files
from common.cli import UserError, one_line

import numpy as np
import paddle
from paddle import nn


def arrays_of(network: nn.Layer) -> dict[str, np.ndarray]:
    """Weights and buffers by name; bfloat16 as the float32 of the same value."""
    return {name: to_array(tensor) for name, tensor in network.state_dict().items()}


def to_array(tensor: paddle.Tensor) -> np.ndarray:
    if tensor.dtype == paddle.bfloat16:
        tensor = tensor.astype("float32")
    return np.ascontiguousarray(tensor.numpy())


def save(arrays: dict[str, np.ndarray], path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, str(path))


def read(path: Path) -> dict[str, np.ndarray]:
    """Raises `UserError` for a file that is missing, cut off or something else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return load_file(str(files.require(path, "weights file")))
    except (SafetensorError, KeyError, ValueError) as fault:
        raise UserError(f"{path}: damaged or not a weights file: {one_line(str(fault))[:120]}; restore it") from None


def fill(network: nn.Layer, arrays: dict[str, np.ndarray], where: Path | str) -> None:
    """Put every array in its place.

    Raises:
        UserError: one is missing, left over, or of another shape; names the first.
    """
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        if name not in arrays:
            raise UserError(f"{where}: {name} is missing; the file does not belong to its manifest")
        shape, here = list(tensor.shape), list(arrays[name].shape)
        if shape != here:
            raise UserError(f"{where}: {name} has the shape {here}, the manifest says {shape}")
    for name in arrays:
        if name not in wanted:
            raise UserError(f"{where}: {name} has no place in the model that the manifest describes")
    for name, tensor in wanted.items():
        tensor.set_value(paddle.to_tensor(arrays[name]).astype(tensor.dtype))
