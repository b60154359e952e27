# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Export a trained checkpoint: static program, ONNX and bundle, each engine compared with the dynamic graph."""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError
from common.engines.allowed import CPU_ENGINES, check_gate_engines


@dataclass(kw_only=True)
class Options:
    """Export a checkpoint of train.py or prune_width.py."""

    checkpoints: Path = Path("checkpoints/pp_checkpoints")
    """Folder with the trained model."""
    static_model_dir: Path | None = None
    """Where bundle/ and infer.pdmodel, infer.pdiparams go; `static` in the checkpoint's folder if not given."""
    max_seq_len: int = 256
    """Longest input in tokens that will be served."""
    input_dtype: str = "int64"
    """Type of the exported model's inputs: int64 or int32."""
    gate_path: Path = Path("data/cls_data/dev.txt")
    """Labelled text on which the engines are compared."""
    gate_engines: tuple[str, ...] = CPU_ENGINES
    """Engines that are compared; paddle and onnxruntime are always among them."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        if self.static_model_dir is None:
            self.static_model_dir = self.checkpoints / "static"
        if self.max_seq_len < 5:
            raise UserError(f"--max_seq_len must be at least 5, got {self.max_seq_len}")
        if self.input_dtype not in ("int64", "int32"):
            raise UserError(f"--input_dtype must be int64 or int32, got {self.input_dtype}")
        check_gate_engines(self.gate_engines)


def main(options: Options) -> None:
    from aspect import export  # imports paddle, which takes seconds: only after --help and the options' own checks

    export.export_fp32(options.checkpoints, options.static_model_dir, options)


if __name__ == "__main__":
    cli.run(main, Options)
