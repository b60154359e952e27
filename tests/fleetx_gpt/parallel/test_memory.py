# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Activations that are worked out are those that are held."""

import common  # noqa: F401  before paddle

import numpy as np
import paddle
import pytest
import tiny
from fleetx.models import quantize
from fleetx.models.build import build
from fleetx.parallel import memory
from paddle.base import core

TOLERANCE = 0.01  # of activations, of which single numbers are not counted
QAT = {"Compress__Quantization__enable": True}


def network_of(settings):
    network = build(settings.Model)
    if settings.Compress.Quantization.enable:
        quantize.wrap(network, settings.Compress.Quantization)
    network.train()
    return network


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
