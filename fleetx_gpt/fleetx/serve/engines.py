# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""An exported model behind one call: Paddle Inference or ONNX Runtime."""

from collections.abc import Callable
from pathlib import Path

from common import files, machine
from common.cli import EnvironmentLacks, UserError, did_you_mean, one_line
from common.export import onnx_file

import numpy as np

PROGRAM, ONNX = "model.pdmodel", "model.onnx"
Logits = Callable[[np.ndarray], np.ndarray]


def paddle_inference(folder: Path, device: str = "cpu") -> Logits:
    """Raises `UserError` where the program is not there."""
    from paddle import inference

    program = files.require(folder / PROGRAM, "exported program (Inference.model_dir)")
    config = inference.Config(str(program), str(program.with_suffix(".pdiparams")))
    if device == "gpu":
        config.enable_use_gpu(256, 0)
    else:
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(1)
    config.disable_glog_info()
    config.enable_memory_optim(False)
    predictor = inference.create_predictor(config)
    source = predictor.get_input_handle(predictor.get_input_names()[0])
    answer = predictor.get_output_handle(predictor.get_output_names()[0])

    def logits(inputs: np.ndarray) -> np.ndarray:
        source.reshape(inputs.shape)
        source.copy_from_cpu(np.ascontiguousarray(inputs))
        predictor.run()
        return answer.copy_to_cpu().astype("float32")

    return logits


def onnxruntime(folder: Path, device: str = "cpu") -> Logits:
    """Raises `UserError` where model.onnx is not there or does not open."""
    import onnxruntime as runtime

    model = files.require(folder / ONNX, "model.onnx (export with -o Inference.onnx=True)")
    provider = "CUDAExecutionProvider" if device == "gpu" else "CPUExecutionProvider"
    if provider not in runtime.get_available_providers():
        raise EnvironmentLacks(f"onnxruntime: this build has no {provider}; pass -o Global.device=cpu")
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    source: str | bytes = str(model)
    if device == "cpu" and not machine.has_int8_dot_product() and onnx_file.count_nodes(model).get("QuantizeLinear"):
        source = onnx_file.to_unsigned_weights(model)  # signed ones would saturate on this CPU, without an error
    try:
        session = runtime.InferenceSession(source, options, providers=[provider])
    except Exception as fault:  # the library raises many kinds, and bare ones
        raise UserError(f"{model}: does not open: {one_line(str(fault))[:160]}; export again") from None
    name = session.get_inputs()[0].name
    return lambda inputs: session.run(None, {name: inputs})[0].astype("float32")


ENGINES = {"paddle": paddle_inference, "onnxruntime": onnxruntime}


def check_name(name: str) -> None:
    if name not in ENGINES:
        raise UserError(f"--engine: `{name}`{did_you_mean(name, ENGINES)}; there are {', '.join(ENGINES)}")
