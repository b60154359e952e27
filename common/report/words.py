# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Headings, stage names and fixed phrases of the reports, in English and Chinese.

WORDS holds what several apps need. What only one app says, such as "pruning 12.5 %", stands in the `bench/words.json`
of its folder: {key: [English, Chinese]}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from common import files
from common.bundle.stage_names import width_of
from common.cli import UserError

Language = Literal["en", "zh"]
REPOSITORY = Path(__file__).resolve().parents[2]
WORDS_OF_AN_APP = "bench/words.json"

# Key to English and Chinese
WORDS: dict[str, tuple[str, str]] = {
    # columns
    "stage": ("stage", "阶段"),
    "size": ("MiB (% of original)", "MiB（占原模型）"),
    "engine": ("engine", "引擎"),
    "precision": ("precision", "精度"),
    "latency": ("model p50 / p95 ms", "模型 p50 / p95 毫秒"),
    "end_to_end": ("end to end p50 / p95 ms", "端到端 p50 / p95 毫秒"),
    "time": ("end to end ms (× original)", "端到端毫秒（× 原模型）"),
    "speedup": ("× original", "× 原模型"),
    "memory": ("peak MiB (% of original)", "峰值内存 MiB（占原模型）"),
    "parity": ("parity", "一致性"),
    "difference": ("max. difference", "最大误差"),
    "agreement": ("agreement %", "预测一致率 %"),
    "alternative": ("taken instead", "其他方案"),
    "ours_faster": ("ours is × as fast", "本项目快 × 倍"),
    "parameters": ("M parameters", "参数（百万）"),
    "distillation": ("distillation", "蒸馏"),
    "reordering": ("reordering", "重排"),
    # cells
    "passed": ("passed", "通过"),
    "failed": ("FAILED", "未通过"),
    "refused": ("refused", "禁用"),
    "on": ("on", "开"),
    "off": ("off", "关"),
    "ours": ("this project", "本项目"),
    "no_alternatives": ("No alternatives were measured.", "未测量其他方案。"),
    # stages
    "original": ("original", "原模型"),
    "vocabulary": ("+ vocabulary", "+ 词表裁剪"),
    "width": ("+ width", "+ 宽度裁剪"),
    "int8": ("+ INT8 matmul", "+ INT8 矩阵乘"),
    "embedding": ("+ INT8 embedding", "+ INT8 词向量"),
    "one_width": ("width", "宽度"),
    "width_int8": ("+ width + INT8", "+ 宽度裁剪 + INT8"),
    # metrics
    "accuracy": ("accuracy %", "准确率 %"),
    "f1": ("F1 %", "F1 %"),
    "recall": ("recall %", "召回率 %"),
    "f1_dev": ("F1 on dev %", "dev 上的 F1 %"),
    # names of tables
    "brief": ("In short", "概览"),
    "ledger": ("What each stage cost and gained", "各阶段的代价与收益"),
    "engines": ("Every engine", "全部引擎"),
    "alternatives": ("What one would take instead", "其他方案对比"),
    "ablation": ("ablation", "消融"),
    "plots": ("Plots", "图"),
    # what stands under a table
    "machine": ("Machine", "机器"),
    "date": ("date", "日期"),
    "split": ("split", "数据划分"),
    "seeds": ("seeds", "随机种子"),
    "commit": ("commit", "提交"),
    "command": ("command", "命令"),
    "cores": ("cores", "核"),
    "compared": ("Speed and memory are compared with the original on", "速度与内存的比较基准：原模型，引擎"),
}


@dataclass(frozen=True)
class Words:
    """What the tables of one summary say in one language."""

    language: Language
    entries: Mapping[str, tuple[str, str]]
    """Key to English and Chinese."""

    @property
    def _column(self) -> int:
        return 0 if self.language == "en" else 1

    @property
    def colon(self) -> str:
        return (": ", "：")[self._column]

    def heading(self, key: str) -> str:
        """Of a column, stage or table. A metric without an entry keeps its own name."""
        if key in self.entries:
            return self.entries[key][self._column]
        stage = width_of(key)
        if stage is not None:
            return f"{self.heading('one_width')} {stage.width:g}{' + INT8' if stage.int8 else ''}"
        return f"{key.replace('_', ' ')} %"

    def cell(self, text: str) -> str:
        """A cell of an app's own table: translated where it is a key or the name of a stage, otherwise as it is."""
        return self.heading(text) if text in self.entries or width_of(text) else text


def words_for(app: str, language: Language) -> Words:
    """The words that several apps need, and above them those of the app that a summary names.

    Args:
        app: as in the summary: name of the app's folder, perhaps with more behind it, such as `glue_ofa_bert_base`.

    Raises:
        UserError: the app's `bench/words.json` is not of the form {key: [English, Chinese]}.
    """
    return Words(language, WORDS | _words_of_app(app))


def _words_of_app(app: str) -> dict[str, tuple[str, str]]:
    """Empty where no folder with words belongs to the name: an app outside this repository has none of its own."""
    folders = [path.parents[1].name for path in REPOSITORY.glob(f"*/{WORDS_OF_AN_APP}")]
    fitting = [name for name in folders if app == name or app.startswith(f"{name}_")]
    if not fitting:
        return {}
    path = REPOSITORY / max(fitting, key=len) / WORDS_OF_AN_APP
    found = files.read_json(path, "headings of the app")
    for key, pair in found.items():
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair)):
            raise UserError(f"{path}: {key}: expected [English, Chinese], got {pair!r:.60}")
    return {key: (english, chinese) for key, (english, chinese) in found.items()}
