# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The bundle: one folder with all that deployment reads, and a manifest that says what is in it.

A bundle is read as a stranger's file: nothing of it is believed, and no engine opens a model file, before its size and
sha256 match the manifest and the parts agree with each other.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import files
from common.bundle.checks import MANIFEST, check_labels, check_manifest, show
from common.cli import UserError

PROGRAM = ("model.pdmodel", "model.pdiparams")
OPENVINO_IR = ("model.xml", "model.bin")
# What each engine opens where the manifest names no file for it: the first choice whose files are all in the bundle.
# FastDeploy brings ONNX Runtime 1.12, which does not know all fused operators of a model.onnx; a model.portable.onnx
# holds standard operators only.
MODEL_FILES: dict[str, tuple[tuple[str, ...], ...]] = {
    "paddle": (PROGRAM,),
    "paddle_tensorrt": (PROGRAM,),
    "onnxruntime": (("model.onnx",),),
    "onnxruntime_tensorrt": (("model.portable.onnx",), ("model.onnx",)),
    "openvino": (OPENVINO_IR, ("model.portable.onnx",), PROGRAM, ("model.onnx",)),
    "paddlelite": (("model.x86.nb",),),
    "fastdeploy_paddle": (PROGRAM,),
    "fastdeploy_onnxruntime": (("model.portable.onnx",), PROGRAM),
    "fastdeploy_openvino": (PROGRAM,),
    "fastdeploy_paddle_tensorrt": (PROGRAM,),
    "fastdeploy_tensorrt": (("model.portable.onnx",), ("model.onnx",)),
}


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. Make one with `read_bundle`.

    Attributes:
        path: the folder.
        manifest: manifest.json as it stands there.
        labels: name of each label list ("intent", "slot", "class", "tag") to its labels, in the order of the outputs.
    """

    path: Path
    manifest: dict[str, Any]
    labels: dict[str, list[str]]

    @property
    def app(self) -> str:
        return self.manifest["app"]

    @property
    def task(self) -> str:
        return self.manifest["task"]

    @property
    def stage(self) -> str:
        return self.manifest["stage"]

    @property
    def precision(self) -> str:
        """Of the matrix multiplications: "fp32" or "int8"."""
        return self.manifest["precision"]

    @property
    def architecture(self) -> dict[str, Any]:
        return self.manifest["architecture"]

    @property
    def max_length(self) -> int:
        """Tokens, [CLS] and [SEP] counted."""
        return self.manifest["max_length"]

    @property
    def pad_id(self) -> int:
        return self.manifest["pad_id"]

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """Name, shape (-1 is any) and dtype of each input."""
        return self.manifest["inputs"]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """Name and shape of each output; all are float32."""
        return self.manifest["outputs"]

    @property
    def decoder(self) -> str | None:
        """Name of the tag decoder the bundle was made for; None where no tags are predicted."""
        return (self.manifest.get("decoder") or {}).get("default")

    @property
    def transitions(self) -> dict[str, list] | None:
        """CRF scores: start [T], end [T], pairs [T][T]."""
        return (self.manifest.get("decoder") or {}).get("transitions")

    @property
    def vocab_path(self) -> Path:
        return self.path / "vocab.txt"

    def engine(self, name: str) -> dict[str, Any] | None:
        """What the parity gate wrote about an engine, or None where it was not run."""
        return self.manifest.get("engines", {}).get(name)


def read_bundle(path: Path | str, task: str | None = None, app: str | None = None) -> Bundle:
    """Check a bundle folder from end to end: manifest, sizes, sha256 sums, vocabulary, labels, lengths.

    Args:
        path: the folder.
        task, app: what the caller serves; None takes any.

    Raises:
        UserError: anything missing, damaged or contradictory; one line with both names or numbers.
    """
    path = files.require(path, "bundle folder")
    if not path.is_dir():
        raise UserError(f"{path}: a file, but a bundle is a folder with a {MANIFEST}; give the folder")
    where = files.require(path / MANIFEST, "manifest (is this folder a bundle?)")
    try:
        manifest = files.read_json(where, "manifest")
    except (ValueError, RecursionError) as fault:  # a number of thousands of digits, thousands of nested brackets
        raise UserError(f"{where}: not a manifest: {str(fault)[:80]}; export the bundle again") from None
    check_manifest(manifest, where)
    for asked, found, what in ((task, manifest["task"], "task"), (app, manifest["app"], "app")):
        if asked is not None and asked != found:
            raise UserError(f"{path}: a bundle of the {what} {show(found)}, but {show(asked)} was asked for")
    _check_files(path, manifest["files"])
    _check_vocabulary(path / "vocab.txt", manifest, where)
    labels = files.read_json(path / "labels.json", "label file")
    check_labels(labels, manifest, path / "labels.json")
    return Bundle(path, manifest, labels)


def write_manifest(folder: Path | str, manifest: dict[str, Any]) -> None:
    """Add size and sha256 of every file of the folder and write manifest.json, whole and last.

    `manifest` is not changed; a "files" entry in it is replaced. Files whose names begin with a dot are left out.

    Raises:
        UserError: the manifest would be refused by `read_bundle`; nothing is written then.
        ValueError: the folder holds folders.
    """
    folder = Path(folder)
    entries = sorted(e for e in folder.iterdir() if e.name != MANIFEST and not e.name.startswith("."))
    nested = [entry.name for entry in entries if not entry.is_file()]
    if nested:
        raise ValueError(f"{folder}: a bundle is flat, but it holds {', '.join(nested)}")
    listed = {entry.name: {"bytes": entry.stat().st_size, "sha256": files.sha256(entry)} for entry in entries}
    whole = json.loads(json.dumps({**manifest, "files": listed}))  # what a reader will see: lists, not tuples
    check_manifest(whole, folder / MANIFEST)
    files.write_json(folder / MANIFEST, whole)


def engine_files(bundle: Bundle, engine: str) -> tuple[Path, ...]:
    """The model files an engine opens: what the manifest names for it, else the first whole choice of MODEL_FILES.

    On INT8, OpenVINO is fastest with a file of its own, which NNCF made, and then with the Paddle program, whose fake
    quantisation it folds by itself.

    Raises:
        UserError: the bundle has no file for this engine.
    """
    listed = bundle.manifest["files"]
    named = (bundle.engine(engine) or {}).get("file")
    if named is not None:
        choices: tuple[tuple[str, ...], ...] = ((named, *weights_of(named)),)
    else:
        choices = MODEL_FILES[engine]
        if engine == "openvino" and bundle.precision == "int8":
            choices = (OPENVINO_IR, PROGRAM)
    for choice in choices:
        if all(name in listed for name in choice):
            return tuple(bundle.path / name for name in choice)
    wanted = " or ".join(" + ".join(choice) for choice in choices)
    raise UserError(
        f"{bundle.path}: no {wanted} among the manifest's files, which {engine} needs; "
        f"export with it, or take another engine (the bundle holds {', '.join(sorted(listed))})"
    )


def weights_of(model: str) -> tuple[str, ...]:
    """Name of the file that holds a model file's weights, where they are not in the model file itself."""
    for ending, weights in ((".pdmodel", ".pdiparams"), (".xml", ".bin")):
        if model.endswith(ending):
            return (model.removesuffix(ending) + weights,)
    return ()


