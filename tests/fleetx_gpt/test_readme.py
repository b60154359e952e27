# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""run_all.sh as it stands, then every command of the READMEs in their order and in one folder, on fewer steps."""

import re

from common import files

import pytest
import served
from readmes import commands, shortened
from tiny import APP, IN_PROCESS

REPO = served.REPO
RUN_ALL = "sh fleetx_gpt/run_all.sh"
# What run_all.sh has trained is gone on with, so that the models decide as trained ones do.
SHORT = {
    "tools/train.py": "-o Engine.save_load.overwrite=True -o Engine.eval_freq=1000",
    "bench.measure": "--rounds 1 --repeats 1",
}
OTHERS = ("-m paddle.distributed.launch", "tools/supervise.py")  # processes of their own: their tests start them
STEPS = {
    "sample_prune.yaml": 6, "sample_distill.yaml": 6, "sample_qat.yaml": 6, "sample_joint.yaml": 110,
    "sample_vit.yaml": 40, "sample_vit_qat.yaml": 10,
}  # fmt: skip


@pytest.fixture(scope="module")
def fork(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        served.without_children(patch, *IN_PROCESS)
        fork = served.Fork(APP, tmp_path_factory.mktemp("readme"))
        fork.stubs = OTHERS
        yield fork


def test_both_languages_name_the_same_commands():
    assert commands(APP / "README.md") == commands(APP / "README.zh-CN.md")
    assert RUN_ALL in (REPO / ".ci" / "run").read_text()
    numbers = [
        re.findall(r"<!-- table:([\w.]+)[ \w:,.]* -->", (APP / name).read_text())
        for name in ("README.md", "README.zh-CN.md")
    ]
    assert numbers[0] == numbers[1] and len(numbers[0]) == 4


def test_the_list_of_keys_is_that_of_the_code(fork):
    assert (APP / "KEYS.md").read_text().endswith(fork.succeeds("python tools/keys.py --markdown"))


@pytest.mark.slow
def test_run_all(fork):
    out = fork.succeeds("sh run_all.sh")
    summary = files.read_json(fork.app / "output" / "sample" / "summary.json")
    dense, narrow, int8 = summary["stages"]
    assert [row["stage"] for row in summary["stages"]] == ["original", "width_0.75", "width_0.75_int8"]
    # The sample is learnt, and what is made of the model keeps nearly all of it (fractions of 1).
    assert dense["metrics"]["accuracy"] > 0.5
    assert narrow["metrics"]["accuracy"] > dense["metrics"]["accuracy"] - 0.05
    assert int8["metrics"]["accuracy"] > narrow["metrics"]["accuracy"] - 0.02
    assert int8["size_bytes"] < narrow["size_bytes"] < dense["size_bytes"]
    assert all(engine["parity"]["passed"] for row in summary["stages"] for engine in row["engines"])
    assert (fork.app / "output" / "sample" / "report" / "report.html").exists()
    assert "\nOn a windy day Ada met an otter and a crow beside a green kite. The " in out  # and the story goes on


@pytest.mark.slow
def test_commands_of_the_readme_run_in_their_order(fork):
    assert (fork.app / "output" / "sample" / "dense").exists()  # of the test above
    printed = {}
    for command in commands(APP / "README.md"):
        if command == RUN_ALL or "benchmark.sh" in command:
            continue
        name = command.split()[3].rpartition("/")[2]
        typed = command if any(other in command for other in OTHERS) else shortened(command, SHORT)
        if name in STEPS and "tools/train.py" in command:
            typed += f" -o Engine.max_steps={STEPS[name]}"
        elif command.endswith("-c configs/small/sample.yaml"):  # trained already
            continue
        printed[command] = fork.succeeds(typed)
    said = "\n".join(printed.values())
    assert "from step 400" in said and "pruned at step 0 by taylor" in said and "quantised at step 100" in said
    assert said.count("exported (int8") == 2 and said.count("exported (fp32") == 1
    assert any(out.startswith("On a windy day Ada met an otter") for out in printed.values())
    assert files.read_json(fork.app / "output" / "cloze.json")["passages"] == 100
