# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Estimates against networks that are built and run; several processes are compared in test_parallel.py."""

import json
import subprocess
import sys

import common  # noqa: F401  before paddle
from common.cli import EnvironmentLacks, UserError

import numpy as np
import paddle
import pytest
import tiny
from fleetx.models import quantize
from fleetx.models.build import build, parameter_count
from fleetx.parallel import estimate, limits, memory, sizes, traffic
from fleetx.settings.load import load
from paddle.base import core

TOLERANCE = 0.01  # of activations, of which single numbers are not counted
CONFIGS = sorted(path for path in tiny.CONFIGS.rglob("*.yaml") if path.parent.name != "benchmark")
QAT = {"Compress__Quantization__enable": True}
PACT = {f"Compress__Quantization__{which}_preprocess_type": "PACT" for which in ("weight", "activation")}


def silent(path, *overrides):
    return load(path, overrides, warn=lambda _: None)


def network_of(settings):
    network = build(settings.Model)
    if settings.Compress.Quantization.enable:
        quantize.wrap(network, settings.Compress.Quantization)
    network.train()
    return network


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_configuration_can_be_estimated(path):
    settings = silent(path)
    found = estimate.of_settings(settings)
    assert len(found["stages"]) == settings.Distributed.pp_degree
    for stage in found["stages"]:
        assert stage["memory"]["total"] > 4 * stage["parameters"] / settings.Distributed.sharding.sharding_degree
    assert f"{found['parameters']:,} parameters" in estimate.tables(found)
    mp = settings.Distributed.mp_degree
    assert settings.Model.num_attention_heads % mp == 0 and settings.Model.ffn_size % mp == 0


def test_published_sizes():
    """GPT-345M and 6.7B with their own vocabularies, and ViT-B/16 at 384 pixels, as their papers count them."""
    sized = {path.stem: sizes.whole_count(silent(path).Model) for path in CONFIGS}
    assert sized["pretrain_gpt_345M_single_card"] == 354_871_296  # of GPT-2's 354,823,168: 47 more rows of the table
    assert 354_871_296 - 354_823_168 == (50304 - 50257) * 1024
    assert sized["pretrain_gpt_6.7B_sharding16"] == pytest.approx(6.7e9, rel=0.01)
    assert sized["vit_base_patch16_384_pretrain"] == 86_859_496
    parts = silent(tiny.CONFIGS / "gpt" / "qat_gpt_345M_mp8.yaml")
    assert estimate.of_settings(parts)["processes"] == 8
    assert estimate.of_settings(silent(tiny.CONFIGS / "gpt" / "qat_gpt_6.7B_sharding16.yaml"))["processes"] == 16


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        ("gpt_tiny", {}),
        ("gpt_tiny", {"Model__fuse_attn_qkv": False, "Model__num_layers": 3}),
        ("gpt_tiny", QAT | PACT),
        ("gpt_tiny", QAT | {"Compress__Quantization__freeze_embedding": True}),
        ("gpt_tiny", QAT | {"Compress__Quantization__skip_tensor_map": "{block_1: [linear1, out_proj]}"}),
        ("gpt_tiny", QAT | {"Compress__Quantization__weight_quantize_type": "abs_max"}),
        ("vit_tiny", {}),
    ],
)
def test_weights_are_those_of_the_network(data, tmp_path, config, changes):
    settings = tiny.settings(data, tmp_path, config, **changes)
    network, found = network_of(settings), sizes.weights_of(settings)
    if config == "gpt_tiny":
        assert {each.name: (each.size, each.trained) for each in found} == {
            name: (weight.size, not weight.stop_gradient) for name, weight in network.named_parameters()
        }
    assert sum(each.size for each in found) == sum(weight.size for weight in network.parameters())
    assert sizes.whole_count(settings.Model) == parameter_count(build(settings.Model))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Model__hidden_dropout_prob": 0},
        {"Model__attention_probs_dropout_prob": 0, "Global__micro_batch_size": 2},
        {"Model__use_recompute": True},
        {"Model__use_recompute": True, "Model__recompute_granularity": "full_attn"},
        {
            "Model__use_recompute": True,
            "Model__recompute_granularity": "core_attn",
            "Model__no_recompute_layers": "[0]",
        },
        {"Model__fuse_attn_qkv": False},
        QAT,
        QAT | {"Model__use_recompute": True},
    ],
)
def test_activations_are_those_that_are_held(data, tmp_path, changes):
    """Memory that is taken after a forward pass, whose graph still stands."""
    sizes_of = {"Model__hidden_size": 64, "Model__max_position_embeddings": 96, "Data__Train__dataset__max_seq_len": 96}
    settings = tiny.settings(data, tmp_path, **sizes_of, **changes)
    network = network_of(settings)
    ids = paddle.to_tensor(np.random.default_rng(0).integers(0, 300, (settings.Global.micro_batch_size, 96)))
    before = core.host_memory_stat_current_value("Allocated", 0)
    logits = network(ids)
    loss = network.factory.token_loss(logits, ids).mean()
    del logits
    held = core.host_memory_stat_current_value("Allocated", 0) - before
    kept = memory.activations(settings)
    assert kept.activations + kept.rounded == pytest.approx(held, rel=TOLERANCE)
    assert float(loss) > 0 and (kept.recomputed > 0) == settings.Model.use_recompute


