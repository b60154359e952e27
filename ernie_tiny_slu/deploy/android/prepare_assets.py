# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A bundle as the app's assets: the .nb for arm, vocab.txt, labels.json, tokenizer_rules.txt, manifest.json."""

from dataclasses import dataclass
from pathlib import Path

from common import cli, files
from common.bundle import Bundle, read_bundle
from common.bundle.bundle import PROGRAM, write_manifest
from common.cli import UserError
from common.data.tokenizer_rules import RULES
from common.export import lite

ASSETS = Path(__file__).resolve().parent / "app" / "src" / "main" / "assets" / "model"
ENGINE = "paddlelite_arm"
MODEL = "model.arm.nb"
KEPT = ("vocab.txt", "labels.json")


@dataclass
class Options:
    """Put a bundle that run_train.py exported into the Android app."""

    bundle: Path
    """The bundle's folder."""
    output_dir: Path = ASSETS
    """Where the app's files go; what is there is replaced."""


def main(options: Options) -> None:
    bundle = read_bundle(options.bundle, task="joint_intent_slot")
    check(bundle)
    target = options.output_dir
    if target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").exists():
        raise UserError(f"{target}: holds other things than a model; name another with --output_dir")
    with files.replacing_folder(target) as folder:
        convert(bundle, folder)
        for name in KEPT:
            files.write_bytes(folder / name, (bundle.path / name).read_bytes())
        files.write_bytes(folder / RULES.name, RULES.read_bytes())
        # The other engines' files stay behind, and with them what the parity gate said of those engines.
        write_manifest(folder, {**bundle.manifest, "engines": {}})
    size = (target / MODEL).stat().st_size
    print(f"{target}: {bundle.precision} model of {size} bytes; build the app now")


def check(bundle: Bundle) -> None:
    """
    Raises:
        UserError: a phone would answer wrongly: other inputs than one of int32, or the parity gate did not pass.
    """
    inputs = ", ".join(f"{each['name']} {each['dtype']}" for each in bundle.inputs)
    if [each["dtype"] for each in bundle.inputs] != ["int32"]:
        raise UserError(
            f"{bundle.path}: inputs are {inputs}, Paddle Lite on a phone takes one of int32; "
            "export with --input_dtype int32"
        )
    for engine in ("paddlelite", ENGINE):
        gate = bundle.engine(engine)
        if gate is not None and not gate["passed"]:
            raise UserError(f"{bundle.path}: the parity gate did not pass on {engine}; export the bundle again")


def convert(bundle: Bundle, folder: Path) -> None:
    """The bundle's own .nb where it has one, else a new one from its Paddle program."""
    listed = bundle.manifest["files"]
    if MODEL in listed:
        files.write_bytes(folder / MODEL, (bundle.path / MODEL).read_bytes())
    elif set(PROGRAM) <= set(listed):
        program, weights = (bundle.path / name for name in PROGRAM)
        lite.convert(program, weights, folder / Path(MODEL).stem, "arm", quantized=bundle.precision == "int8")
    else:
        raise UserError(f"{bundle.path}: neither {MODEL} nor {' and '.join(PROGRAM)}; export the bundle again")
    kernels = lite.kernels(folder / MODEL)
    if not any(target == "arm" for target, _ in kernels):
        raise UserError(f"{bundle.path}: its {MODEL} was not converted for arm; export the bundle again")


if __name__ == "__main__":
    cli.run(main, Options)
