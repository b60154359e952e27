# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The C++ client beside the Python one: the same bundles and sentences, time, memory, and whether the answers agree."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import cli, files
from common.bundle.bundle import Bundle
from common.cli import UserError
from common.measure import entries, stages
from common.measure.options import MeasureOptions
from common.measure.runner import best, format_answer
from common.report.summary import check_summary

from bench import jobs
from bench.measure import TASK, sentences_to_time

APP = Path(__file__).resolve().parents[1]
DEMO = APP / "deploy" / "python" / "infer_demo.py"
PYTHON_ENGINES = {"onnxruntime": "onnx_runtime", "openvino": "openvino"}  # as infer_demo.py calls them
CPP_ENGINE = "openvino"


@dataclass
class Options(MeasureOptions):
    """Time both clients on bundles, one sentence at a time. Prints a table."""

    program: Path = APP / "deploy" / "cpp" / "build"
    """Folder that deploy/cpp/run_build.sh built in."""
    test_path: Path = Path("data/test.txt")
    """Labelled sentences."""
    latency_sentences: int = 300
    """How many of the test sentences are timed, drawn by a fixed seed."""
    rounds: int = 4
    """Times that everything is timed; the quieter one counts."""
    repeats: int = 1
    """Timed passes over the sentences in each process."""
    output: Path = Path("output/clients.json")
    """The file to write."""

    def __post_init__(self):
        super().__post_init__()
        self.check_positive("latency_sentences")
        for name in ("slu_benchmark", "infer_demo"):
            if not os.access(self.program / name, os.X_OK):
                raise UserError(f"--program {self.program}: no {name} in it; build it by deploy/cpp/run_build.sh")


def main(options: Options) -> None:
    bundles = stages.read_stages(options.stages, "--stages", TASK)
    texts = sentences_to_time(options, stages.require_original(bundles, "--stages"))
    with tempfile.TemporaryDirectory() as folder:
        sentences = Path(folder) / "sentences.txt"
        files.write_text(sentences, "".join(f"{text}\n" for text in texts))
        found = timed(bundles, texts, sentences, options)
        same = {name: same_answers(bundle, sentences, options) for name, bundle in bundles.items()}
    summary = {
        **entries.summary_head("ernie_tiny_slu_clients", options),
        "baseline_engine": f"{CPP_ENGINE}, Python",
        "stages": [
            {
                "stage": name,
                **entries.sizes(bundle),
                "metrics": {},
                "engines": [
                    entries.engine_entry(bundle, engine, found[name, client, engine])
                    | {"engine": f"{engine}, {client}", "client": client}
                    for client, engine in columns()
                ],
                "same_answers": same[name],
            }
            for name, bundle in bundles.items()
        ],
        "conditions": {
            "latency_sentences": len(texts),
            **{name: getattr(options, name) for name in ("threads", "repeats", "rounds")},
        },
    }
    summary["tables"] = {"clients": table(summary["stages"], len(texts))}
    files.write_json(options.output, check_summary(summary, str(options.output)))
    for row in (summary["tables"]["clients"]["head"], *summary["tables"]["clients"]["rows"]):
        print("  ".join(row))


def columns() -> list[tuple[str, str]]:
    """(client, engine) in the table's order."""
    return [("C++", CPP_ENGINE), *(("Python", engine) for engine in reversed(PYTHON_ENGINES))]


def timed(bundles: dict[str, Bundle], texts: list[str], sentences: Path, options: Options) -> dict[tuple, dict]:
    """(stage, client, engine) to what serving costs; of several rounds, each over all, the quieter one."""
    runner = jobs.runner(options.threads, 1)
    rounds: list[dict[tuple, dict]] = []
    for number in range(options.rounds):
        found = {}
        for name, bundle in bundles.items():
            for client, engine in columns():
                if client == "C++":
                    answer = serve_cpp(bundle, sentences, options)
                else:
                    more = {"texts": texts, "repeats": options.repeats, "threads": options.threads}
                    arguments = {"action": "serve", "bundle": str(bundle.path), "engine": engine, **more}
                    answer = runner.child("bench.child", arguments)
                found[name, client, engine] = answer
                progress = (
                    f"round {number + 1} of {options.rounds}: {name}, {client}, {engine}: {format_answer(answer)}"
                )
                print(progress, file=sys.stderr, flush=True)
        rounds.append(found)
    return {key: best([found[key] for found in rounds]) for key in rounds[0]}


def serve_cpp(bundle: Bundle, sentences: Path, options: Options) -> dict[str, Any]:
    """What slu_benchmark says, without what is known anyway."""
    words = ["--repeats", options.repeats, "--cpu_num_threads", options.threads]
    line = run([options.program / "slu_benchmark", "--bundle", bundle.path, "--input_file", sentences, *words])[-1]
    return {key: value for key, value in json.loads(line).items() if key.endswith("_ms") or key == "peak_rss_mb"}


def same_answers(bundle: Bundle, sentences: Path, options: Options) -> int:
    """How many sentences the C++ client answers with the very bytes that the Python one prints on the same engine."""
    words = ["--bundle", bundle.path, "--backend", CPP_ENGINE, "--input_file", sentences]
    ours = run([options.program / "infer_demo", *words])
    theirs = run([sys.executable, DEMO, *words])
    return sum(one == other for one, other in zip(ours, theirs, strict=True))


def run(words: list) -> list[bytes]:
    """Lines that a program prints.

    Raises:
        UserError: it failed; with its last words.
    """
    environment = {name: value for name, value in os.environ.items() if name != "MKL_DEBUG_CPU_TYPE"}
    done = subprocess.run([str(word) for word in words], capture_output=True, env=environment)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {done.returncode}"]
        raise UserError(f"{words[0]}: {said[-1].removeprefix('error: ')}")
    return done.stdout.splitlines()


def table(rows: list[dict[str, Any]], sentences: int) -> dict[str, Any]:
    """A row per stage and client."""
    cells = []
    for stage in rows:
        for engine in stage["engines"]:
            times = [
                f"{engine[key]['p50']:.2f} / {engine[key]['p95']:.2f}" if key in engine else "–"
                for key in ("end_to_end_ms", "latency_ms")
            ]
            memory = f"{engine['peak_rss_mb']:.0f}" if "peak_rss_mb" in engine else "–"
            same = f"{stage['same_answers']} / {sentences}" if engine["client"] == "C++" else "–"
            cells.append([stage["stage"], engine["engine"], *times, memory, same])
    head = ["stage", "engine", "end_to_end", "latency", "peak_memory", "same_answers"]
    return {"head": head, "rows": cells}


if __name__ == "__main__":
    cli.run(main, Options)
