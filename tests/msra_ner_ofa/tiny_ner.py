# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Data and "pretrained" models so small that the app's real mains run in seconds, and calls of those mains."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.data import vocabulary

from calls import spelled

REPO = Path(__file__).resolve().parents[2]
APP = REPO / "msra_ner_ofa"
LABELS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
PERSONS, PLACES = ["张三", "李小四", "王五"], ["北京", "上海市", "青山"]
ORGANISATIONS = ["清华大学", "铁路局", "新华社"]
FRAMES = ["P在L工作。", "O的P去L了。", "P是O的人，生于1956年。", "今天L下雨，O休息。", "我们在学习。"]
LENGTH = 24
CONFIG = {
    "attention_probs_dropout_prob": 0.0,
    "hidden_act": "relu",
    "hidden_dropout_prob": 0.0,
    "hidden_size": 32,
    "initializer_range": 0.02,
    "intermediate_size": 64,
    "max_position_embeddings": 40,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "type_vocab_size": 2,
}


def sentences() -> list[list[tuple[str, str]]]:
    """135 sentences of tagged characters; no two are alike but those without a name."""
    made = []
    for person, place, organisation, frame in itertools.product(PERSONS, PLACES, ORGANISATIONS, FRAMES):
        pairs: list[tuple[str, str]] = []
        for sign in frame:
            name = {"P": person, "L": place, "O": organisation}.get(sign)
            kind = {"P": "PER", "L": "LOC", "O": "ORG"}.get(sign)
            if name is None:
                pairs.append((sign, "O"))
            else:
                pairs += [(each, f"{'I' if n else 'B'}-{kind}") for n, each in enumerate(name)]
        made.append(pairs)
    return made


def written(some: list[list[tuple[str, str]]]) -> str:
    return "\n".join("".join(f"{each}\t{tag}\n" for each, tag in pairs) for pairs in some)


@dataclass(frozen=True)
class Tiny:
    """Folder data/ with train.txt, test.txt, label.txt, and per architecture a model folder of the published form."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def pretrained(self, family: str = "bert") -> Path:
        return self.folder / family


def make(folder: Path) -> Tiny:
    tiny = Tiny(folder)
    made = sentences()
    files.write_text(tiny.data / "train.txt", written(made))
    longest = [pair for pairs in made[:6] for pair in pairs]
    files.write_text(tiny.data / "test.txt", written([*made[::9], longest]))
    files.write_text(tiny.data / "label.txt", "".join(f"{label}\n" for label in LABELS))
    for family in ("bert", "ernie"):
        write_pretrained(tiny.pretrained(family), family)
    return tiny


def write_pretrained(folder: Path, family: str) -> None:
    """Random weights of an encoder without a classifier, as published ones are."""
    import paddle
    from ner.model import FAMILIES
    from paddlenlp.transformers import BertModel, ErnieModel

    texts = (" ".join(each for each, _ in pairs) for pairs in sentences())
    tokens = vocabulary.build(texts, 120, min_count=1)
    base = {"bert": BertModel, "ernie": ErnieModel}[family]
    config = CONFIG | {"vocab_size": len(tokens)}
    paddle.seed(7)
    model = base(FAMILIES[family].config(**config))
    files.write_json(folder / "config.json", config | {"architectures": [base.__name__], "model_type": family})
    files.write_text(folder / "vocab.txt", "".join(f"{token}\n" for token in tokens))
    paddle.save(model.state_dict(), str(folder / "model_state.pdparams"))


def train_words(tiny: Tiny, folder: Path, **changes) -> list:
    values = {
        "model_name_or_path": tiny.pretrained(),
        "data_dir": tiny.data,
        "output_dir": folder,
        "num_train_epochs": 8,
        "batch_size": 16,
        "max_seq_length": LENGTH,
        "learning_rate": 5e-3,
        "save_steps": 32,
        "device": "cpu",
        "disable_tqdm": True,
    }
    return spelled(values | changes)


def ofa_words(tiny: Tiny, trained: Path, folder: Path, **changes) -> list:
    values = {
        "model_type": "bert",
        "model_name_or_path": trained / "model_best",
        "task_name": "msra",
        "num_train_epochs": 3,
        "learning_rate": 2e-3,
        "save_steps": 16,
        "importance_batches": 4,
        "width_mult_list": ("1.0", "0.5"),
    }
    return train_words(tiny, folder, **{**values, **changes})


def export_words(tiny: Tiny, source: Path, folder: Path, **changes) -> list:
    values = {
        "model_type": "bert",
        "model_name_or_path": source,
        "max_seq_length": LENGTH,
        "sub_model_output_dir": folder / "dynamic_model",
        "static_sub_model": folder / "static_model",
        "n_gpu": 0,
        "width_mult": 0.5,
        "int8": True,
        "data_dir": tiny.data,
        "min_agreement": 0.95,
    }
    return spelled(values | changes)
