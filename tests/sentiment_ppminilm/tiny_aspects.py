# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Data and "pretrained" models so small that the app's real mains run in seconds, and calls of those mains."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.data import vocabulary

from calls import spelled

REPO = Path(__file__).resolve().parents[2]
APP = REPO / "sentiment_ppminilm"
ASPECTS = ["味道", "服务", "房间", "电池", "WiFi", "老板"]
GOOD, BAD = ["很好", "不错", "满意", "棒"], ["很差", "糟糕", "失望", "烂"]
FRAMES = ["这家店的{}，下次再来", "{}！", "朋友说{}，我也这么看", "住了3天，{}"]
CONFIG = {
    "attention_probs_dropout_prob": 0.0,
    "hidden_act": "relu",
    "hidden_dropout_prob": 0.0,
    "hidden_size": 32,
    "initializer_range": 0.02,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "type_vocab_size": 2,
}


def rows() -> list[str]:
    """192 lines of label, aspect with opinion, text; the opinion's word says the label."""
    made = []
    for aspect, (label, words), frame in itertools.product(ASPECTS, (("1", GOOD), ("0", BAD)), FRAMES):
        made += [f"{label}\t{aspect}{word}\t{frame.format(aspect + word)}\n" for word in words]
    return made


@dataclass(frozen=True)
class Tiny:
    """Folder with train.txt, dev.txt, label.dict, and of each architecture a model folder of the published form."""

    folder: Path

    @property
    def train(self) -> Path:
        return self.folder / "train.txt"

    @property
    def dev(self) -> Path:
        return self.folder / "dev.txt"

    @property
    def labels(self) -> Path:
        return self.folder / "label.dict"

    def pretrained(self, family: str = "ppminilm") -> Path:
        return self.folder / family


def make(folder: Path) -> Tiny:
    tiny = Tiny(folder)
    lines = rows()
    files.write_text(tiny.train, "".join(lines))
    files.write_text(tiny.dev, "".join(lines[::4]))
    files.write_text(tiny.labels, "0\tnegative\n1\tpositive\n")
    for family in ("ppminilm", "skep"):
        write_pretrained(tiny.pretrained(family), family, lines)
    return tiny


def write_pretrained(folder: Path, family: str, lines: list[str]) -> None:
    """Random weights of an encoder without a classifier, as published ones are."""
    import paddle
    from model import FAMILIES
    from paddlenlp.transformers import PPMiniLMModel, SkepModel

    tokens = vocabulary.build((line.replace("\t", " ") for line in lines), 120, min_count=1)
    config_class = FAMILIES[family].config
    base = {"ppminilm": PPMiniLMModel, "skep": SkepModel}[family]
    config = CONFIG | {"vocab_size": len(tokens)}
    paddle.seed(7)
    model = base(config_class(**config))
    files.write_json(folder / "config.json", config | {"architectures": [base.__name__], "model_type": family})
    files.write_text(folder / "vocab.txt", "".join(f"{token}\n" for token in tokens))
    paddle.save(model.state_dict(), str(folder / "model_state.pdparams"))


def train_words(tiny: Tiny, folder: Path, **changes) -> list:
    """Words for train.py; a value of None takes a flag out, True gives it alone."""
    values = {
        "base_model_name": tiny.pretrained(),
        "train_path": tiny.train,
        "dev_path": tiny.dev,
        "label_path": tiny.labels,
        "checkpoints": folder,
        "num_epochs": 4,
        "batch_size": 16,
        "max_seq_len": 32,
        "learning_rate": 3e-3,
        "eval_steps": 24,
        "device": "cpu",
        "disable_tqdm": True,
    } | changes
    return spelled(values)
