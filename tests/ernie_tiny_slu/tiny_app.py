# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A corpus and a "pretrained" model so small that the app's real mains run in seconds, and calls of those mains."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.data import vocabulary

from calls import Ended, run

REPO = Path(__file__).resolve().parents[2]
APP = REPO / "ernie_tiny_slu"
DATA = APP / "data"
SINGERS = ["周华健", "刘德华", "王菲", "Adele", "陈奕迅"]
SONGS = ["花心", "红豆", "Hello", "浮夸", "海阔天空"]
NUMBERS = ["13800138000", "10086", "95588", "4001234567", "110"]
PLACES = ["北京西站", "人民广场", "浦东机场", "G60高速", "博物馆"]
NAMES = ["郭诺", "妈妈", "李老板", "Lina", "小王"]
CONFIG = {
    "architectures": ["ErnieModel"],
    "model_type": "ernie",
    "attention_probs_dropout_prob": 0.0,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "hidden_size": 32,
    "initializer_range": 0.02,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "type_vocab_size": 4,
    "task_type_vocab_size": 3,
    "task_id": 0,
    "use_task_id": True,
}


def marked_lines() -> list[tuple[str, str]]:
    """(intent, query with marks), 75 of them; every frame says its intent and slot plainly."""
    lines = []
    for singer, song in itertools.product(SINGERS, SONGS):
        lines.append(("music.play", f"放<singer>{singer}</singer>的<song>{song}</song>"))
    for number, frame in itertools.product(NUMBERS, ["拨打{}", "打{}", "请打{}", "给我打{}", "打一下{}"]):
        intent = "phone_call.make_a_phone_call"
        lines.append((intent, frame.format(f"<phone_num>{number}</phone_num>")))
    for place, frame in itertools.product(PLACES, ["导航去{}", "去{}", "导航到{}"]):
        lines.append(("navigation.navigation", frame.format(f"<destination>{place}</destination>")))
    for name, frame in itertools.product(NAMES, ["打电话给{}", "呼叫{}"]):
        lines.append(("phone_call.make_a_phone_call", frame.format(f"<contact_name>{name}</contact_name>")))
    return lines


def plain(marked: str) -> str:
    import re

    return re.sub("</?[a-z_]+>", "", marked)


def corpus_text(lines: list[tuple[str, str]]) -> str:
    return "".join(f"{n}\t{plain(marked)}\t{intent}\t{marked}\n" for n, (intent, marked) in enumerate(lines))


@dataclass(frozen=True)
class Tiny:
    """Folder with train.txt, dev.txt and pretrained/ (config.json, model_state.pdparams, vocab.txt)."""

    folder: Path

    @property
    def train(self) -> Path:
        return self.folder / "train.txt"

    @property
    def dev(self) -> Path:
        return self.folder / "dev.txt"

    @property
    def pretrained(self) -> Path:
        return self.folder / "pretrained"


def make(folder: Path) -> Tiny:
    tiny = Tiny(folder)
    lines = marked_lines()
    files.write_text(tiny.train, corpus_text(lines))
    files.write_text(tiny.dev, corpus_text(lines[::3]))
    write_pretrained(tiny.pretrained, [plain(marked) for _, marked in lines])
    return tiny


def write_pretrained(folder: Path, texts: list[str], prefix: str = "") -> None:
    """A model folder of the published form, with random weights; `prefix` is put before every weight's name."""
    import paddle
    from paddlenlp.transformers import ErnieConfig, ErnieModel

    tokens = vocabulary.build(texts, 280, min_count=1)
    tokens += [f"[unused{n}]" for n in range(280 - len(tokens))]
    config = CONFIG | {"vocab_size": len(tokens)}
    paddle.seed(7)
    model = ErnieModel(ErnieConfig(**config))
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / "config.json", config)
    files.write_text(folder / "vocab.txt", "".join(f"{token}\n" for token in tokens))
    paddle.save(
        {prefix + name: value for name, value in model.state_dict().items()}, str(folder / "model_state.pdparams")
    )


def words(tiny: Tiny, output: Path, *more, **overrides) -> list[str]:
    """Words for run_train.py that every tiny run has in common; overrides by flag name, `more` as they are."""
    flags = {
        "model_name_or_path": tiny.pretrained,
        "output_dir": output,
        "device": "cpu",
        "train_path": tiny.train,
        "dev_path": tiny.dev,
        "intent_label_path": DATA / "intent_label.txt",
        "slot_label_path": DATA / "slot_label.txt",
        "per_device_train_batch_size": 25,
        "per_device_eval_batch_size": 25,
        "learning_rate": 1e-2,
        "disable_tqdm": True,
    }
    flags |= overrides
    pairs = itertools.chain.from_iterable((f"--{name}", str(value)) for name, value in flags.items())
    return [*pairs, "--gate_engines", "paddle", "onnxruntime", *map(str, more)]


def train(arguments) -> Ended:
    import run_train
    from slu.options import Options

    return run(run_train.main, Options, arguments)


def evaluate(arguments) -> Ended:
    import run_eval

    return run(run_eval.main, run_eval.Options, arguments)
