# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The rules of house_rules.py hold for this checkout, and each of them finds what it is meant to find in a made-up one.

`known_gaps.txt`, where it is there, lists what is still to be mended. A line of it that no longer occurs fails, so the
list only shrinks.
"""

from pathlib import Path

import import_graph
import pytest
from house_rules import (
    NO_TEST_OF_ITS_NAME,
    RULES,
    USED_ONCE,
    Finding,
    circles,
    circles_of_folders,
    hiding_aliases,
    mirror_of,
    orphans,
    too_few_users,
    untested,
    users,
    wrong_apps,
    wrong_layers,
    wrong_rooms,
)
from import_graph import APPS, Graph

REPO = Path(__file__).resolve().parents[2]
KNOWN_GAPS = Path(__file__).with_name("known_gaps.txt")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return import_graph.read(REPO)


def new(findings: list[Finding], kinds: tuple[str, ...]) -> list[str]:
    """Messages of what is not in known_gaps.txt, and of its lines of these kinds that no longer occur."""
    lines = KNOWN_GAPS.read_text(encoding="utf-8").splitlines() if KNOWN_GAPS.exists() else []
    known = {line for line in lines if line.startswith(kinds)}
    keys = {finding.key for finding in findings}
    mended = [f"{KNOWN_GAPS.name}: take out the line `{line}`, it is mended" for line in sorted(known - keys)]
    return [finding.message for finding in findings if finding.key not in known] + mended


def everything(graph: Graph, root: Path) -> list[Finding]:
    return [finding for rule in RULES for finding in rule(graph)] + list(untested(graph, root))


def test_no_import_breaks_a_rule(graph):
    findings = [finding for rule in RULES for finding in rule(graph)]
    assert new(findings, ("arrow:", "circle:", "folders:", "users:", "alias:", "orphan:")) == []


def test_every_module_with_logic_has_the_mirror_of_its_name(graph):
    assert new(list(untested(graph, REPO)), ("untested:",)) == []


def test_exceptions_are_still_needed(graph):
    """USED_ONCE and NO_TEST_OF_ITS_NAME list only what exists and would fail without."""
    used = users(graph)
    assert [name for name in USED_ONCE if len(used.get(name, APPS)) >= 2] == []
    assert [name for name in NO_TEST_OF_ITS_NAME if name not in graph.files or mirror_of(name) in graph.files] == []


def house(tmp_path: Path, **files: str) -> Graph:
    """A made-up checkout; `common__data__lines` is the file common/data/lines.py."""
    for name, text in files.items():
        path = tmp_path / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return import_graph.read(tmp_path)


def found(rule, graph: Graph) -> list[str]:
    return [finding.message for finding in rule(graph)]


def test_a_room_that_imports_a_higher_one_is_found_inside_a_function_too(tmp_path):
    graph = house(
        tmp_path,
        common__cli="",
        common__data__lines="from common import cli\ndef f():\n    from common.engines.gate import check\n",
        common__engines__gate="from common.data import lines\ndef check(): ...\n",
    )
    (message,) = found(wrong_rooms, graph)
    assert message.startswith("common/data/lines.py:3 imports common/engines/gate.py; data may import ground, data:")
    (circle,) = found(circles, graph)
    assert "common/engines/gate.py:1 imports common/data/lines.py" in circle


def test_the_ground_imports_no_room(tmp_path):
    graph = house(tmp_path, common__cli="import common.data.lines\n", common__data__lines="")
    assert found(wrong_rooms, graph)[0].startswith("common/cli.py:1 imports common/data/lines.py; ground may import")


def test_a_circle_under_type_checking_counts(tmp_path):
    graph = house(
        tmp_path,
        common__export__one="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from common.export import two\n",
        common__export__two="from common.export.one import x\n",
    )
    assert len(found(circles, graph)) == 1


def test_an_app_imports_neither_another_nor_is_it_imported_by_common(tmp_path):
    graph = house(
        tmp_path,
        glue_ofa__glue__widths="from ner import windows\nimport utils\n",
        glue_ofa__utils="",
        msra_ner_ofa__ner__windows="",
        ernie_tiny_slu__utils="",
        common__cli="from glue.widths import x\n",
    )
    assert [message.split(";")[0] for message in found(wrong_apps, graph)] == [
        "common/cli.py:1 imports glue_ofa/glue/widths.py",
        "glue_ofa/glue/widths.py:1 imports msra_ner_ofa/ner/windows.py",
    ]


def test_a_package_imports_no_script_and_nobody_imports_bench(tmp_path):
    graph = house(
        tmp_path,
        sentiment_ppminilm__aspect__train="import train, model\nfrom bench import jobs\n",
        sentiment_ppminilm__train="from aspect import train\nimport bench.jobs\n",
        sentiment_ppminilm__model="",
        sentiment_ppminilm__bench__jobs="from bench import child\nimport aspect.train\n",
        sentiment_ppminilm__bench__child="",
    )
    assert [message.split(";")[0].split("/", 1)[1] for message in found(wrong_layers, graph)] == [
        "aspect/train.py:1 imports sentiment_ppminilm/train.py",
        "aspect/train.py:2 imports sentiment_ppminilm/bench/jobs.py",
        "train.py:2 imports sentiment_ppminilm/bench/jobs.py",
    ]


def test_folders_of_a_package_that_import_each_other(tmp_path):
    graph = house(
        tmp_path,
        fleetx_gpt__fleetx__train__run="from fleetx.state import weights\n",
        fleetx_gpt__fleetx__train__seeds="",
        fleetx_gpt__fleetx__state__weights="from fleetx.train import seeds\n",
    )
    assert found(circles, graph) == []
    assert len(found(circles_of_folders, graph)) == 1


def test_use_counts_through_common_and_through_children(tmp_path):
    graph = house(
        tmp_path,
        common__engines__gate='run_child("common.engines.child", {})\nfrom common.data import lines\n',
        common__engines__child="",
        common__data__lines="",
        common__data__tags="",
        glue_ofa__glue__export="from common.engines import gate\n",
        msra_ner_ofa__ner__export="import common.engines.gate\nfrom common.data import tags\n",
    )
    assert found(too_few_users, graph) == [
        "common/data/tags.py: only msra_ner_ofa uses it: move it there, or give the reason in USED_ONCE"
    ]


def test_an_alias_that_hides_a_module(tmp_path):
    graph = house(
        tmp_path,
        glue_ofa__model="def build(): ...\n",
        glue_ofa__predict="import model as models\nfrom model import build as make\nimport numpy as np\n",
        tests__glue_ofa__test_build="import model as model_module\n",
        tests__glue_ofa__test_model="import model as m\n",
    )
    assert [message.split(":")[0] for message in found(hiding_aliases, graph)] == [
        "glue_ofa/predict.py",
        "tests/glue_ofa/test_model.py",
    ]


def test_test_files_that_are_missing_or_left_over(tmp_path):
    graph = house(
        tmp_path,
        common__engines__gate="def check(): ...\n",
        common__engines__allowed="DEVICES = 1\n",
        tests__common__engines__test_gates="",
        tests__common__test_style="",
    )
    assert [finding.key for finding in untested(graph, tmp_path)] == ["untested: common/engines/gate.py"]
    assert [finding.key for finding in orphans(graph)] == ["orphan: tests/common/engines/test_gates.py"]
