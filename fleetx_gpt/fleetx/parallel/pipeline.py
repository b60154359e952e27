# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A pipeline's order of forward and backward (1F1B, Narayanan et al. 2021): as few kept activations as stages ahead.

Stages send features forward and their gradients back. Where both go at once, even stages send first and odd ones
receive first: nobody ever waits for one who waits for him. It runs over gloo as over NCCL.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import paddle
import paddle.distributed as dist

Batch = tuple[Any, Any]
"""Inputs and labels; every stage has both, the first looks at inputs, the last at labels."""


class Pipeline:
    """One stage of it.

    Args:
        group: the processes of the pipeline, in order.
        dtype: of what is sent.
    """

    def __init__(self, group, dtype: str = "float32"):
        self.group, self.dtype = group, dtype
        self.stage, self.stages = group.rank, group.nranks
        self.first, self.last = self.stage == 0, self.stage == self.stages - 1

    def run(
        self,
        batches: Sequence[Batch],
        forward: Callable[[Any], Any],
        loss_of: Callable[[Any, Any, Any], Any],
        backward: Callable[[Any], None],
        shape_of: Callable[[Any], list[int]],
    ) -> None:
        """Forward and backward of all batches; gradients are added up in the weights.

        Args:
            forward: what comes in, inputs or features -> features, or logits on the last stage.
            loss_of: inputs, logits, labels -> what is minimised; on the last stage only.
            backward: from that loss.
            shape_of: inputs -> shape of the features between stages.
        """
        ahead = min(self.stages - 1 - self.stage, len(batches))
        shapes = [shape_of(inputs) for inputs, _ in batches]
        kept: deque[tuple[Any, Any]] = deque()

        def go(number: int, received: Any) -> Any:
            inputs, labels = batches[number]
            came = inputs if self.first else received
            out = forward(came)
            out = loss_of(inputs, out, labels) if self.last else out.astype(self.dtype)
            kept.append((came, out))
            return out

        def back(gradient: Any) -> Any:
            came, out = kept.popleft()
            if self.last:
                backward(out)
            else:
                paddle.autograd.backward([out], [gradient])
            return None if self.first else came.grad

        for number in range(ahead):
            self.exchange(down=go(number, self.exchange(from_up=shapes[number])[0]))
        received = self.exchange(from_up=shapes[ahead])[0] if ahead < len(batches) else None
        done = 0
        for number in range(ahead, len(batches)):
            out = go(number, received)
            gradient = self.exchange(down=out, from_down=shapes[done])[1]
            done += 1
            following = shapes[number + 1] if number + 1 < len(batches) else None
            received = self.exchange(up=back(gradient), from_up=following)[0]
        for number in range(done, len(batches)):
            self.exchange(up=back(self.exchange(from_down=shapes[number])[1]))

    @paddle.no_grad()
    def answer(self, inputs: Any, forward: Callable[[Any], Any], shape_of: Callable[[Any], list[int]]) -> Any:
        """Forward only: the logits on the last stage, None elsewhere."""
        out = forward(inputs if self.first else self.exchange(from_up=shape_of(inputs))[0])
        if self.last:
            return out
        self.exchange(down=out.astype(self.dtype))
        return None

    def exchange(self, up: Any = None, down: Any = None, from_up: Any = None, from_down: Any = None) -> tuple:
        """Send tensors to the stage before (up) or behind (down), and receive such of a given shape from there.

        Returns what came from up and from down, or None. Behind the ends of the pipeline there is no one.
        """
        sends = [(down, self.stage + 1)] if down is not None and not self.last else []
        sends += [(up, self.stage - 1)] if up is not None else []
        receives = [("up", from_up, self.stage - 1)] if from_up is not None and not self.first else []
        receives += [("down", from_down, self.stage + 1)] if from_down is not None and not self.last else []
        came: dict[str, Any] = {}

        def send() -> None:
            for tensor, stage in sends:
                dist.send(tensor.detach().contiguous(), dst=self.group.ranks[stage], group=self.group)

        def receive() -> None:
            for name, shape, stage in receives:
                tensor = paddle.empty(shape, self.dtype)
                dist.recv(tensor, src=self.group.ranks[stage], group=self.group)
                tensor.stop_gradient = False
                came[name] = tensor

        for act in (send, receive) if self.stage % 2 == 0 else (receive, send):
            act()
        return came.get("up"), came.get("down")
