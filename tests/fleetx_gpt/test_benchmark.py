# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""benchmark.sh from end to end on a model of a few thousand weights, again, and after an interruption."""

import shutil

from common import files

import pytest
import served
from tiny import APP, IN_PROCESS

STEPS = (
    "-o Engine.max_steps=30 -o Engine.eval_iters=1 -o Global.local_batch_size=4 -o Global.micro_batch_size=4 "
    "-o Optimizer.lr.max_lr=0.01"
)
FLAGS = (
    f"{STEPS} -o Model.hidden_size=32 -o Model.ffn_hidden_size=64 -o Model.vocab_size=320 "
    "-o Optimizer.lr.decay_steps=120 -o Compress.Quantization.start_step=20 -o Compress.Prune.calibration_batches=1"
)
VIT_FLAGS = (
    f"{STEPS} -o Model.hidden_size=32 -o Model.ffn_hidden_size=64 -o Model.num_layers=1 -o Model.num_classes=4 "
    "-o Model.patch_size=8 -o Optimizer.lr.decay_steps=120"
)
RUNS = ("dense", "continued", "qat", "pruned", "student", "distilled", "joint", "vit", "vit_qat")


@pytest.fixture(scope="module")
def english(tmp_path_factory):
    """A data folder with the names of the real one and the beginnings of the sample's files."""
    folder = tmp_path_factory.mktemp("lm_text") / "en"
    folder.mkdir()
    sources = {
        "imdb_reviews_train.txt": ("train.txt", 300),
        "imdb_reviews_valid.txt": ("test.txt", 8),
        "lambada_test.jsonl": ("cloze.jsonl", 8),
    }
    for name, (source, count) in sources.items():
        lines = (APP / "data" / "sample" / source).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:count]))
    return folder.parent


@pytest.mark.slow
@pytest.mark.benchmark
def test_the_benchmark_runs_on_a_few_steps(english, tmp_path, monkeypatch):
    served.without_children(monkeypatch, *IN_PROCESS)
    fork = served.Fork(APP, tmp_path)
    given = {
        "DATA_DIR": str(english), "IMAGES": str(APP / "data" / "sample" / "images.npz"), "SEEDS": "1024",
        "CRITERIA": "taylor", "OUTPUT": str(tmp_path / "models"), "RESULTS": str(tmp_path / "results"),
        "FLAGS": FLAGS, "VIT_FLAGS": VIT_FLAGS, "MEASURE": "--rounds 1 --repeats 1",
    }  # fmt: skip
    fork.succeeds("sh benchmark.sh", **given)
    summary = files.read_json(tmp_path / "results" / "fleetx_gpt.json")
    assert [row["stage"] for row in summary["stages"]] == ["original", "int8", "width_0.875", "width_0.75_int8"]
    assert all(0 <= row["metrics"]["cloze"] <= 1 for row in summary["stages"])
    assert [each["name"] for each in summary["alternatives"]] == ["3 layers", "3 layers + KD"]
    compared = summary["tables"]["compression"]["rows"]
    assert [row[0] for row in compared] == list(RUNS[:7]) and compared[0][3] == "+0.00"
    assert [row[:3] for row in summary["tables"]["criteria"]["rows"]] == [["taylor", "off", "1"], ["taylor", "on", "1"]]
    vit = files.read_json(tmp_path / "results" / "fleetx_gpt_vit.json")
    assert [row["stage"] for row in vit["stages"]] == ["original", "int8"]
    assert (tmp_path / "results" / "fleetx_gpt" / "report.html").exists()

    made, trained = len(fork.asked), len([words for words in fork.asked if words[0] == "tools/train.py"])
    assert trained == len(RUNS) + 2
    fork.succeeds("sh benchmark.sh", **given)
    assert not [words for words in fork.asked[made:] if words[0].startswith("tools/")]  # all is there

    (tmp_path / "models" / "joint" / "scores.json").unlink()  # as if it had been interrupted behind its last step
    shutil.rmtree(tmp_path / "models" / "joint" / "exported")
    made = len(fork.asked)
    fork.succeeds("sh benchmark.sh", **given)
    again = [words for words in fork.asked[made:] if words[0].startswith("tools/")]
    assert [words[0] for words in again] == ["tools/train.py", "tools/eval.py", "tools/export.py"]
    assert any(word.startswith("Engine.save_load.ckpt_dir=") for word in again[0])
