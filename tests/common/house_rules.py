# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The rules of the house: which folder may import which, and that every module has the test file of its name.

CONTRIBUTING.md says them in words. Each function returns what breaks one rule, as `file:line` and what to do about it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from import_graph import APPS, Arrow, Graph, app_of

ROOMS = ("data", "bundle", "models", "train", "compress", "export", "engines", "measure", "report")
"""The folders of common/, lowest first: each may import itself, those before it, and the files directly in common/."""

PACKAGES = dict(zip(APPS, ("slu", "aspect", "glue", "ner", "fleetx"), strict=True))
NAMED_BY_THE_DOCUMENTS = ("utils.py", "model.py", "data.py")  # at an app's top, but part of what its package is made of

USED_ONCE: dict[str, str] = {  # modules of common that fewer than two apps use: why they are there
    "common/data/make_tokenizer_rules.py": "run by hand to make tokenizer_rules.txt; no app imports it",
    "common/models/chinese_vocabulary.py": "of the command `python -m common.models.fetch`",
    "common/models/convert_bert.py": "of the command `python -m common.models.fetch`",
    "common/models/converted_checks.py": "of the command `python -m common.models.fetch`",
    "common/models/fetch.py": "of the command `python -m common.models.fetch`",
    "common/models/model_card.py": "of the command `python -m common.models.fetch`",
    "common/models/numpy_bert.py": "of the command `python -m common.models.fetch`",
    "common/models/pretrained_table.py": "of the command `python -m common.models.fetch`",
    "common/models/q4_file.py": "of the command `python -m common.models.fetch`",
    "common/models/wheel_weights.py": "of the command `python -m common.models.fetch`",
    "common/models/crf.py": "a head's layer, beside the others; only ernie_tiny_slu's model.py asks for it so far",
    "common/report/budget.py": "glue_ofa chooses a width by it; msra_ner_ofa's users run it as a command",
}
NO_TEST_OF_ITS_NAME: dict[str, str] = {  # modules with logic: where they are tested instead
    "common/data/make_tokenizer_rules.py": "test_tokenizer.py makes the table anew and compares it",
    "common/data/tokenizer_rules.py": "test_tokenizer.py: the rules are the tokenizer's",
    "fleetx_gpt/fleetx/parallel/cpu_layers.py": "in parallel/test_processes.py: needs two processes",
    "fleetx_gpt/fleetx/parallel/fleet_groups.py": "in parallel/test_processes.py: needs two processes",
    "fleetx_gpt/fleetx/parallel/pipeline.py": "in parallel/test_processes.py: needs two processes",
    "fleetx_gpt/fleetx/parallel/reductions.py": "in parallel/test_processes.py: needs two processes",
    "fleetx_gpt/fleetx/parallel/group_sharded.py": "nowhere: Paddle has it for GPUs only",
}


@dataclass(frozen=True)
class Finding:
    """Something that breaks a rule; `key` says it without line numbers."""

    key: str
    message: str


def room_of(name: str) -> str:
    """Of a file of common/: its folder, or "ground" for the files directly in common/."""
    parts = name.split("/")
    return parts[1] if len(parts) > 2 else "ground"


def wrong_rooms(graph: Graph) -> Iterator[Finding]:
    """Imports within common/ that point from a lower room to a higher one."""
    for arrow in graph.arrows:
        if arrow.source.startswith("common/") and arrow.target.startswith("common/"):
            source, target = room_of(arrow.source), room_of(arrow.target)
            allowed = ("ground", *ROOMS[: ROOMS.index(source) + 1]) if source in ROOMS else ("ground",)
            if target not in allowed:
                advice = f"{source} may import {', '.join(allowed)}: move the code down, or let the app call both"
                yield _finding(arrow, advice)


def wrong_apps(graph: Graph) -> Iterator[Finding]:
    """Imports of an app's modules by another app or by common/."""
    for arrow in graph.arrows:
        if (
            app_of(arrow.target)
            and not arrow.source.startswith("tests/")
            and app_of(arrow.source) != app_of(arrow.target)
        ):
            yield _finding(arrow, "an app is imported by nobody but itself: what two share belongs into common/")


def layer_of(name: str) -> str:
    """Of an app's file: "package", "bench", or "script" for everything that is run."""
    app, *inside = name.split("/")
    if inside[0] == PACKAGES[app] or (inside == [inside[0]] and inside[0] in NAMED_BY_THE_DOCUMENTS):
        return "package"
    return "bench" if inside[0] == "bench" else "script"


def wrong_layers(graph: Graph) -> Iterator[Finding]:
    """Within an app: scripts and bench/ import the package, never the other way round."""
    for arrow in graph.arrows:
        if app_of(arrow.source) and app_of(arrow.source) == app_of(arrow.target):
            source, target = layer_of(arrow.source), layer_of(arrow.target)
            if target == "bench" and source != "bench":
                yield _finding(arrow, "bench/ may be deleted in a fork: move what is needed into the package")
            elif target == "script" and source == "package":
                yield _finding(arrow, "a script is run, not imported: move what is needed into the package")


def circles(graph: Graph) -> Iterator[Finding]:
    """Files that import each other, also by imports inside functions or under TYPE_CHECKING; one finding per circle."""
    targets = graph.targets()
    for group in _circles(targets):
        arrows = [arrow for arrow in graph.arrows if arrow.source in group and arrow.target in group]
        lines = "; ".join(str(arrow) for arrow in arrows)
        yield Finding(f"circle: {' '.join(sorted(group))}", f"{lines}: move what they share into a module below both")


