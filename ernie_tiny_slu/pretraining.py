# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Masked-word pretraining (Devlin et al. 2019) of an ERNIE encoder on plain text."""
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import checkpoint, files, training, vocab
from common.tokenizer import WordPieceTokenizer

import paddle
from paddle import nn
from paddle.nn import functional as F
from paddlenlp.transformers import ErnieConfig, ErnieModel, ErniePretrainedModel
from paddlenlp.transformers.ernie.configuration import ERNIE_PRETRAINED_INIT_CONFIGURATION

MASKED_SHARE = 0.15
SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]?")


class MaskedWords(ErniePretrainedModel):
    """An encoder that guesses masked tokens; the word table is the output layer's weight."""

    def __init__(self, config: ErnieConfig):
        super().__init__(config)
        self.ernie = ErnieModel(config)
        self.transform = nn.Sequential(
            nn.Linear(config.hidden_size, config.hidden_size), nn.GELU(), nn.LayerNorm(config.hidden_size)
        )
        self.bias = self.create_parameter([config.vocab_size], is_bias=True)

    def forward(self, input_ids, places, words):
        """Mean loss of guessing `words` [n] at the flat `places` [n] of `input_ids` [batch, length]."""
        is_padding = (input_ids == paddle.zeros_like(input_ids)).astype("float32")
        sequence, _ = self.ernie(input_ids, attention_mask=paddle.unsqueeze(is_padding, axis=[1, 2]) * -1e4)
        hidden = paddle.gather(sequence.reshape([-1, sequence.shape[-1]]), places)
        table = self.ernie.embeddings.word_embeddings.weight
        return F.cross_entropy(F.linear(self.transform(hidden), table.T, self.bias), words)


class MaskingCollator:
    """Pads rows and hides 15 % of the tokens: 80 % by [MASK], 10 % by another token, 10 % not at all."""

    def __init__(self, tokenizer: WordPieceTokenizer, seed: int):
        self.special = len(vocab.SPECIALS)
        self.mask, self.tokens = tokenizer.tokens.index("[MASK]"), len(tokenizer)
        self.random = np.random.default_rng(seed)

    def __call__(self, rows: list[list[int]]) -> dict[str, np.ndarray]:
        length = max(map(len, rows))
        ids = np.zeros([len(rows), length], "int64")
        for row, tokens in zip(ids, rows, strict=True):
            row[: len(tokens)] = tokens
        flat = ids.reshape(-1)
        candidates = np.flatnonzero(flat >= self.special)
        count = max(1, round(len(candidates) * MASKED_SHARE))
        places = self.random.choice(candidates, count, replace=False)
        words = flat[places].copy()
        draw = self.random.random(count)
        flat[places] = np.where(draw < 0.8, self.mask, flat[places])
        other = self.random.integers(self.special, self.tokens, count)
        flat[places] = np.where(draw >= 0.9, other, flat[places])
        return {"input_ids": ids, "places": places, "words": words}


class PretrainingTrainer(training.RecipeTrainer):
    def compute_loss(self, model, inputs, return_outputs=False):
        loss = model(**inputs)
        return (loss, (loss,)) if return_outputs else loss

    def prediction_step(self, model, inputs, prediction_loss_only, ignore_keys=None):
        with paddle.no_grad():
            return self.compute_loss(model, self._prepare_inputs(inputs)).detach(), None, None


def sentences(path: Path, column: int) -> Iterator[str]:
    """Sentences of a plain text, or of one column of a tab-separated one."""
    for line in files.read_text(path, "text file").splitlines():
        cells = line.split("\t")
        text = cells[min(column, len(cells) - 1)]
        yield from (sentence.strip() for sentence in SENTENCE.findall(text) if len(sentence.strip()) > 1)


def run(options) -> Path:
    """Pretrain and write the folder; a twentieth of the sentences is held back to report the loss on."""
    training.seed_everything(options.seed)
    arguments = training.arguments(options)
    texts = [text for path in options.text_paths for text in sentences(path, options.text_column)]
    vocabulary = vocab.build(texts, options.vocab_size, min_count=3)
    tokenizer = WordPieceTokenizer(vocabulary)
    rows = [tokenizer.encode(text, options.max_seq_length).ids for text in texts]
    np.random.default_rng(options.seed).shuffle(rows)
    held_back = max(1, len(rows) // 20)
    config = checkpoint.architecture(ErnieConfig, ERNIE_PRETRAINED_INIT_CONFIGURATION, options.model_name_or_path)
    table_rows, config.vocab_size = config.vocab_size, len(vocabulary)
    print(f"masked-word pretraining: {len(rows)} sentences, {len(vocabulary)} tokens", flush=True)
    model = MaskedWords(config)
    trainer = PretrainingTrainer(
        model=model,
        args=arguments,
        data_collator=MaskingCollator(tokenizer, options.seed),
        train_dataset=rows[held_back:],
        eval_dataset=rows[:held_back],
    )
    trainer.train(training.checkpoint_to_resume(options))
    loss = trainer.evaluate()["eval_loss"]
    record = {"stage": "pretrained", "loss": loss, "sentences": len(rows), "seed": options.seed}
    encoder = widen(model.ernie, table_rows)
    folder = options.output_dir / "pretrained"
    vocabulary_file = options.output_dir / "vocab.txt"
    vocab.write(vocabulary_file, vocab.widened(vocabulary, table_rows))
    checkpoint.save(encoder, vocabulary_file, folder, record)
    return folder


def widen(encoder: ErnieModel, rows: int) -> ErnieModel:
    """Give the word table as many rows as the published architecture has; new ones start at random."""
    old = encoder.embeddings.word_embeddings.weight
    table = nn.Embedding(rows, old.shape[1], padding_idx=0, weight_attr=nn.initializer.Normal(std=0.02))
    table.weight.set_value(paddle.concat([old, table.weight[old.shape[0] :]]))
    encoder.embeddings.word_embeddings = table
    encoder.config.vocab_size = rows
    return encoder
