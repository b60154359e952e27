# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Two processes on each axis against one: the same losses and the same checkpoint, in one process's layout."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
import pytest
import several
import several_child
import tiny
from fleetx.parallel import memory, traffic
from fleetx.serve import evaluation
from fleetx.settings.load import load
from fleetx.state import checkpoints, weights

STEPS = 10
AXES = {
    "dp": {"Distributed__dp_degree": 2},
    "mp": {"Distributed__mp_degree": 2},
    "pp": {"Distributed__pp_degree": 2},
    "sharding": {"Distributed__sharding__sharding_degree": 2},
}
STILL = {"Model__hidden_dropout_prob": 0, "Model__attention_probs_dropout_prob": 0}
BASE = {
    "Global__global_batch_size": 8,
    "Global__local_batch_size": "None",
    "Global__micro_batch_size": 2,
    "Engine__max_steps": STEPS,
    "Engine__logging_freq": 1,
    "Engine__eval_freq": 5,
    "Engine__save_load__save_steps": 6,
    "Optimizer__grad_clip__clip_norm": 0.1,
}
QAT = {"Compress__Quantization__enable": True, "Compress__Quantization__onnx_format": True}
JOINT = QAT | {
    "Compress__Prune__enable": True,
    "Compress__Prune__ratio": 0.5,
    "Compress__Prune__criterion": "taylor",
    "Compress__Prune__calibration_batches": 2,
    "Compress__Distillation__enable": True,
    "Compress__Quantization__start_step": 5,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("parallel")


@pytest.fixture(scope="module")
def kinds(dense):
    """Name -> -o values but the degrees, and the axes that it is done on."""
    largest = {"Compress__Quantization__activation_quantize_type": "abs_max"}
    tensors = {"Compress__Quantization__weight_quantize_type": "abs_max"}
    return {
        "plain": (BASE | STILL, AXES),
        "dropout": (BASE, []),
        "qat": (BASE | STILL | QAT, ["mp", "pp", "dp"]),
        "largest": (BASE | STILL | QAT | largest | tensors, ["mp"]),
        "joint": (BASE | STILL | JOINT | {"Compress__pretrained": dense}, ["mp", "pp"]),
    }


def words(data, place, name, changes):
    return tiny.words(data, place / name, **changes)


@pytest.fixture(scope="module")
def one(data, place, kinds):
    """Kind -> what one process finds."""
    config = tiny.CONFIGS / "small" / "gpt_tiny.yaml"
    return {
        kind: several_child.job(load(config, words(data, place, f"{kind}_one", changes)))
        for kind, (changes, _) in kinds.items()
    }


@pytest.fixture(scope="module")
def two(data, place, kinds):
    """`kind_axis` -> what each of two processes finds; further `resumed_axis`, begun by `begun_axis`."""
    found = {}
    for axis, degree in AXES.items():
        wanted = {f"{kind}_{axis}": changes | degree for kind, (changes, axes) in kinds.items() if axis in axes}
        folders = {name: name for name in wanted}
        if axis in ("mp", "pp"):
            begun = {"Engine__save_load__ckpt_dir": place / f"resumed_{axis}"}
            wanted[f"begun_{axis}"] = BASE | degree | {"Engine__max_steps": 6}
            wanted[f"resumed_{axis}"] = BASE | degree | begun
            wanted[f"whole_{axis}"] = BASE | degree
            folders[f"begun_{axis}"] = f"resumed_{axis}"
        jobs = {n: words(data, place, folders.get(n, n), changes) for n, changes in wanted.items()}
        found |= several.train(place / f"runs_{axis}", jobs)
    return found


def arrays(folder):
    found = checkpoints.open_folder(folder)
    return found.arrays(), weights.read(found.folder / checkpoints.OPTIMIZER)


def apart(first, second):
    """Largest difference of equally named arrays, relative to the largest value of each."""
    assert first.keys() == second.keys() and first
    return max(np.abs(first[n] - second[n]).max() / max(np.abs(first[n]).max(), 1e-12) for n in first)


@pytest.mark.parametrize("axis", AXES)
def test_each_axis_gives_the_loss_of_one_process(one, two, axis):
    for found in two[f"plain_{axis}"]:
        assert len(found["losses"]) == STEPS
        np.testing.assert_allclose(found["losses"], one["plain"]["losses"], rtol=0, atol=1e-5)
        assert found["figures"] == pytest.approx(one["plain"]["figures"], abs=1e-4)
    assert one["plain"]["losses"][-1] < one["plain"]["losses"][0] - 1


@pytest.mark.parametrize("axis", AXES)
def test_checkpoints_are_those_of_one_process(two, place, axis):
    """Moments, too: a norm that was taken of a part of the gradients would scale them."""
    (ours, state), (plain, whole) = arrays(place / f"plain_{axis}"), arrays(place / "plain_one")
    assert apart(plain, ours) < 1e-3 and apart(whole, state) < 1e-3  # of biases that are all rounding at first
    logits = []
    for name in ("plain_one", f"plain_{axis}"):
        answer = evaluation.in_memory(checkpoints.open_folder(place / name).network())
        logits.append(answer(np.arange(64).reshape(2, 32)))
    np.testing.assert_allclose(logits[1], logits[0], rtol=0, atol=1e-5)
    assert not (place / f"plain_{axis}" / ".parts").exists()


def test_only_the_first_process_tells(two):
    for found in two.values():
        first, second = (each["printed"] for each in found)
        assert "saved: " in first and "loss " in first and second == ""


def test_shared_heads_draw_the_dropout_of_one_process(one, two):
    np.testing.assert_allclose(two["whole_mp"][0]["losses"], one["dropout"]["losses"], rtol=0, atol=1e-5)
    assert abs(one["dropout"]["losses"][-1] - one["plain"]["losses"][-1]) > 1e-4


@pytest.mark.parametrize("kind", ["qat", "largest"])
def test_quantized_layers_are_shared(one, two, place, kind):
    """A value at the middle of two steps may fall on either side: wider than in floating point."""
    for found in two[f"{kind}_mp"]:
        np.testing.assert_allclose(found["losses"], one[kind]["losses"], rtol=0, atol=2e-4)
    ours, _ = arrays(place / f"{kind}_mp")
    plain, _ = arrays(place / f"{kind}_one")
    scales = [name for name in plain if name.endswith("._scale")]
    assert len(scales) == 16
    assert apart({n: plain[n] for n in scales}, {n: ours[n] for n in scales}) < 1e-3
    assert evaluation.in_memory(checkpoints.open_folder(place / f"{kind}_mp").network())(
        np.zeros((1, 4), "int64")
    ).any()


def test_quantized_pipelines_and_rows(one, two, place):
    np.testing.assert_allclose(two["qat_pp"][0]["losses"], one["qat"]["losses"], rtol=0, atol=2e-4)
    # Each process has watched other rows; what is kept is their mean, near what one finds that sees all.
    np.testing.assert_allclose(two["qat_dp"][0]["losses"], one["qat"]["losses"], rtol=0, atol=0.02)
    assert two["qat_dp"][0]["losses"] == two["qat_dp"][1]["losses"]


@pytest.mark.parametrize("axis", ["mp", "pp"])
def test_all_compressions_at_once(one, two, place, axis):
    np.testing.assert_allclose(two[f"joint_{axis}"][0]["losses"], one["joint"]["losses"], rtol=0, atol=1e-3)
    found, alone = (checkpoints.open_folder(place / f"joint_{who}") for who in (axis, "one"))
    assert found.shape == alone.shape and found.shape.heads == (2, 2) and found.quantization
    assert found.progress["kept"] == alone.progress["kept"]


@pytest.mark.parametrize("axis", ["mp", "pp"])
def test_a_resumed_run_is_the_uninterrupted_one(two, place, axis):
    """With dropout, bit for bit."""
    assert two[f"resumed_{axis}"][0]["losses"] == two[f"whole_{axis}"][0]["losses"][6:]
    for first, second in zip(arrays(place / f"resumed_{axis}"), arrays(place / f"whole_{axis}"), strict=True):
        assert apart(first, second) == 0


def test_one_process_goes_on_with_what_two_began(data, one, two, place):
    """From the sixth step of two stages."""
    config = tiny.CONFIGS / "small" / "gpt_tiny.yaml"
    begun = checkpoints.inside(place / "plain_pp")[0]
    changes = BASE | STILL | {"Engine__save_load__ckpt_dir": begun}
    found = several_child.job(load(config, words(data, place, "alone", changes)))
    np.testing.assert_allclose(found["losses"], one["plain"]["losses"][6:], rtol=0, atol=1e-5)
    assert paddle.get_device() == "cpu"


@pytest.mark.parametrize("name", ["plain_dp", "plain_mp", "plain_pp", "plain_sharding", "qat_mp", "qat_pp", "qat_dp"])
def test_estimates_are_what_processes_have_and_send(data, two, kinds, tmp_path, name):
    """Bytes of weights and states exactly, of each process; what is sent within 1 % (small sums for quantised rows)."""
    kind, axis = name.split("_")
    settings = tiny.settings(data, tmp_path, **kinds[kind][0], **AXES[axis])
    most = 0
    for rank, found in enumerate(two[name]):
        stage = rank if axis == "pp" else 0
        expected = memory.of_process(settings, stage)
        assert found["weights"] == expected.weights
        most = max(most, found["optimizer"])
        if axis != "sharding":
            assert found["optimizer"] == expected.optimizer
        estimated = {key: each.total for key, each in traffic.of_step(settings, stage).items()}
        sent = found["sent"][-1]
        if axis == "pp":  # with two stages the ends are the pipeline
            estimated = {"pp": estimated["pp"] + estimated["ends"]}
            sent = {"pp": sent["pp"]}
        assert sent == pytest.approx(estimated, rel=0.01)
    if axis == "sharding":
        assert most == memory.of_process(settings).optimizer
