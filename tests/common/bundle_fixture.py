# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A small real bundle whose answers are known: `bundle()` builds it once per process, in a child process.

The model adds two things: tables that say which token belongs to which slot and which token calls for which intent
(so that `放一首刘德华的音乐` is music.play with the singer 刘德华), and a transformer layer of random weights behind
a padding mask (so that engines have real work, and a wrong mask shows).
"""

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

GOLDEN_VOCAB = Path(__file__).resolve().parents[1] / "golden" / "vocab.txt"
INTENTS = ["OTHERS", "music.play", "navigation.open"]
SLOTS = ["O", "B-singer", "I-singer", "B-song", "I-song"]
SLOT_OF = {"刘": "B-singer", "德": "I-singer", "华": "I-singer", "花": "B-song", "心": "I-song"}
INTENT_OF = {"放": "music.play", "乐": "music.play", "导": "navigation.open", "航": "navigation.open"}
HIDDEN, HEADS, POSITIONS = 16, 2, 16


@cache
def bundle() -> Path:
    """The folder; do not write into it, take a `copy`."""
    folder = Path(tempfile.mkdtemp(prefix="bundle_fixture_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    child = subprocess.run([sys.executable, __file__, str(folder)], capture_output=True, text=True)
    assert child.returncode == 0, child.stderr[-2000:]
    return folder


def copy(folder: Path, **changes) -> Path:
    """A copy of the bundle in `folder`, top-level manifest keys changed as given, sums not made anew."""
    shutil.copytree(bundle(), folder)
    change(folder, **changes)
    return folder


def change(folder: Path, **changes) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))


def reseal(folder: Path, **changes) -> None:
    """Write the manifest anew, with the sums of the files as they are now."""
    from common.bundle.bundle import write_manifest

    manifest = json.loads((folder / "manifest.json").read_text())
    write_manifest(folder, {**manifest, **changes})


def manifest(vocab_size: int) -> dict:
    return {
        "format": 1,
        "app": "ernie_tiny_slu",
        "task": "joint_intent_slot",
        "stage": "original",
        "precision": "fp32",
        "embedding": "fp32",
        "architecture": {
            "name": "fixture",
            "layers": 1,
            "hidden": HIDDEN,
            "heads": [HEADS],
            "ffn": [2 * HIDDEN],
            "vocab_size": vocab_size,
            "positions": POSITIONS,
        },
        "inputs": [{"name": "input_ids", "shape": [-1, -1], "dtype": "int32"}],
        "outputs": [
            {"name": "intent_logits", "shape": [-1, len(INTENTS)]},
            {"name": "slot_logits", "shape": [-1, -1, len(SLOTS)]},
        ],
        "max_length": POSITIONS,
        "pad_id": 0,
        "tokenizer": {"rules_version": 1, "vocab_size": vocab_size},
        "decoder": {"default": "bio", "transitions": None},
        "metrics": {},
        "engines": {},
    }


def _build(folder: Path) -> None:
    from common import files
    from common.bundle.bundle import write_manifest

    import numpy as np
    import paddle
    from paddle.static import InputSpec

    tokens = GOLDEN_VOCAB.read_text(encoding="utf-8").splitlines()
    paddle.seed(1)

    def table(names: dict[str, str], labels: list[str]) -> np.ndarray:
        rows = np.zeros((len(tokens), len(labels)), np.float32)
        for token, label in names.items():
            rows[tokens.index(token), labels.index(label)] = 8.0
        return rows

    class Fixture(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.word = paddle.nn.Embedding(len(tokens), HIDDEN)
            self.position = paddle.nn.Embedding(POSITIONS, HIDDEN)
            self.layer = paddle.nn.TransformerEncoderLayer(
                HIDDEN, HEADS, 2 * HIDDEN, dropout=0.0, activation="gelu", weight_attr=None
            )
            self.intent = paddle.nn.Linear(HIDDEN, len(INTENTS))
            self.slot = paddle.nn.Linear(HIDDEN, len(SLOTS))
            self.intent_table = paddle.nn.Embedding(len(tokens), len(INTENTS))
            self.slot_table = paddle.nn.Embedding(len(tokens), len(SLOTS))
            self.intent_table.weight.set_value(table(INTENT_OF, INTENTS))
            slot_rows = table(SLOT_OF, SLOTS)
            slot_rows[:, 0] += 4.0
            self.slot_table.weight.set_value(slot_rows)

        def forward(self, input_ids):
            padding = (input_ids == paddle.zeros_like(input_ids)).astype("float32")
            ones = paddle.ones_like(input_ids)
            hidden = self.word(input_ids) + self.position(paddle.cumsum(ones, axis=1) - ones)
            hidden = self.layer(hidden, paddle.unsqueeze(padding, [1, 2]) * -1e4)
            intent = 0.2 * self.intent(hidden[:, 0]) + self.intent_table(input_ids).sum(axis=1)
            return intent, 0.2 * self.slot(hidden) + self.slot_table(input_ids)

    model = Fixture()
    model.eval()
    spec = [InputSpec([None, None], "int32", "input_ids")]
    paddle.jit.save(paddle.jit.to_static(model, input_spec=spec, full_graph=True), str(folder / "model"))
    (folder / "model.pdiparams.info").unlink(missing_ok=True)
    shutil.copy(GOLDEN_VOCAB, folder / "vocab.txt")
    files.write_json(folder / "labels.json", {"intent": INTENTS, "slot": SLOTS})
    convert(folder)
    write_manifest(folder, manifest(len(tokens)))


def convert(folder: Path) -> None:
    """model.onnx and model.x86.nb from the Paddle program, each in a process of its own."""
    program, weights = str(folder / "model.pdmodel"), str(folder / "model.pdiparams")
    onnx = (
        f"import common, paddle2onnx; paddle2onnx.export({program!r}, {weights!r}, {str(folder / 'model.onnx')!r}, 13)"
    )
    lite = (
        "from paddlelite.lite import Opt; opt = Opt(); "
        f"opt.set_model_file({program!r}); opt.set_param_file({weights!r}); opt.set_valid_places('x86'); "
        f"opt.set_model_type('naive_buffer'); opt.set_optimize_out({str(folder / 'model.x86')!r}); opt.run()"
    )
    for script in (onnx, lite):
        subprocess.run([sys.executable, "-c", script], check=True, stdout=sys.stderr)


if __name__ == "__main__":
    _build(Path(sys.argv[1]))
