# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""What quant_post.py is told on the command line, and what each target needs."""

from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError, did_you_mean
from common.compress.static_ptq import ALGORITHMS, OPERATORS, WEIGHT_TYPES, Recipe
from common.engines.allowed import CPU_ENGINES, check_gate_engines

from aspect.options import check_max_seq_len

TARGETS = ("cpu", "tensorrt", "lite")
# Engines without which nothing is written; OpenVINO's failure would only be noted.
MUST_PASS = {"cpu": ("paddle", "onnxruntime"), "tensorrt": ("paddle",), "lite": ("paddle",)}
ONNX_METHODS = ("static", "dynamic")
# Without --weight_quantize_type. The document's is TensorRT's; oneDNN restores a scale per channel wrongly.
WEIGHTS_OF = {"cpu": "abs_max", "tensorrt": "channel_wise_abs_max", "lite": "abs_max"}
# What is written for a target, and so what can be compared; FastDeploy's backends read the same files.
ENGINES = {"cpu": CPU_ENGINES, "tensorrt": ("paddle",), "lite": ("paddle",)}
INPUT_DTYPE = {"cpu": "int64", "tensorrt": "int64", "lite": "int32"}  # Paddle Lite on phones is fed int32


@dataclass(frozen=True)
class Choices:
    """How a model becomes INT8, and for whom.

    Attributes:
        target: what will serve it: cpu, tensorrt or lite.
        scales: how activations and weights get their scales.
        batch_size: rows of a calibration batch.
        max_length: tokens of the longest input that will be served.
        embeddings: the word, position and type tables become INT8 too.
        onnx_method: static or dynamic.
        engines: those that are compared with FP32.
        min_agreement: share of the decisions that must be those of FP32.
    """

    target: str
    scales: Recipe
    batch_size: int
    max_length: int
    embeddings: bool
    onnx_method: str
    engines: tuple[str, ...]
    min_agreement: float


@dataclass(kw_only=True)
class Options:
    """Quantise a static model of export_model.py after its training."""

    static_model_dir: Path = Path("checkpoints/pp_checkpoints/static")
    """Folder with the FP32 model to be quantised."""
    quant_model_dir: Path = Path("checkpoints/pp_checkpoints/quant")
    """Folder for the INT8 one: bundle/, and infer.pdmodel, infer.pdiparams as links into it."""
    checkpoints: Path | None = None
    """Checkpoint that the static model was exported from; the folder above it if not given."""
    base_model_name: str | None = None
    """The document's flag; the checkpoint says by itself what it is, and another word than that is refused."""
    calibration_path: Path = Path("data/cls_data/train.txt")
    """Labelled text that sets the ranges: never the one that is reported on."""
    gate_path: Path = Path("data/cls_data/dev.txt")
    """Labelled text on which INT8 is compared with FP32."""
    label_path: Path | None = None
    """Labels, one a line, to be checked against the model's."""
    target: str = "cpu"
    """What will serve it: cpu, tensorrt, or lite (arm)."""
    algorithm: str = "avg"
    """How an activation's range is found: avg, abs_max, hist, mse or KL."""
    hist_percent: float = 0.9999
    """Share of the values that `hist` keeps inside the range."""
    weight_quantize_type: str | None = None
    """abs_max or channel_wise_abs_max; if not given, what is right on the target."""
    quantizable_op_type: tuple[str, ...] = ("matmul", "matmul_v2")
    """Operators that PaddleSlim quantises."""
    batch_size: int = 32
    """Rows per calibration batch."""
    batch_nums: int = 10
    """Calibration batches."""
    max_seq_len: int = 256
    """Longest input in tokens."""
    embeddings: bool = False
    """Store the word, position and type tables as INT8 too."""
    onnx_method: str = "static"
    """The ONNX file by static (the same ranges) or dynamic (ONNX Runtime's, a range per input; needs --embeddings)."""
    min_agreement: float = 0.99
    """Share of the decisions that must be those of FP32."""
    gate_rows: int = 500
    """How many rows of --gate_path are compared."""
    gate_engines: tuple[str, ...] = CPU_ENGINES
    """Engines that are compared."""
    input_model_filename: str = "infer.pdmodel"
    """Name of the FP32 program in --static_model_dir."""
    input_param_filename: str = "infer.pdiparams"
    """Name of its weights."""
    save_model_filename: str = "infer.pdmodel"
    """Name of the link to the INT8 program."""
    save_params_filename: str = "infer.pdiparams"
    """Name of the link to its weights."""
    seed: int = 1000
    """Of the choice of calibration rows."""
    skip_bad_lines: bool = False
    """Leave faulty data lines out, count them and list the first ten, instead of stopping."""

    def __post_init__(self):
        _check_word("target", self.target, TARGETS)
        if self.checkpoints is None:
            self.checkpoints = self.static_model_dir.resolve().parent
        if self.weight_quantize_type is None:
            self.weight_quantize_type = WEIGHTS_OF[self.target]
        _check_word("algorithm", self.algorithm, ALGORITHMS)
        _check_word("onnx_method", self.onnx_method, ONNX_METHODS)
        _check_word("weight_quantize_type", self.weight_quantize_type, WEIGHT_TYPES)
        for word in self.quantizable_op_type:
            _check_word("quantizable_op_type", word, OPERATORS)
        check_gate_engines(self.gate_engines, MUST_PASS[self.target])
        for name in ("batch_size", "batch_nums", "gate_rows"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} must be at least 1, got {getattr(self, name)}")
        check_max_seq_len(self.max_seq_len)
        if not 0 < self.hist_percent <= 1:
            raise UserError(f"--hist_percent must be above 0 and at most 1, got {self.hist_percent}")
        if not 0 <= self.min_agreement <= 1:
            raise UserError(f"--min_agreement must be in 0 to 1, got {self.min_agreement}")
        if self.onnx_method == "dynamic" and not self.embeddings:
            raise UserError("--onnx_method dynamic makes the tables INT8 as well; add --embeddings")
        if self.embeddings and self.target == "tensorrt":
            raise UserError("--embeddings: --target tensorrt keeps PaddleSlim's program; leave one of the two out")

    def choices(self) -> Choices:
        """The part of these options that says how a model becomes INT8."""
        scales = Recipe(self.algorithm, self.weight_quantize_type, self.quantizable_op_type, self.hist_percent)
        return Choices(
            self.target,
            scales,
            self.batch_size,
            self.max_seq_len,
            self.embeddings,
            self.onnx_method,
            self.gate_engines,
            self.min_agreement,
        )


def _check_word(name: str, word: str, known: tuple[str, ...]) -> None:
    if word not in known:
        raise UserError(f"--{name}: `{word}`{did_you_mean(word, known)}; there are {', '.join(known)}")
