# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""JointErnie: one ERNIE encoder, an intent head on [CLS] and a slot head on every token."""

from typing import ClassVar

from common.models.crf import Crf
from common.models.encoders import EncoderWithHeads

from paddle.nn import functional as F
from paddlenlp.transformers import ErnieConfig, ErnieModel, ErniePretrainedModel

V2_NAMES = tuple(f"ernie-3.0-tiny-{size}-v2-zh" for size in ("base", "medium", "mini", "micro", "nano", "pico"))
V1_NAMES = tuple(f"ernie-3.0-tiny-{size}-v1-zh" for size in ("base", "medium", "mini", "micro", "nano"))
IGNORED = -100


class JointErnie(EncoderWithHeads, ErniePretrainedModel):
    """Joint intent detection and slot filling.

    Its config records everything that makes it differ from the stock model (`intent_dim`, `slot_dim`, heads and FFN
    size per layer, quantization, decoder), so a saved checkpoint loads again without any flag.

    Args:
        config: the encoder's configuration.
        intent_dim: number of intents; taken from the config if not given.
        slot_dim: number of slot tags; taken from the config if not given.
        dropout: probability before both heads; the config's `hidden_dropout_prob` if not given.
        decoder: `crf` adds trained transitions between slot tags; `argmax` and `bio` need no weights.
    """

    base_class = ErnieModel
    heads: ClassVar = {"intent_classifier": "intent_dim", "slot_classifier": "slot_dim"}

    def __init__(self, config: ErnieConfig, intent_dim=None, slot_dim=None, dropout=None, decoder=None):
        given = {"intent_dim": intent_dim, "slot_dim": slot_dim, "decoder": decoder, "classifier_dropout": dropout}
        for name, value in given.items():
            if value is not None:
                setattr(config, name, value)
        config.decoder = getattr(config, "decoder", None) or "bio"
        # From the config, where PaddleNLP's loader puts a keyword `dropout` without passing it on to here.
        super().__init__(config, config.classifier_dropout)
        self.crf = None
        if config.decoder == "crf" or getattr(config, "has_transitions", False):
            self.add_crf()

    def add_crf(self) -> None:
        """Put transitions between slot tags on top, all zero; training moves them, and `crf` becomes the decoder.

        They stay in the checkpoint when another decoder is chosen later.
        """
        self.crf = Crf(self.config.slot_dim)
        self.config.decoder, self.config.has_transitions = "crf", True

    def forward(self, input_ids):
        """Token ids, int64 or int32 [batch, length], to float32 logits.

        Returns:
            Intents [batch, intent_dim] and slots [batch, length, slot_dim].
        """
        sequence, pooled = self.encode(input_ids)
        return self.intent_classifier(self.dropout(pooled)), self.slot_classifier(self.dropout(sequence))

    def loss(self, intent_logits, slot_logits, intent_label, slot_label):
        """Sum of the intent's cross entropy and the slots': per token, or of the whole sequence under the CRF.

        Args:
            intent_logits: float32 [batch, intent_dim].
            slot_logits: float32 [batch, length, slot_dim].
            intent_label: int64 [batch].
            slot_label: int64 [batch, length]; -100 at [CLS], [SEP] and padding.

        Returns:
            A scalar.
        """
        intent_loss = F.cross_entropy(intent_logits, intent_label)
        if self.crf is None:
            return intent_loss + F.cross_entropy(slot_logits, slot_label, ignore_index=IGNORED)
        return intent_loss + self.crf.loss(slot_logits, slot_label)
