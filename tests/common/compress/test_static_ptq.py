# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""PaddleSlim's static quantisation in a child process: the ranges it finds are the ones its algorithms are to find."""

import common  # noqa: F401  before paddle
from common.cli import UserError
from common.compress import static_ptq
from common.compress.static_ptq import Recipe
from common.export import program
from common.models import int8

import numpy as np
import paddle
import pytest
from paddle import inference, nn

BATCHES, ROWS, LENGTH, TOKENS, WIDTH = 3, 4, 5, 20, 8


class Config:
    linear_quantization = None


class Small(nn.Layer):
    """Ids to two products with stored weights, and one of two activations between them."""

    def __init__(self):
        super().__init__()
        self.config = Config()
        self.table = nn.Embedding(TOKENS, WIDTH)
        self.first, self.second = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, 3)

    def forward(self, input_ids):
        inner = nn.functional.relu(self.first(self.table(input_ids)))
        mixed = paddle.matmul(nn.functional.softmax(paddle.matmul(inner, inner, transpose_y=True)), inner)
        return self.second(mixed)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The model, its static program's prefix, and calibration batches."""
    paddle.seed(5)
    model = Small()
    model.eval()
    prefix = tmp_path_factory.mktemp("small") / "fp32"
    program.save_program(model, prefix, "int64")
    random = np.random.default_rng(5)
    feeds = [{"input_ids": random.integers(0, TOKENS, (ROWS, LENGTH)).astype("int64")} for _ in range(BATCHES)]
    return model, prefix, feeds


def run(small, folder, feeds=None, **recipe):
    _, prefix, batches = small
    ends = [f"{prefix}.{ending}" for ending in ("pdmodel", "pdiparams")]
    return static_ptq.quantize_program(*ends, folder / "int8", batches if feeds is None else feeds, Recipe(**recipe))


def seen(model, feeds) -> list[list[float]]:
    """Of each Linear, the largest value of its input in each row of the batches."""
    linears = [model.first, model.second]
    found: list[list[float]] = [[] for _ in linears]
    hooks = [
        layer.register_forward_pre_hook(lambda _, given, note=note: note.extend(given[0].abs().max([1, 2]).tolist()))
        for layer, note in zip(linears, found, strict=True)
    ]
    with paddle.no_grad():
        for feed in feeds:
            model(paddle.to_tensor(feed["input_ids"]))
    for hook in hooks:
        hook.remove()
    return found


@pytest.mark.parametrize(("algorithm", "reduce"), [("avg", np.mean), ("abs_max", np.max)])
def test_a_range_is_what_the_batches_showed(small, tmp_path, algorithm, reduce):
    found = run(small, tmp_path, algorithm=algorithm)
    model, _, feeds = small
    assert [each["input_max"] for each in found["ranges"]] == pytest.approx(
        [reduce(each) for each in seen(model, feeds)], rel=1e-4
    )
    assert [each["shape"] for each in found["ranges"]] == [[WIDTH, 2 * WIDTH], [2 * WIDTH, 3]]
    largest = [float(layer.weight.abs().max()) for layer in (model.first, model.second)]
    assert [each["weight_max"] for each in found["ranges"]] == pytest.approx(largest, rel=1e-6)


@pytest.mark.parametrize("weight_type", static_ptq.WEIGHT_TYPES)
def test_products_of_two_activations_are_quantised_too(small, tmp_path, weight_type):
    """As TensorRT wants it; they have no stored weight and no range among "ranges"."""
    found = run(small, tmp_path, weight_type=weight_type)
    assert (found["products"], found["quantised"], len(found["ranges"])) == (4, 4, 2)
    assert static_ptq.count_int8(tmp_path / "int8.pdmodel") == {"products": 4, "quantised": 4}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["int8.pdiparams", "int8.pdmodel"]


