# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""A table of printed cells, as Markdown, HTML or aligned text, and the words of the reports in English and Chinese."""

import html
import textwrap
from dataclasses import dataclass

from common.bundle.stage_names import width_of

# English, Chinese
WORDS = {
    "stage": ("stage", "阶段"),
    "size": ("MiB (% of original)", "MiB（占原模型）"),
    "engine": ("engine", "引擎"),
    "precision": ("precision", "精度"),
    "latency": ("model p50 / p95 ms", "模型 p50 / p95 毫秒"),
    "end_to_end": ("end to end p50 / p95 ms", "端到端 p50 / p95 毫秒"),
    "speedup": ("× original", "× 原模型"),
    "memory": ("peak MB (% of original)", "峰值内存 MB（占原模型）"),
    "parity": ("parity", "一致性"),
    "difference": ("max. difference", "最大误差"),
    "agreement": ("agreement %", "预测一致率 %"),
    "passed": ("passed", "通过"),
    "failed": ("FAILED", "未通过"),
    "refused": ("refused", "禁用"),
    "alternative": ("taken instead", "其他方案"),
    "ours_faster": ("ours is × as fast", "本项目快 × 倍"),
    "ours": ("this project", "本项目"),
    "no_alternatives": ("No alternatives were measured.", "未测量其他方案。"),
    "original": ("original", "原模型"),
    "vocabulary": ("+ vocabulary", "+ 词表裁剪"),
    "width": ("+ width", "+ 宽度裁剪"),
    "int8": ("+ INT8 matmul", "+ INT8 矩阵乘"),
    "embedding": ("+ INT8 embedding", "+ INT8 词向量"),
    "one_width": ("width", "宽度"),
    "width_int8": ("+ width + INT8", "+ 宽度裁剪 + INT8"),
    "f1": ("F1 %", "F1 %"),
    "precision_score": ("precision %", "精确率 %"),
    "recall": ("recall %", "召回率 %"),
    "f1_strict": ("strict F1 %", "严格 F1 %"),
    "f1_bio": ("F1, BIO %", "F1（BIO）%"),
    "macro_f1": ("macro F1 %", "宏平均 F1 %"),
    "f1_0": ("F1 of label 0 %", "标签 0 的 F1 %"),
    "f1_1": ("F1 of label 1 %", "标签 1 的 F1 %"),
    "f1_dev": ("F1 on dev %", "dev 上的 F1 %"),
    "accuracy": ("accuracy %", "准确率 %"),
    "accuracy_unseen": ("accuracy, unseen %", "准确率（未见句）%"),
    "accuracy_argmax": ("accuracy, argmax %", "准确率（argmax）%"),
    "accuracy_bio": ("accuracy, BIO %", "准确率（BIO）%"),
    "accuracy_crf": ("accuracy, CRF %", "准确率（CRF）%"),
    "intent_accuracy": ("intent accuracy %", "意图准确率 %"),
    "slot_f1": ("slot F1 %", "槽位 F1 %"),
    "peak_memory": ("peak MB", "峰值内存 MB"),
    "same_answers": ("the same JSON as Python's", "与 Python 相同的 JSON"),
    "characters": ("text to entities", "从文本到实体"),
    "ablation": ("ablation", "消融"),
    "task": ("task", "任务"),
    "parameters": ("M parameters", "参数（百万）"),
    "metric": ("metric", "指标"),
    "distillation": ("distillation", "蒸馏"),
    "reordering": ("reordering", "重排"),
    "compression": ("compression", "压缩方法"),
    "accuracy_before": ("top-1 before %", "压缩前 top-1 %"),
    "accuracy_after": ("top-1 after %", "压缩后 top-1 %"),
    "change": ("points", "变化（百分点）"),
    "perplexity": ("perplexity", "困惑度"),
    "cloze": ("cloze %", "完形填空 %"),
    "configuration": ("configuration", "配置文件"),
    "criterion": ("criterion", "重要性指标"),
    "dense": ("dense", "稠密模型"),
    "continued": ("dense, trained on as long as the pruned one", "稠密模型，与剪枝模型训练同样步数"),
    "qat": ("QAT", "量化训练"),
    "pruned": ("pruning 12.5 %", "结构化稀疏 12.5 %"),
    "student": ("3 layers of 6", "6 层减为 3 层"),
    "distilled": ("3 layers of 6, distilled", "6 层减为 3 层 + 蒸馏"),
    "joint": ("pruning 25 % + distillation + QAT", "稀疏 25 % + 蒸馏 + 量化训练"),
    "on": ("on", "开"),
    "off": ("off", "关"),
    "machine": ("Machine", "机器"),
    "date": ("date", "日期"),
    "split": ("split", "数据划分"),
    "seeds": ("seeds", "随机种子"),
    "commit": ("commit", "提交"),
    "command": ("command", "命令"),
    "cores": ("cores", "核"),
    "compared": ("Speed and memory are compared with the original on", "速度与内存的比较基准：原模型，引擎"),
}


def word(key: str, language: str) -> str:
    """The heading or stage name; a metric without a translation keeps its own name."""
    column, width = {"en": 0, "zh": 1}[language], width_of(key)
    if key in WORDS:
        return WORDS[key][column]
    if width is not None:
        return f"{WORDS['one_width'][column]} {width[0]:g}{' + INT8' if width[1] else ''}"
    return f"{key.replace('_', ' ')} %"


def cell(text: str, language: str) -> str:
    """A heading or stage name in the language; any other text as it is."""
    return word(text, language) if text in WORDS or width_of(text) else text


@dataclass
class Table:
    """Cells as they are printed. The first `left` columns are words, the others numbers."""

    head: list[str]
    rows: list[list[str]]
    left: int = 1

    def markdown(self) -> str:
        marks = ["---" if column < self.left else "---:" for column in range(len(self.head))]
        lines = [self.head, marks, *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

    def text(self) -> str:
        """Aligned with spaces; headings wider than their column take several lines."""
        widths = [max(6, *(len(row[column]) for row in self.rows)) for column in range(len(self.head))]
        wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(self.head, widths, strict=True)]
        depth = max(map(len, wrapped))
        heads = [list(line) for line in zip(*([""] * (depth - len(cell)) + cell for cell in wrapped), strict=True)]
        widths = [max(width, *map(len, cell)) for width, cell in zip(widths, wrapped, strict=True)]
        out = []
        for line in [*heads, *self.rows]:
            cells = [
                cell.ljust(width) if column < self.left else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            out.append("  ".join(cells).rstrip())
        out.insert(depth, "-" * max(map(len, out)))
        return "\n".join(out)

    def html(self) -> str:
        def line(cells: list[str], tag: str) -> str:
            kinds = ["word" if column < self.left else "number" for column in range(len(cells))]
            inside = (
                f'<{tag} class="{kind}">{html.escape(cell)}</{tag}>' for cell, kind in zip(cells, kinds, strict=True)
            )
            return f"<tr>{''.join(inside)}</tr>"

        body = "\n".join(line(row, "td") for row in self.rows)
        return f"<table>\n<thead>{line(self.head, 'th')}</thead>\n<tbody>\n{body}\n</tbody>\n</table>"
