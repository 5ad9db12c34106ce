"""The rooms of the house, who may import whom, and their graph: `python -m tests.rooms` prints it.

A room is a folder of modules; a module at the top of its package is a room of its own. Everything is read from import
statements, those inside functions and under TYPE_CHECKING included.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("trainables", "analysis", "sweeps")
MOST_FILES, MOST_LINES = 24, 300  # in a room; in a file

# Floors from the ground up. A room imports rooms of lower floors only; rooms of one floor do not know each other.
FLOORS: Sequence[Sequence[str]] = (
    (
        "trainables.errors",
        "trainables.doing",
        "trainables.redact",
        "trainables.cache",
        "trainables.cell_limit",
        "trainables.limits",
        "trainables.config",
        "trainables.records",
        "trainables.writing",
    ),
    ("trainables.contract", "trainables.measured", "trainables.command_line", "trainables.locks"),
    ("trainables.bucket",),
    ("trainables.tasks", "trainables.cache_key", "trainables.registry"),
    ("trainables.outline", "trainables.data", "trainables.modeling"),
    ("trainables.networks", "trainables.prefix_cache", "trainables.sizes", "trainables.conversion"),
    ("trainables.backbones", "trainables.training"),
    (
        "trainables.miniature",
        "trainables.process",
        "trainables.import_ctranslate2",
        "trainables.import_bin",
        "trainables.untrained",
        "trainables.release",
    ),
    ("trainables.packing",),
    ("analysis.predictions", "analysis.stats"),
    ("analysis.verdict",),
    ("analysis.record",),
    ("analysis.compare",),
    ("analysis.report",),
    ("sweeps.config",),
    ("sweeps.machine", "sweeps.state", "sweeps.judge"),
    ("sweeps.record", "sweeps.search", "sweeps.plan"),
    ("sweeps.worker",),
    ("sweeps.stage",),
    ("sweeps.control", "sweeps.replay"),
    (
        "sweeps.explore",
        "sweeps.confirm",
        "sweeps.rerun",
        "sweeps.clean",
        "sweeps.data",
        "sweeps.predict",
        "sweeps.browse",
        "sweeps.explain",
        "sweeps.list",
    ),
    ("sweeps.registry",),
    ("sweeps.export", "sweeps.bundle", "sweeps.demo"),
    ("sweeps.rounds",),
    ("sweeps.summary", "sweeps.judgement"),
    ("sweeps.sweep",),
    ("sweeps.run",),
)

# A library, and the rooms that may name it
LIBRARIES: Mapping[str, Sequence[str]] = {
    "flask": ("sweeps.browse",),
    "ray": ("sweeps.search", "sweeps.stage", "sweeps.worker"),
    "optuna": ("sweeps.search", "analysis.report"),
    "mlflow": ("sweeps.record", "sweeps.registry", "analysis.record"),
    "peft": ("trainables.training",),
    "bitsandbytes": ("trainables.training", "trainables.modeling"),
    "accelerate": ("trainables.training",),
    "torch": (
        "sweeps.machine",
        "sweeps.worker",
        "trainables.contract",
        "trainables.cache_key",
        "trainables.data",
        "trainables.modeling",
        "trainables.conversion",
        "trainables.networks",
        "trainables.prefix_cache",
        "trainables.backbones",
        "trainables.training",
        "trainables.miniature",
        "trainables.process",
        "trainables.release",
        "trainables.packing",
    ),
}

# Reading a sweep file, finding a sweep, planning, steering and looking on load none of these
HEAVY = ("torch", "ray", "mlflow")
LIGHT = ("sweeps.config", "sweeps.state", "sweeps.plan", "sweeps.control", "sweeps.browse", "trainables.tasks")

# analysis never trains: these rooms of trainables are all that it sees
SEEN_BY_ANALYSIS = (
    "trainables.bucket",
    "trainables.doing",
    "trainables.errors",
    "trainables.redact",
    "trainables.cache",
    "trainables.cell_limit",
    "trainables.config",
    "trainables.records",
    "trainables.command_line",
    "trainables.tasks",
)


def files(root: Path = ROOT) -> list[str]:
    """Every source file, as a path from the root."""
    return sorted(path.relative_to(root).as_posix() for package in PACKAGES for path in (root / package).rglob("*.py"))


def module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def room(name: str) -> str:
    """The room that a module stands in: `sweeps.stage` of `sweeps.stage.run`, `sweeps.run` of itself."""
    return ".".join(name.split(".")[:2])


@cache
def imports(file: str, root: Path = ROOT) -> tuple[tuple[str, bool], ...]:
    """(module, whether only type checkers see it) of every import statement; relative ones made absolute."""
    return tuple(_imports(file, root))


def _imports(file: str, root: Path) -> Iterator[tuple[str, bool]]:
    tree = ast.parse((root / file).read_text(), filename=file)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for child in node.body
        for inner in ast.walk(child)
    }
    package = file.removesuffix(".py").removesuffix("/__init__").split("/")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + file.endswith("__init__.py")] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:  # `from trainables import registry` imports trainables.registry
                path = root / source.replace(".", "/") / alias.name
                inner_module = path.is_dir() or path.with_suffix(".py").is_file()
                yield (f"{source}.{alias.name}" if inner_module else source), id(node) in for_types


def own_imports(file: str, root: Path = ROOT) -> set[str]:
    """The project's modules that a file imports."""
    return {name for name, _ in imports(file, root) if name.partition(".")[0] in PACKAGES}


def room_graph(root: Path = ROOT) -> dict[str, set[str]]:
    """Room -> the other rooms that it imports."""
    graph: dict[str, set[str]] = {}
    for file in files(root):
        own = room(module(file))
        if own not in PACKAGES:
            graph.setdefault(own, set()).update(room(name) for name in own_imports(file, root))
    return {own: others - {own, *PACKAGES} for own, others in graph.items()}


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of nodes that reach one another (strongly connected, more than one node)."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            new = graph.get(waiting.pop(), set()) - seen
            seen |= new
            waiting += new
        return seen

    from_each = {node: reached(node) for node in graph}
    found = {
        frozenset(other for other in from_each[node] if node in from_each.get(other, set()))
        for node in graph
        if node in from_each[node]
    }
    return sorted(sorted(group) for group in found)


def floor_of(name: str) -> int:
    """Raises KeyError for a room that FLOORS does not name."""
    for index, rooms in enumerate(FLOORS):
        if name in rooms:
            return index
    raise KeyError(name)


def main() -> None:
    graph = room_graph()
    counts: dict[str, int] = {}
    for file in files():
        counts[room(module(file))] = counts.get(room(module(file)), 0) + 1
    for rooms in reversed(FLOORS):
        for name in sorted(set(rooms) & set(graph)):
            below = ", ".join(sorted(graph[name])) or "nothing of this project"
            print(f"{name} ({counts[name]} file{'s' * (counts[name] > 1)}) -> {below}")
    arrows = sum(len(below) for below in graph.values())
    print(f"\n{len(graph)} rooms, {arrows} arrows, {len(circles(graph))} circles")


if __name__ == "__main__":
    main()
