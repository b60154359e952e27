# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A model of an architecture's real size with random weights, cut to several widths: times are real, answers are not.

For the speed table of an architecture that nobody here has the hours to train.
"""

from collections.abc import Iterable, Iterator
from copy import deepcopy
from pathlib import Path

from common.bundle.stage_names import width_stage
from common.data import vocabulary
from common.models import encoders, width

import paddle
from paddle import nn
from paddlenlp.utils.log import logger


def build(
    families: encoders.Families,
    name: str,
    outputs: int,
    flag: str,
    vocabulary_file: Path,
    texts: Iterable[str],
    min_count: int = 2,
    seed: int = 42,
    **shape: int | None,
) -> nn.Layer:
    """The named architecture with random weights, in evaluation mode; a vocabulary of its table's size is written.

    Args:
        families: the app's classes by architecture.
        name: an architecture that PaddleNLP knows; nothing is downloaded.
        outputs: logits of the head.
        flag: which gave `name`, for error messages.
        vocabulary_file: gets the tokens of `texts` that stand there `min_count` times or more, filled up with
            `[unusedN]`.
        shape: sizes that differ from the named architecture's, as of `encoders.build`.

    Raises:
        UserError: no architecture of that name, or sizes that do not fit together.
    """
    logger.set_level("WARNING")  # its lines would break the progress bars
    paddle.seed(seed)
    network = encoders.build(families, name, outputs, flag, **shape)
    network.eval()
    rows = network.config.vocab_size
    vocabulary.write(vocabulary_file, vocabulary.widened(vocabulary.build(texts, rows, min_count), rows))
    return network


def at_widths(network: nn.Layer, widths: Iterable[float]) -> Iterator[tuple[str, nn.Layer]]:
    """The whole model as ("original", model), then a copy at each width as ("width_0.5", model) and so on.

    A copy has the first heads and feed-forward neurons of each layer, and is in evaluation mode.
    """
    yield "original", network
    for share in widths:
        small = deepcopy(network)
        encoder = encoders.encoder_of(small)
        heads = [width.units(count, share) for count in width.heads_of(encoder)]
        width.resize(encoder, heads, [width.units(count, share) for count in width.ffn_of(encoder)])
        width.record(encoder, small.config)
        small.eval()
        yield width_stage(share), small