def circles_of_folders(graph: Graph) -> Iterator[Finding]:
    """The same between the folders of a package, such as fleetx/train and fleetx/state."""
    between = [
        arrow
        for arrow in graph.arrows
        if folder_of(arrow.source) != folder_of(arrow.target) and _inside_package(arrow.source, arrow.target)
    ]
    targets: dict[str, set[str]] = {}
    for arrow in between:
        targets.setdefault(folder_of(arrow.source), set()).add(folder_of(arrow.target))
    for group in _circles(targets):
        lines = "; ".join(str(a) for a in between if {folder_of(a.source), folder_of(a.target)} <= group)
        yield Finding(f"folders: {' '.join(sorted(group))}", f"{lines}: folders that import each other; move one down")


def users(graph: Graph) -> dict[str, set[str]]:
    """For each file of common/ the apps that use it.

    An app uses what its own files import (scripts, package, bench), what these run as a program (a module named in a
    string, or after `-m` in its shell scripts), and, in turn, whatever that imports or runs within common/. Tests do
    not count.
    """
    targets = graph.targets(with_children=True)
    found: dict[str, set[str]] = {name: set() for name in graph.files if name.startswith("common/")}
    for app in APPS:
        waiting = [name for name in targets if app_of(name) == app]
        seen = set(waiting)
        while waiting:
            for name in targets.get(waiting.pop(), set()) - seen:
                seen.add(name)
                waiting.append(name)
        for name in seen & found.keys():
            found[name].add(app)
    return found


def too_few_users(graph: Graph) -> Iterator[Finding]:
    """Modules of common/ that only one app uses, or none."""
    for name, apps in sorted(users(graph).items()):
        if len(apps) < 2 and not name.endswith("__init__.py") and name not in USED_ONCE:
            who = f"only {apps.pop()} uses it: move it there" if apps else "no app uses it: delete it"
            yield Finding(f"users: {name}", f"{name}: {who}, or give the reason in USED_ONCE")


def hiding_aliases(graph: Graph) -> Iterator[Finding]:
    """`import model as models`: one module, two names. A test with a fixture `model` may say `model_module`."""
    for arrow in graph.arrows:
        if arrow.alias and arrow.alias != f"{_own_name(arrow.target)}_module":
            key = f"alias: {arrow.source} -> {arrow.target}"
            yield Finding(key, f"{arrow} as `{arrow.alias}`: import it by its own name")


def mirror_of(name: str) -> str:
    """`common/engines/gate.py` -> `tests/common/engines/test_gate.py`; `__main__.py` -> `test_main.py`.

    The package of fleetx_gpt has folders of its own, and its tests leave the package's name out:
    `fleetx_gpt/fleetx/models/gpt.py` -> `tests/fleetx_gpt/models/test_gpt.py`.
    """
    folder, file = name.replace("fleetx_gpt/fleetx/", "fleetx_gpt/", 1).rsplit("/", maxsplit=1)
    return f"tests/{folder}/test_main.py" if file == "__main__.py" else f"tests/{folder}/test_{file}"


def untested(graph: Graph, root: Path) -> Iterator[Finding]:
    """Modules with logic, that is with any function, that have no test file of their name."""
    for name in graph.files:
        app = app_of(name)
        inside = name.split("/")[1:]
        ours = name.startswith("common/") or (
            app and (len(inside) == 1 or inside[0] in (PACKAGES[app], "bench", "tools"))
        )
        if ours and _has_logic(root / name) and mirror_of(name) not in graph.files and name not in NO_TEST_OF_ITS_NAME:
            yield Finding(
                f"untested: {name}", f"{name}: write {mirror_of(name)}, or say in NO_TEST_OF_ITS_NAME why not"
            )


def orphans(graph: Graph) -> Iterator[Finding]:
    """Test files in sub-folders of tests/common or tests/<app> whose module is gone or has another name."""
    tested = {mirror_of(name) for name in graph.files if not name.startswith("tests/")}
    for name in graph.files:
        parts = name.split("/")
        if parts[0] == "tests" and len(parts) > 3 and parts[-1].startswith("test_") and name not in tested:
            yield Finding(f"orphan: {name}", f"{name}: no module has this place and name: move or rename the test file")


RULES = (wrong_rooms, wrong_apps, wrong_layers, circles, circles_of_folders, too_few_users, hiding_aliases, orphans)


def _has_logic(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def _own_name(name: str) -> str:
    """Of `common/engines/gate.py` "gate", of `common/bundle/__init__.py` "bundle"."""
    path = Path(name)
    return path.parent.name if path.stem == "__init__" else path.stem


def _finding(arrow: Arrow, advice: str) -> Finding:
    return Finding(f"arrow: {arrow.source} -> {arrow.target}", f"{arrow}; {advice}")


def _circles(targets: dict[str, set[str]]) -> list[set[str]]:
    """Groups of two or more names in which each leads to each other (Tarjan's strongly connected components)."""
    reached = {name: _reachable(name, targets) for name in targets}
    groups: list[set[str]] = []
    for name in sorted(targets):
        group = {other for other in reached[name] if name in reached.get(other, set())}
        if group and group not in groups:
            groups.append(group)
    return groups


def _reachable(name: str, targets: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        new = targets.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return seen


def _inside_package(*names: str) -> bool:
    return all(app_of(name) and layer_of(name) == "package" for name in names)


def folder_of(name: str) -> str:
    return name.rsplit("/", maxsplit=1)[0]
