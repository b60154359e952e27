# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Two small models for Paddle Lite, FP32 and QAT INT8; run as a script, this file builds or compares their programs."""

import subprocess
import sys

import numpy as np

IDS = np.array([[2, 5, 9, 3, 0, 0], [2, 7, 7, 8, 9, 3]], np.int32)


LAYERS = 2


def in_child(*words) -> None:
    """Paddle is kept out of the test process: its static mode is global."""
    child = subprocess.run([sys.executable, __file__, *map(str, words)], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-2000:]


def build(folder: str) -> None:
    """fp32.*, qat.* and what the dynamic graph of the first answers (fp32.npz)."""
    import paddle
    from paddle import nn
    from paddleslim import QAT

    class Toy(nn.Layer):
        def __init__(self):
            super().__init__()
            self.words, self.positions = nn.Embedding(60, 32), nn.Embedding(16, 32)
            one = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, activation="gelu")
            self.encoder = nn.TransformerEncoder(one, LAYERS)
            self.intent, self.slot = nn.Linear(32, 3), nn.Linear(32, 5)

        def forward(self, input_ids):
            ones = paddle.ones_like(input_ids)
            padding = (input_ids == paddle.zeros_like(input_ids)).astype("float32")  # no 0-D constant
            states = self.words(input_ids) + self.positions(paddle.cumsum(ones, axis=1) - ones)
            states = self.encoder(states, paddle.unsqueeze(padding * -1e4, [1, 2]))
            return self.intent(states[:, 0]), self.slot(states)

    paddle.seed(1)
    spec = [paddle.static.InputSpec(shape=[-1, -1], dtype="int32", name="input_ids")]
    model = Toy()
    model.eval()
    intent, slot = model(paddle.to_tensor(IDS))
    np.savez(f"{folder}/fp32.npz", intent=intent.numpy(), slot=slot.numpy())
    paddle.jit.save(paddle.jit.to_static(model, input_spec=spec, full_graph=True), f"{folder}/fp32")

    scheme = {"weight_quantize_type": "channel_wise_abs_max", "activation_quantize_type": "moving_average_abs_max"}
    qat = QAT(config={**scheme, "quantizable_layer_type": ["Linear"], "onnx_format": True})
    paddle.seed(1)
    model = Toy()
    qat.quantize(model)
    for seed in range(4):
        model(paddle.to_tensor(np.random.default_rng(seed).integers(1, 60, (4, 9)).astype(np.int32)))
    model.eval()
    qat.save_quantized_model(model, f"{folder}/qat", input_spec=spec)


def compare(*prefixes: str) -> None:
    """Pairs of programs by Paddle's executor: the same inputs and outputs, by name and value."""
    import paddle

    paddle.enable_static()
    answers = []
    for prefix in prefixes:
        with paddle.static.scope_guard(paddle.static.Scope()):
            executor = paddle.static.Executor(paddle.CPUPlace())
            program, feeds, fetches = paddle.static.load_inference_model(prefix, executor)
            answers.append((feeds, [v.name for v in fetches], executor.run(program, {feeds[0]: IDS}, fetches)))
    for (feeds, names, want), (other_feeds, other_names, got) in zip(answers[::2], answers[1::2], strict=True):
        assert (feeds, names) == (other_feeds, other_names)
        for one, other in zip(want, got, strict=True):
            np.testing.assert_allclose(other, one, atol=1e-5)


if __name__ == "__main__":
    {"build": build, "compare": compare}[sys.argv[1]](*sys.argv[2:])
