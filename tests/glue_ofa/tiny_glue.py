# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Data and "pretrained" models so small that the app's real mains run in seconds, and calls of those mains."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from common import files
from common.data import vocabulary

from calls import spelled

REPO = Path(__file__).resolve().parents[2]
APP = REPO / "glue_ofa"
THINGS = ["plot", "cast", "music", "ending"]
GOOD, BAD = ["warm", "funny", "fresh"], ["dull", "flat", "stale"]
FRAMES = ["the {} is {} .", "its {} feels {}", "a {} so {} , again", "for once the {} is quite {}"]
WIDTHS = (1.0, 0.6666666666666666, 0.5)
# Words that make bench/measure.py quick.
SHORT = ["--repeats", "1", "--rounds", "1", "--length", "16", "--batch_size", "4", "--engines", "paddle", "onnxruntime"]
CONFIG = {
    "attention_probs_dropout_prob": 0.0,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "hidden_size": 48,
    "initializer_range": 0.02,
    "intermediate_size": 96,
    "max_position_embeddings": 64,
    "num_attention_heads": 6,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "type_vocab_size": 2,
}


def remarks() -> list[str]:
    """96 lines of text and label; the last but one word says the label."""
    made = []
    for thing, (label, words), frame in itertools.product(THINGS, (("1", GOOD), ("0", BAD)), FRAMES):
        made += [f"{frame.format(thing, word)}\t{label}\n" for word in words]
    return made


def table(*columns: str, rows: list[tuple]) -> str:
    lines = [columns, *rows] if columns else rows
    return "".join("\t".join(map(str, line)) + "\n" for line in lines)


@dataclass(frozen=True)
class Tiny:
    """Folder with data/ in GLUE's layout, and of each architecture a model folder of the published form."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def pretrained(self, family: str = "bert") -> Path:
        return self.folder / family


def make(folder: Path) -> Tiny:
    tiny = Tiny(folder)
    lines = remarks()
    write(tiny, "SST-2", "train", "sentence\tlabel\n" + "".join(lines))
    write(tiny, "SST-2", "dev", "sentence\tlabel\n" + "".join(lines[::3]))
    texts = [line.split("\t")[0] for line in lines]
    pairs = list(itertools.pairwise(texts))[:60]
    scored = [(n, one, two, f"{n % 6}.000") for n, (one, two) in enumerate(pairs)]
    for split, rows in (("train", scored), ("dev", scored[::2])):
        write(tiny, "STS-B", split, table("index", "sentence1", "sentence2", "score", rows=rows))
    labels = ("contradiction", "entailment", "neutral")
    judged = [(n, one, two, labels[n % 3]) for n, (one, two) in enumerate(pairs)]
    for split, rows in (("train", judged), ("dev_matched", judged[::3]), ("dev_mismatched", judged[1::3])):
        write(tiny, "MNLI", split, table("index", "sentence1", "sentence2", "gold_label", rows=rows))
    for family in ("bert", "tinybert", "ernie", "ppminilm"):
        write_pretrained(tiny.pretrained(family), family, texts)
    return tiny


def write(tiny: Tiny, task: str, split: str, content: str) -> None:
    files.write_text(tiny.data / task / f"{split}.tsv", content)


def write_pretrained(folder: Path, family: str, texts: list[str], **changes) -> None:
    """Random weights of an encoder without a classifier, as published ones are."""
    import paddle
    from glue.model import FAMILIES

    tokens = vocabulary.build(texts, 200, min_count=1)
    config = CONFIG | {"vocab_size": len(tokens)} | ({"fit_size": 20} if family == "tinybert" else {}) | changes
    paddle.seed(7)
    base = FAMILIES[family].model.base_class
    model = base(FAMILIES[family].config(**config))
    files.write_json(folder / "config.json", config | {"architectures": [base.__name__], "model_type": family})
    vocabulary.write(folder / "vocab.txt", tokens)
    paddle.save(model.state_dict(), str(folder / "model_state.pdparams"))


def words(tiny: Tiny, folder: Path, **changes) -> list:
    """Words for run_glue.py."""
    values = {
        "model_type": "bert",
        "model_name_or_path": tiny.pretrained(),
        "task_name": "sst-2",
        "data_dir": tiny.data,
        "max_seq_length": 24,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "num_train_epochs": 8,
        "save_steps": 20,
        "output_dir": folder,
        "selection_fraction": 0.25,
        "n_gpu": 0,
        "disable_tqdm": True,
    }
    return spelled(values | changes)


def ofa_words(tiny: Tiny, source: Path, folder: Path, **changes) -> list:
    """Words for run_glue_ofa.py."""
    steps = {"num_train_epochs": 2, "save_steps": 4, "importance_batches": 2, "learning_rate": 1e-3}
    return words(tiny, folder, **{"model_name_or_path": source, **steps, "width_mult_list": WIDTHS, **changes})


def export_words(source: Path, folder: Path, width: float | None = None, **changes) -> list:
    """Words for export_model.py."""
    values = {
        "model_name_or_path": source,
        "max_seq_length": 24,
        "sub_model_output_dir": folder / "dynamic",
        "static_sub_model": folder / "static",
        "n_gpu": 0,
        "width_mult": width,
        "gate_engines": ("paddle", "onnxruntime", "openvino"),
    }
    return spelled(values | {name: value for name, value in changes.items() if value is not False})
