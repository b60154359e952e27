# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Export a trained checkpoint: static program, ONNX and bundle, each engine compared with the dynamic graph."""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError
from common.engines.allowed import CPU_ENGINES, check_gate_engines

from aspect.options import check_max_seq_len


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
        check_max_seq_len(self.max_seq_len)
        if self.input_dtype not in ("int64", "int32"):
            raise UserError(f"--input_dtype must be int64 or int32, got {self.input_dtype}")
        check_gate_engines(self.gate_engines)


def main(options: Options) -> None:
    from aspect import export, trainer  # import paddle: only after --help and the options' own checks

    trained = export.open_checkpoint(options.checkpoints)
    trainer.check_fit(trained.network, trained.vocabulary, options.max_seq_len, trained.labels)
    rows = trainer.dataset(
        options.gate_path, trained.vocabulary, trained.labels, options.max_seq_len, options.skip_bad_lines
    )
    target, dtype = options.static_model_dir, options.input_dtype
    export.export_fp32(trained, target, rows, options.max_seq_len, dtype, options.gate_engines)


if __name__ == "__main__":
    cli.run(main, Options)
