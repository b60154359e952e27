# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""AdamW (Loshchilov and Hutter 2019), its learning rate, and its state by the weights' names in the model."""

import math

import numpy as np
import paddle
from paddle import nn
from paddle.base import framework
from paddle.base.layer_helper import LayerHelper

from fleetx.settings.run import OptimizerSettings, RateSettings
from fleetx.state.weights import to_array

MOMENTS = ("moment1", "moment2", "beta1_pow_acc", "beta2_pow_acc")
MASTER = "master_weight"
Arrays = dict[str, np.ndarray]


def rate_at(step: int, global_batch: int, how: RateSettings) -> float:
    """Learning rate of a step (counted from 0): up in a line to max_lr, then down half a cosine to min_lr.

    With use_increments the course is counted in samples, this step's own among them, so that the first rate is not 0.
    """
    done = (step + 1) * (global_batch if how.use_increments else 1)
    warm = how.warmup_rate * how.decay_steps
    if done <= warm:
        return how.max_lr * done / warm
    if done >= how.decay_steps:
        return how.min_lr
    way = (done - warm) / (how.decay_steps - warm)
    return how.min_lr + (how.max_lr - how.min_lr) * 0.5 * (1 + math.cos(math.pi * way))


def build(network: nn.Layer, how: OptimizerSettings, half: bool = False) -> paddle.optimizer.Optimizer:
    """AdamW over the weights that are to change; biases, norms and bounds (all of one dimension) do not decay.

    Args:
        half: the weights are in half precision; float32 ones are kept beside them.
    """
    decaying = {weight.name for weight in network.parameters() if len(weight.shape) > 1}
    norm = how.grad_clip.clip_norm
    return paddle.optimizer.AdamW(
        learning_rate=how.lr.max_lr,
        beta1=how.beta1,
        beta2=how.beta2,
        epsilon=how.epsilon,
        parameters=trained(network),
        weight_decay=how.weight_decay,
        apply_decay_param_fun=lambda name: name in decaying,
        grad_clip=nn.ClipGradByGlobalNorm(norm) if norm else None,
        multi_precision=half,
    )


def trained(network: nn.Layer) -> list:
    return [weight for weight in network.parameters() if not weight.stop_gradient]


def state_of(optimizer: paddle.optimizer.Optimizer, network: nn.Layer) -> Arrays:
    """`<weight's name>/<moment>` -> array; Paddle's own names count layers and differ from run to run."""
    arrays, held = {}, names_held(optimizer)
    for name, weight in network.named_parameters():
        if weight.stop_gradient or weight.name not in held:
            continue
        master = optimizer._master_weights.get(weight.name)
        owner = weight if master is None else master
        for moment in MOMENTS:
            held = optimizer._accumulators.get(moment, {})
            if owner.name in held:
                arrays[f"{name}/{moment}"] = to_array(held[owner.name])
        if master is not None:
            arrays[f"{name}/{MASTER}"] = to_array(master)
    return arrays


def restore(optimizer: paddle.optimizer.Optimizer, network: nn.Layer, arrays: Arrays) -> None:
    """Put a state in place. A weight that has none, such as a bound that was added, starts anew.

    Raises:
        ValueError: an array of another shape.
    """
    optimizer.helper = LayerHelper(type(optimizer).__name__)  # else the first step sets it
    optimizer._create_accumulators(framework.default_main_program().global_block(), optimizer._parameter_list)
    held = names_held(optimizer)
    for name, weight in network.named_parameters():
        if weight.stop_gradient or weight.name not in held:
            continue
        master = optimizer._master_weights.get(weight.name)
        owner = weight if master is None else master
        for moment in MOMENTS:
            if f"{name}/{moment}" in arrays:
                optimizer._accumulators[moment][owner.name].set_value(arrays[f"{name}/{moment}"])
        if master is not None and f"{name}/{MASTER}" in arrays:
            master.set_value(arrays[f"{name}/{MASTER}"])


def names_held(optimizer: paddle.optimizer.Optimizer) -> set[str]:
    """Paddle's names of the weights that this process updates: some of them where others update the rest."""
    return {weight.name for weight in optimizer._parameter_list}
