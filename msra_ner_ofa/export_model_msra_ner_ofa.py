# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A trained width as a small model that describes itself, and as a bundle that every engine answers rightly."""

from dataclasses import dataclass
from pathlib import Path

from common import cli
from common.cli import UserError
from common.engines.allowed import CPU_ENGINES, check_gate_engines

from ner.options import check_type
from ner.windows import check_length


@dataclass(kw_only=True)
class Options:
    """Export a checkpoint of run_msra_ner.py or run_msra_ner_ofa.py."""

    model_type: str = "bert"
    """bert or ernie; the checkpoint's own."""
    model_name_or_path: Path
    """Folder of the checkpoint: model_best, or model_<width>."""
    max_seq_length: int = 128
    """Longest input in tokens that will be served; longer texts are read in overlapping windows."""
    sub_model_output_dir: Path | None = None
    """Folder for the small model's checkpoint; dynamic_model in --model_name_or_path if not given."""
    static_sub_model: str = "None"
    """Folder for the static model: bundle/ and infer.pdmodel, infer.pdiparams as links into it; None: none is made."""
    width_mult: float = 1.0
    """Width that is exported: the checkpoint's own, or a smaller one that is cut out of it."""
    n_gpu: int | None = None
    """The document's flag: 0 means the CPU, 1 a GPU; --device says it too."""
    device: str | None = None
    """cpu, gpu or xpu; if not given, a GPU where there is one."""
    input_dtype: str = "int64"
    """Type of the static model's input: int64 or int32."""
    int8: bool = False
    """Also write <static_sub_model>_int8 with INT8 products and tables; needs --data_dir."""
    data_dir: Path | None = None
    """Folder with the train.txt on whose sentences INT8 is calibrated."""
    calibration_sentences: int = 320
    """How many of them, drawn by --seed."""
    seed: int = 42
    """Of that choice."""
    min_agreement: float = 0.99
    """Share of the characters whose tag must be the same in INT8."""
    gate_engines: tuple[str, ...] = CPU_ENGINES
    """Engines that are compared; paddle and onnxruntime are always among them."""

    def __post_init__(self):
        check_type(self.model_type)
        check_length(self.max_seq_length)
        if self.sub_model_output_dir is None:
            self.sub_model_output_dir = self.model_name_or_path / "dynamic_model"
        if self.sub_model_output_dir.resolve() == self.model_name_or_path.resolve():
            raise UserError(
                f"--sub_model_output_dir {self.sub_model_output_dir}: the model itself; name another folder"
            )
        if not 0 < self.width_mult <= 1:
            raise UserError(f"--width_mult: {self.width_mult:g} is not in (0, 1]")
        if self.n_gpu is not None:
            self.device = self.device_of_count(self.n_gpu)
        if self.input_dtype not in ("int64", "int32"):
            raise UserError(f"--input_dtype must be int64 or int32, got {self.input_dtype}")
        if self.int8 and (self.static_folder() is None or self.data_dir is None):
            raise UserError("--int8 needs --static_sub_model DIR, and --data_dir DIR with a train.txt to calibrate on")
        if self.calibration_sentences < 1:
            raise UserError(f"--calibration_sentences must be at least 1, got {self.calibration_sentences}")
        if not 0 <= self.min_agreement <= 1:
            raise UserError(f"--min_agreement must be in [0, 1], got {self.min_agreement}")
        check_gate_engines(self.gate_engines)

    def device_of_count(self, count: int) -> str:
        """The device that `--n_gpu` stands for.

        Raises:
            UserError: a count that makes no sense here, or one against --device.
        """
        if count not in (0, 1):
            raise UserError(f"--n_gpu must be 0 (CPU) or 1: an export needs no more, got {count}")
        device = "gpu" if count else "cpu"
        if self.device is not None and self.device.split(":")[0] != device:
            raise UserError(f"--n_gpu {count} and --device {self.device} contradict each other; leave one out")
        return self.device or device

    def static_folder(self) -> Path | None:
        """Where the static model goes; None where none is wanted."""
        return None if self.static_sub_model in ("None", "none", "") else Path(self.static_sub_model)


def main(options: Options) -> None:
    # These import paddle, which takes seconds: only after --help and the options' own checks.
    from common.train import trainer

    from ner import export, quantize
    from ner.data import read_sentences

    trainer.set_device(options.device)
    source = export.open_source(options.model_name_or_path, options.model_type, options.max_seq_length)
    sub_model = export.write_sub_model(source, options.width_mult, options.sub_model_output_dir)
    static = options.static_folder()
    if static is None:
        return
    export.write_static(sub_model, static, options.gate_engines, options.input_dtype)
    if options.int8:
        sentences = read_sentences(options.data_dir / "train.txt", sub_model.labels)
        feeds = quantize.draw_feeds(sub_model, sentences, options.calibration_sentences, options.seed)
        target = static.with_name(f"{static.name}_int8")
        quantize.write_int8(sub_model, feeds, target, options.gate_engines, options.min_agreement, options.input_dtype)


if __name__ == "__main__":
    cli.run(main, Options)