@pytest.mark.parametrize("algorithm", ["hist", "mse"])
def test_a_clipped_range_is_not_above_the_largest_value(small, tmp_path, algorithm):
    model, _, feeds = small
    for each, values in zip(run(small, tmp_path, algorithm=algorithm)["ranges"], seen(model, feeds), strict=True):
        assert 0 < each["input_max"] <= max(values) * 1.01


def test_the_same_batches_give_the_same_ranges(small, tmp_path):
    assert run(small, tmp_path, algorithm="hist") == run(small, tmp_path, algorithm="hist")


def test_the_fp32_program_is_untouched(small, tmp_path):
    _, prefix, _ = small
    before = prefix.with_suffix(".pdmodel").read_bytes()
    run(small, tmp_path)
    assert prefix.with_suffix(".pdmodel").read_bytes() == before
    assert static_ptq.count_int8(prefix.with_suffix(".pdmodel")) == {"products": 4, "quantised": 0}


def test_taken_ranges_quantise_the_model(small, tmp_path):
    from copy import deepcopy

    model, _, feeds = small
    network = deepcopy(model)
    int8.take_ranges(network, run(small, tmp_path, algorithm="abs_max")["ranges"], "abs_max")
    integers = [int8.integer_linear(layer) for layer in int8.quantised_linears(network).values()]
    expected = [max(values) / int8.LEVELS for values in seen(model, feeds)]
    assert [each["input_scale"] for each in integers] == pytest.approx(expected, rel=1e-4)
    with paddle.no_grad():
        ids = paddle.to_tensor(feeds[0]["input_ids"])
        plain, quantised = model(ids).numpy(), network(ids).numpy()
    assert not np.array_equal(plain, quantised) and np.abs(plain - quantised).max() < 0.05 * np.abs(plain).max()


@pytest.mark.parametrize("weight_type", static_ptq.WEIGHT_TYPES)
def test_a_model_that_took_ranges_can_be_saved_at_once(small, tmp_path, weight_type):
    """PaddleSlim's weight quantisers know their scale only after a forward pass: without one a program is garbage."""
    from copy import deepcopy

    model, _, feeds = small
    network = deepcopy(model)
    int8.take_ranges(network, run(small, tmp_path)["ranges"], weight_type)
    program.save_program(network, tmp_path / "taken", "int64")
    ids = feeds[0]["input_ids"]
    with paddle.no_grad():
        wanted = network(paddle.to_tensor(ids)).numpy()
    config = inference.Config(*(str(tmp_path / f"taken.{ending}") for ending in ("pdmodel", "pdiparams")))
    config.disable_glog_info()
    predictor = inference.create_predictor(config)
    predictor.get_input_handle("input_ids").copy_from_cpu(ids)
    predictor.run()
    got = predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()
    assert np.abs(got - wanted).max() < 0.01 * np.abs(wanted).max()


def test_ranges_of_another_model_are_refused(small, tmp_path):
    ranges = run(small, tmp_path)["ranges"]
    paddle.seed(6)
    with pytest.raises(UserError, match="does not hold this checkpoint's weights"):
        int8.take_ranges(Small(), ranges, "abs_max")
    with pytest.raises(UserError, match="does not hold this checkpoint's weights"):
        int8.take_ranges(Small(), ranges[:1], "abs_max")


def test_no_batch_is_refused_and_nothing_is_written(small, tmp_path):
    """An empty calibration would leave ranges of zero, and garbage without an error."""
    with pytest.raises(UserError, match="at least one whole batch"):
        run(small, tmp_path, feeds=[])
    assert not list(tmp_path.iterdir())


def test_absent_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.pdmodel"):
        static_ptq.quantize_program(
            tmp_path / "none.pdmodel", tmp_path / "none.pdiparams", tmp_path / "x", [{}], Recipe()
        )


def test_nothing_to_quantise_is_said(small, tmp_path):
    with pytest.raises(RuntimeError, match="quantised no operator of mul"):
        run(small, tmp_path, operators=("mul",))
    assert not list(tmp_path.iterdir())
