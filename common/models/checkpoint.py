# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Checkpoints: loading ours exactly, pretrained ones by name or folder, and random ones only when asked to.

PaddleNLP's own loader only warns about weights that are missing or of another shape, and leaves random ones in place.
"""

import json
from collections.abc import Callable
from pathlib import Path

from common import files
from common.cli import UserError, one_line

import paddle

CONFIG, WEIGHTS, VOCABULARY, RECORD = "config.json", "model_state.pdparams", "vocab.txt", "training.json"


def is_ours(model_class: type, path: str | Path) -> bool:
    """Whether the folder holds a checkpoint that `model_class` itself wrote, heads and all."""
    config = Path(path) / CONFIG
    if not config.is_file():
        return False
    content = files.read_json(config, "model configuration")
    if not isinstance(content, dict):
        raise UserError(f"{config}: not a model configuration (a JSON object); train again or restore it")
    return model_class.__name__ in (content.get("architectures") or [])


def load(model_class: type, stock_loader: Callable, path: str | Path, *args, **kwargs) -> paddle.nn.Layer:
    """`from_pretrained` of our model classes.

    Args:
        model_class: a PaddleNLP `PretrainedModel` whose config describes it completely.
        stock_loader: PaddleNLP's `from_pretrained`, used for pretrained encoders.
        path: a folder, or a name that PaddleNLP knows and can download.

    Raises:
        UserError: missing files, weights that do not fit the config, or a name that could not be reached.
    """
    if is_ours(model_class, path):
        return load_strictly(model_class, Path(path), *args, **kwargs)
    if Path(path).is_dir():
        files.require(Path(path) / CONFIG, "model configuration")
        files.require(Path(path) / WEIGHTS, "weights file")
    elif "/" in str(path) and str(path).count("/") != 1:
        files.require(path, "checkpoint folder")
    # An absolute path, because a folder in the working directory may be called like a model that PaddleNLP knows.
    source = str(Path(path).resolve()) if Path(path).is_dir() else str(path)
    try:
        return stock_loader(source, *args, **kwargs)
    except ValueError as fault:  # what paddle.load raises at the end of its tries
        if not (Path(path) / WEIGHTS).is_file():
            raise
        raise UserError(f"{Path(path) / WEIGHTS}: damaged or not a weights file; restore it") from fault
    except (OSError, RuntimeError) as fault:  # PaddleNLP raises these for everything that goes wrong on the way
        if Path(path).is_dir():
            raise UserError(f"{path}: cannot be loaded: {one_line(fault)[:300]}") from fault
        raise UserError(
            f"{path}: neither a folder here nor reachable as a model name; give a folder by --model_name_or_path DIR, "
            "or train a new one by --from_scratch"
        ) from fault


def load_strictly(model_class: type, folder: Path, *args, **kwargs) -> paddle.nn.Layer:
    """Build the model that `config.json` describes and fill every weight, or stop.

    Raises:
        UserError: a head asked for with another width than was saved, or weights missing, left over or misshapen.
    """
    config = model_class.config_class.from_pretrained(str(folder))
    for name, asked in kwargs.items():
        saved = getattr(config, name, None)
        if asked is not None and saved is not None and name.endswith("_dim") and asked != saved:
            raise UserError(f"{folder}: {name} is {saved} in this checkpoint, but {asked} labels are given")
    try:
        model = model_class(config, *args, **kwargs)
    except (AttributeError, TypeError, ValueError) as fault:  # for example more heads in a layer than the config has
        raise UserError(f"{folder / CONFIG}: describes no model: {fault}; train again or restore it") from fault
    weights_file = files.require(folder / WEIGHTS, "weights file")
    try:
        saved_state = paddle.load(str(weights_file))
    except Exception as fault:
        raise UserError(f"{weights_file}: damaged or not a weights file; train again or restore it") from fault
    fill_strictly(model, saved_state, str(weights_file))
    model.eval()
    return model


def fill_strictly(model: paddle.nn.Layer, state: dict, where: str) -> None:
    """Put every tensor of `state` in place.

    Raises:
        UserError: a weight is missing, left over, or of another shape; names the first.
    """
    wanted = model.state_dict()
    for name in wanted:
        if name not in state:
            raise UserError(f"{where}: weight {name} is missing; the file does not belong to its config.json")
        if list(wanted[name].shape) != list(state[name].shape):
            raise UserError(
                f"{where}: {name} has shape {list(state[name].shape)}, config.json says {list(wanted[name].shape)}"
            )
        if wanted[name].dtype != state[name].dtype:
            raise UserError(f"{where}: {name} is {state[name].dtype}, config.json asks for {wanted[name].dtype}")
    for name in state:
        if name not in wanted and name != "StructuredToParameterName@@":
            raise UserError(f"{where}: weight {name} has no place in the model that config.json describes")
    model.set_state_dict(state)


def architecture(config_class: type, registry: dict, name: str, flag: str = "--model_name_or_path"):
    """The configuration that PaddleNLP ships for a model name, without any download.

    Raises:
        UserError: a name that the registry does not hold.
    """
    if name not in registry:
        raise UserError(
            f"{flag}: --from_scratch knows no architecture `{name}`; for example: {', '.join(sorted(registry)[-4:])}"
        )
    return config_class(**registry[name])


def save(model: paddle.nn.Layer, vocabulary: Path, folder: Path, record: dict) -> None:
    """Write a whole checkpoint folder, or leave what was there: config, weights, vocabulary, `training.json`."""
    with files.replacing_folder(folder) as temporary:
        write_into(model, vocabulary, temporary, record)


def write_into(model: paddle.nn.Layer, vocabulary: Path, folder: Path, record: dict) -> None:
    """The same into a folder that exists already, beside what else it holds."""
    from paddlenlp.transformers import ErnieTokenizer

    config = model.config
    config.architectures = [type(model).__name__]
    files.write_json(folder / CONFIG, json.loads(config.to_json_string(use_diff=True)))
    temporary = folder / f".{WEIGHTS}.part"
    paddle.save(model.state_dict(), str(temporary))
    temporary.replace(folder / WEIGHTS)
    if vocabulary.resolve() != (folder / VOCABULARY).resolve():
        files.write_bytes(folder / VOCABULARY, vocabulary.read_bytes())
    ErnieTokenizer(str(folder / VOCABULARY)).save_pretrained(str(folder))
    files.write_json(folder / RECORD, record)