def engine_file(bundle: Bundle | Path | str, engine: str) -> str:
    """Name of the file that the manifest's `engines` entry is to hold; a program goes without its weights."""
    return engine_files(bundle if isinstance(bundle, Bundle) else read_bundle(bundle), engine)[0].name


def file_bytes(bundle: Bundle, engine: str) -> int:
    """Size of the model files an engine opens, in bytes."""
    return sum(bundle.manifest["files"][path.name]["bytes"] for path in engine_files(bundle, engine))


def _check_files(path: Path, listed: dict[str, dict[str, Any]]) -> None:
    for name, entry in listed.items():
        place = files.require(path / name, "file, though the manifest lists it; export the bundle again")
        if not place.is_file():
            raise UserError(f"{place}: not a file, though the manifest lists it as one; export the bundle again")
        size = place.stat().st_size
        if size != entry["bytes"]:
            raise UserError(
                f"{place}: {size} bytes, but the manifest says {entry['bytes']}; the file is damaged, copy it again"
            )
        found = files.sha256(place)
        if found != entry["sha256"]:
            raise UserError(
                f"{place}: sha256 {found[:12]}…, but the manifest says {entry['sha256'][:12]}…; the file was changed "
                "or is damaged, copy or export the bundle again"
            )


def _check_vocabulary(vocab: Path, manifest: dict[str, Any], where: Path) -> None:
    raw = vocab.read_bytes()
    lines = raw.count(b"\n") + (not raw.endswith(b"\n") and bool(raw))
    rows, declared = manifest["architecture"]["vocab_size"], manifest["tokenizer"]["vocab_size"]
    if not lines == rows == declared:
        raise UserError(
            f"{where}: {vocab.name} has {lines} tokens, the tokenizer declares {declared}, the embedding has {rows} "
            "rows; the three must be equal, export the bundle again"
        )
