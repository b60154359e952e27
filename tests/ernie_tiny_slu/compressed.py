# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Runs of --do_compress on the tiny corpus, and what their folders hold."""

from common import files
from common.bundle import read_bundle
from common.export import program
from common.models import int8, width

import paddle
import tiny_app
from calls import Ended
from model import JointErnie
from slu.predictor import SluPredictor
from tiny_app import words

FEW = {"max_steps": 6, "save_steps": 3, "learning_rate": 1e-3, "importance_batches": 2, "calibration_batches": 3}
FULL, THREE_QUARTERS, HALF = ([4, 4], [48, 48]), ([3, 3], [36, 36]), ([2, 2], [24, 24])
TEXTS = ["放刘德华的红豆", "拨打10086", "导航到G60高速", "打电话给Lina", "去博物馆"]


def compress(tiny, source, folder, strategy, *more, **overrides) -> Ended:
    flags = FEW | overrides
    run = words(tiny, folder, "--do_compress", "--strategy", strategy, *more, model_name_or_path=source, **flags)
    return tiny_app.train(run)


def kind_of(folder) -> tuple:
    """Heads and neurons per layer, INT8 Linears?, INT8 tables? From the weights, the config and the bundle alike."""
    model = JointErnie.from_pretrained(str(folder))
    config, bundle = files.read_json(folder / "config.json"), read_bundle(folder / "bundle")
    sizes = (width.heads_of(model.ernie.encoder), program.architecture(model.ernie, "ernie")["ffn"])
    assert sizes == (bundle.architecture["heads"], bundle.architecture["ffn"])
    assert sizes == (config.get("layer_heads", FULL[0]), config.get("layer_ffn", FULL[1]))
    int8_linears = len(int8.quantised_linears(model))
    assert int8_linears in (0, 2 * 6 + 3)  # four projections and two of the FFN per layer, pooler, two heads
    assert bundle.precision == ("int8" if int8_linears else "fp32")
    tables = [layer for layer in model.sublayers() if isinstance(layer, (paddle.nn.Embedding, int8.Int8Embedding))]
    int8_tables = [isinstance(table, int8.Int8Embedding) for table in tables]
    assert len(set(int8_tables)) == 1 and len(tables) == 4
    assert bundle.manifest["embedding"] == ("int8" if int8_tables[0] else "fp32")
    return sizes, bool(int8_linears), int8_tables[0]


def answers(folder) -> list:
    served = SluPredictor(folder / "bundle").answer_all(TEXTS)
    return [(answer["intent"], [(slot["slot"], slot["entity"]) for slot in answer["slots"]]) for answer in served]


def agreement(bundle_folder) -> list[float]:
    return [engine["agreement"] for engine in read_bundle(bundle_folder / "bundle").manifest["engines"].values()]
