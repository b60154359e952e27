# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A linear-chain CRF over token logits for training (Lafferty et al. 2001); serving decodes with `common.data.tags`.

Our own, because PaddleNLP 2.8.1's `LinearChainCrf` without start and stop tags is not the likelihood over all paths
(tests/common/models/test_crf.py writes the paths out), and with them it wants two emission columns that no other
decoder has.
"""

import paddle
from paddle import nn

# Transitions carry no pretrained knowledge and start at zero, so they move faster than the encoder.
LEARNING_RATE_FACTOR = 10.0


class Crf(nn.Layer):
    """Scores for the first tag, the last tag and each pair of neighbours.

    Expects the layout that taggers here use: position 0 is [CLS], labels are -100 there and after the text.
    """

    def __init__(self, tags: int):
        super().__init__()
        attribute = paddle.ParamAttr(learning_rate=LEARNING_RATE_FACTOR, initializer=nn.initializer.Constant(0.0))
        self.start = self.create_parameter([tags], attr=attribute)
        self.end = self.create_parameter([tags], attr=attribute)
        self.pairs = self.create_parameter([tags, tags], attr=attribute)  # [from, to]

    def loss(self, logits, labels):
        """Mean over sentences of the negative log-likelihood per tagged token.

        Args:
            logits: float32 [batch, length, tags].
            labels: int64 [batch, length], -100 at [CLS] and from the sentence's end on; at least one tag a sentence.
        """
        emissions, labels = logits[:, 1:], labels[:, 1:]
        present = (labels >= 0).astype(logits.dtype)
        tagged = paddle.maximum(labels, paddle.zeros_like(labels))
        lengths = present.sum(axis=1)
        return ((self._log_partition(emissions, present) - self._gold(emissions, tagged, present)) / lengths).mean()

    def _log_partition(self, emissions, present):
        alpha = self.start + emissions[:, 0]
        for step in range(1, emissions.shape[1]):
            following = paddle.logsumexp(alpha.unsqueeze(2) + self.pairs.unsqueeze(0), axis=1) + emissions[:, step]
            here = present[:, step : step + 1]
            alpha = here * following + (1 - here) * alpha
        return paddle.logsumexp(alpha + self.end, axis=1)

    def _gold(self, emissions, tagged, present):
        chosen = paddle.take_along_axis(emissions, tagged.unsqueeze(2), axis=2).squeeze(2)
        tags = self.pairs.shape[0]
        neighbours = paddle.gather(self.pairs.flatten(), (tagged[:, :-1] * tags + tagged[:, 1:]).flatten())
        steps = (neighbours.reshape(tagged[:, 1:].shape) * present[:, 1:]).sum(axis=1)
        last = (present.sum(axis=1) - 1).astype("int64").unsqueeze(1)
        last_tag = paddle.take_along_axis(tagged, last, axis=1).squeeze(1)
        ends = paddle.gather(self.start, tagged[:, 0]) + paddle.gather(self.end, last_tag)
        return (chosen * present).sum(axis=1) + steps + ends

    def transitions(self) -> dict:
        """What a decoder needs, as plain lists: `start[tag]`, `end[tag]`, `pairs[from][to]`."""
        return {name: getattr(self, name).numpy().tolist() for name in ("start", "end", "pairs")}
