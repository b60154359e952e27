# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""JointErnie: one ERNIE encoder, an intent head on [CLS] and a slot head on every token."""

from common.models import int8, width
from common.models.crf import Crf
from common.models.encoders import OnEncoder

from paddle import nn
from paddle.nn import functional as F
from paddlenlp.transformers import ErnieConfig, ErnieModel, ErniePretrainedModel

V2_NAMES = tuple(f"ernie-3.0-tiny-{size}-v2-zh" for size in ("base", "medium", "mini", "micro", "nano", "pico"))
V1_NAMES = tuple(f"ernie-3.0-tiny-{size}-v1-zh" for size in ("base", "medium", "mini", "micro", "nano"))
IGNORED = -100


class JointErnie(OnEncoder, ErniePretrainedModel):
    """Joint intent detection and slot filling.

    Its config records everything that makes it differ from the stock model (`intent_dim`, `slot_dim`, heads and FFN
    size per layer, quantisation, decoder), so a saved checkpoint loads again without any flag.

    Args:
        config: the encoder's configuration.
        intent_dim: number of intents; taken from the config if not given.
        slot_dim: number of slot tags; taken from the config if not given.
        dropout: probability before both heads; the config's `hidden_dropout_prob` if not given.
        decoder: `crf` adds trained transitions between slot tags; `argmax` and `bio` need no weights.
    """

    def __init__(self, config: ErnieConfig, intent_dim=None, slot_dim=None, dropout=None, decoder=None):
        super().__init__(config)
        given = {"intent_dim": intent_dim, "slot_dim": slot_dim, "decoder": decoder, "classifier_dropout": dropout}
        for name, value in given.items():
            if value is not None:
                setattr(config, name, value)
        config.decoder = getattr(config, "decoder", None) or "bio"
        self.ernie = ErnieModel(config)
        # From the config, where PaddleNLP's loader puts a keyword `dropout` without passing it on to here.
        dropout = config.classifier_dropout
        self.dropout = nn.Dropout(config.hidden_dropout_prob if dropout is None else dropout)
        self.intent_classifier = nn.Linear(config.hidden_size, config.intent_dim)
        self.slot_classifier = nn.Linear(config.hidden_size, config.slot_dim)
        self.crf = None
        if config.decoder == "crf" or getattr(config, "has_transitions", False):
            self.add_crf()
        width.apply_config(self.ernie.encoder, config)
        int8.apply_config(self, config)

    def add_crf(self) -> None:
        """Put transitions between slot tags on top, all zero; training moves them, and `crf` becomes the decoder.

        They stay in the checkpoint when another decoder is chosen later.
        """
        self.crf = Crf(self.config.slot_dim)
        self.config.decoder, self.config.has_transitions = "crf", True

    def forward(self, input_ids):
        """Token ids [batch, length] to logits: intents [batch, intent_dim], slots [batch, length, slot_dim]."""
        sequence, pooled = self.encode(input_ids)
        return self.intent_classifier(self.dropout(pooled)), self.slot_classifier(self.dropout(sequence))

    def loss(self, intent_logits, slot_logits, intent_label, slot_label):
        """Sum of the intent's cross entropy and the slots': per token, or of the whole sequence under the CRF.

        Args:
            intent_label: int64 [batch].
            slot_label: int64 [batch, length]; -100 at [CLS], [SEP] and padding.
        """
        intent_loss = F.cross_entropy(intent_logits, intent_label)
        if self.crf is None:
            return intent_loss + F.cross_entropy(slot_logits, slot_label, ignore_index=IGNORED)
        return intent_loss + self.crf.loss(slot_logits, slot_label)
