# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""Who imports whom: every import of our files, read from their syntax trees without running anything."""

import ast
import itertools
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

APPS = ("ernie_tiny_slu", "sentiment_ppminilm", "glue_ofa", "msra_ner_ofa", "fleetx_gpt")


@dataclass(frozen=True)
class Arrow:
    """One import: the file that has it, the line, and the file it brings in; paths are relative to the checkout."""

    source: str
    line: int
    target: str
    alias: str = ""  # the name after `as`, where it is not the module's own

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


@dataclass(frozen=True)
class Graph:
    """Our files and the imports between them."""

    files: tuple[str, ...]
    arrows: tuple[Arrow, ...]
    children: tuple[Arrow, ...] = field(default=())  # modules named in a string or a shell script, run as a program

    def targets(self, *, with_children: bool = False) -> dict[str, set[str]]:
        """For each file the files that it imports; `with_children` adds those that it runs as programs."""
        found: dict[str, set[str]] = {name: set() for name in self.files}
        for arrow in self.arrows + (self.children if with_children else ()):
            found.setdefault(arrow.source, set()).add(arrow.target)
        return found


def read(root: Path) -> Graph:
    """The graph of a checkout: what git lists there, or, outside a checkout, every file."""
    names = _listed(root)
    python = tuple(name for name in names if name.endswith(".py"))
    known = frozenset(python)
    arrows: list[Arrow] = []
    children: list[Arrow] = []
    for name in python:
        tree = ast.parse((root / name).read_text(encoding="utf-8"), filename=name)
        arrows += _imports(name, tree, known)
        children += _programs(name, tree, known)
    for name in names:
        if name.endswith(".sh"):
            children += _modules_run(name, (root / name).read_text(encoding="utf-8"), known)
    return Graph(python, tuple(dict.fromkeys(arrows)), tuple(dict.fromkeys(children)))


def app_of(name: str) -> str:
    """The app that a file belongs to; "" for common/, tests/ and the rest."""
    top = name.split("/")[0]
    return top if top in APPS else ""


def module_file(dotted: str, name: str, known: frozenset[str]) -> str:
    """The file of a module as the file `name` would import it: from its app, then the checkout, then any other app."""
    parts = name.split("/")
    own = [app_of(name)] if app_of(name) else []
    if parts[0] == "tests" and len(parts) > 2:
        own = ["/".join(parts[:2]), parts[1], "tests"]
    beside = "/".join(parts[:-1]) if parts[0] in APPS and len(parts) > 2 else ""
    for folder in dict.fromkeys([*own, beside, "", *APPS]):
        start = f"{folder}/" if folder else ""
        for file in (f"{start}{dotted.replace('.', '/')}.py", f"{start}{dotted.replace('.', '/')}/__init__.py"):
            if file in known:
                return file
    return ""


def _listed(root: Path) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True)
    if listed.returncode:
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    return sorted(name for name in listed.stdout.decode().split("\0") if name and (root / name).is_file())


def _imports(name: str, tree: ast.Module, known: frozenset[str]) -> Iterator[Arrow]:
    """Every `import` and `from … import …`, those inside functions and under TYPE_CHECKING too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            pairs = [(alias.name, alias.asname) for alias in node.names]
            found = [(module_file(dotted, name, known), dotted, asname) for dotted, asname in pairs]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, name)
            found = []
            for alias in node.names:
                module = module_file(f"{base}.{alias.name}", name, known)
                found.append(
                    (module, alias.name, alias.asname) if module else (module_file(base, name, known), "", None)
                )
        else:
            continue
        for target, own, asname in found:
            if target and target != name:
                hidden = asname if own and asname and asname != own.rsplit(".", maxsplit=1)[-1] else ""
                yield Arrow(name, node.lineno, target, hidden)


def _absolute(node: ast.ImportFrom, name: str) -> str:
    """The dotted module of a `from`, also of a relative one."""
    if not node.level:
        return node.module or ""
    folder = name.split("/")[: -node.level]
    inside = folder[1:] if app_of(name) else folder
    return ".".join([*inside, *([node.module] if node.module else [])])


def _programs(name: str, tree: ast.Module, known: frozenset[str]) -> Iterator[Arrow]:
    """Modules named whole in a string, such as `run_child("common.engines.child", …)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
            words = node.value.split(".")
            target = module_file(node.value, name, known) if all(word.isidentifier() for word in words) else ""
            if target and target != name:
                yield Arrow(name, node.lineno, target)


def _modules_run(name: str, text: str, known: frozenset[str]) -> Iterator[Arrow]:
    """`python -m module` in a shell script."""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        for before, word in itertools.pairwise(words):
            if before == "-m":
                target = module_file(word, name, known)
                main = target.replace("__init__.py", "__main__.py")
                if target:
                    yield Arrow(name, number, main if main in known else target)