def test_what_the_degrees_cut(data, tmp_path):
    def found(**changes):
        settings = tiny.settings(data, tmp_path, Model__hidden_size=64, Model__num_layers=4, **changes)
        return [memory.of_process(settings, stage) for stage in range(settings.Distributed.pp_degree)]

    whole = found()[0]
    states = {"Distributed__sharding__sharding_degree": 4, "Global__local_batch_size": 8}
    cut = [found(**states, Distributed__sharding__sharding_stage=level)[0] for level in (1, 2, 3)]
    assert all(each.optimizer < 0.4 * whole.optimizer for each in cut)
    assert cut[0].gradients == whole.gradients and cut[1].gradients < 0.4 * whole.gradients
    assert cut[1].weights == whole.weights and cut[2].weights < 0.3 * whole.weights
    offloaded = found(**states, Distributed__sharding__sharding_stage=2, Distributed__sharding__sharding_offload=True)[
        0
    ]
    assert offloaded.optimizer == 0 and offloaded.host == cut[1].optimizer
    shared = found(Distributed__mp_degree=2)[0]
    assert whole.weights / 2 < shared.weights < 0.6 * whole.weights and shared.activations < 0.8 * whole.activations
    first, second = found(Distributed__pp_degree=2, Global__micro_batch_size=2)
    assert first.activations > second.activations  # two micro batches at once ahead of the last stage
    half = {"Engine__mix_precision__enable": True}
    cast = found(**half)[0]
    assert cast.weights == whole.weights / 2 and cast.optimizer > 1.4 * whole.optimizer
    assert found(**half, Engine__mix_precision__level="O1")[0].weights == whole.weights


def test_what_goes_over_the_wire():
    assert traffic.Traffic(all_reduce=800).on_the_wire(8) == 2 * 7 * 100
    assert traffic.Traffic(reduce=800, broadcast=800, send=5).on_the_wire(2) == 805
    assert estimate.readable(999) == "999 B" and estimate.readable(1_572_864) == "1.50 MiB"


def test_the_program_prints_a_table_or_json():
    path = tiny.CONFIGS / "gpt" / "qat_gpt_345M_mp8.yaml"
    run = [sys.executable, str(tiny.CONFIGS.parent / "tools" / "estimate.py"), "-c", str(path)]
    told = subprocess.run([*run, "--json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(told)["stages"][0]["parameters"] == sum(w.size for w in sizes.weights_of(silent(path)))
    wrong = subprocess.run([*run, "-o", "Distributed.mp_degree=5"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "mp_degree: 5 does not divide Model.num_attention_heads" in wrong.stderr


@pytest.mark.parametrize(
    ("changes", "started", "message"),
    [
        ({"dp_degree": 2}, 1, r"dp 2 x .* = 2 processes are configured, 1 started; start them by .*nproc_per_node 2"),
        ({}, 2, r"= 1 processes are configured, 2 started"),
        ({"dp_degree": 4}, 4, r"= 4 processes need GPUs; on a CPU at most 2 can meet"),
        ({"sharding.sharding_degree": 2, "sharding.sharding_stage": 2}, 2, r"has stage 2 for GPUs only; write 1"),
        ({"sharding.sharding_degree": 2, "sharding.sharding_stage": 3}, 2, r"3 cuts weights into slices .*; write 2"),
        ({"sharding.sharding_degree": 2, "sharding.sharding_offload": True}, 2, r"are in no checkpoint; write False"),
        (
            {"mp_degree": 2, "sharding.sharding_degree": 2, "sharding.sharding_stage": 2},
            4,
            r"2 goes with dp_degree only; write 1",
        ),
    ],
)
def test_degrees_that_are_refused(data, tmp_path, changes, started, message):
    changes = {f"Distributed__{key.replace('.', '__')}": value for key, value in changes.items()}
    settings = tiny.settings(data, tmp_path, Global__device="cpu", **changes)
    with pytest.raises((EnvironmentLacks, UserError), match=message):
        limits.check(settings, started)
