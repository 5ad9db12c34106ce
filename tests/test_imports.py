"""Who may import whom, how large a room may be, and what a plain import must not load. The rules stand in rooms.py."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rooms import (
    FLOORS,
    HEAVY,
    LIBRARIES,
    LIGHT,
    MOST_FILES,
    MOST_LINES,
    PACKAGES,
    ROOT,
    SEEN_BY_ANALYSIS,
    circles,
    files,
    floor_of,
    imports,
    module,
    own_imports,
    room,
    room_graph,
)
from trainables.registry import BACKBONES, TASKS

PLUG_INS = {name.partition(":")[0] for name in (*BACKBONES.values(), *TASKS.values())}
FILES = files()


def arrows_up(file: str, root: Path = ROOT) -> list[str]:
    own = room(module(file))
    if own in PACKAGES:
        return []
    return [
        f"{file} imports {name}: {room(name)} does not stand below {own}"
        for name in sorted(own_imports(file, root))
        if room(name) not in (own, *PACKAGES) and floor_of(room(name)) >= floor_of(own)
    ]


def libraries_elsewhere(file: str, root: Path = ROOT) -> list[str]:
    return [
        f"{file} imports {name}; only {', '.join(LIBRARIES[top])} may"
        for name, for_types in imports(file, root)
        if (top := name.partition(".")[0]) in LIBRARIES and room(module(file)) not in LIBRARIES[top] and not for_types
    ]


def strangers_in_analysis(file: str, root: Path = ROOT) -> list[str]:
    if not file.startswith("analysis/"):
        return []
    return [
        f"{file} imports {name}; of trainables analysis sees only {', '.join(SEEN_BY_ANALYSIS)}"
        for name in sorted(own_imports(file, root))
        if name.startswith("trainables.") and room(name) not in SEEN_BY_ANALYSIS
    ]


def siblings(file: str, root: Path = ROOT) -> list[str]:
    """One plug-in of a kind does not import another: what two of them share is a module of its own."""
    if module(file) not in PLUG_INS:
        return []
    return [
        f"{file} imports its sibling {name}"
        for name in sorted(own_imports(file, root))
        if name in PLUG_INS and name != module(file) and room(name) == room(module(file))
    ]


COMMANDS = (
    *("sweeps.run", "sweeps.data", "sweeps.control", "sweeps.rerun", "sweeps.clean", "sweeps.replay"),
    *("sweeps.predict", "sweeps.browse", "sweeps.export", "sweeps.bundle", "sweeps.list", "sweeps.demo"),
    *("analysis.compare", "analysis.report"),
    *("trainables.data.esc10", "trainables.data.fsdd_digits", "trainables.data.fsdd_esc10"),
    *("trainables.data.percepiano", "trainables.untrained"),
)
RULES = (arrows_up, libraries_elsewhere, strangers_in_analysis, siblings)


@pytest.mark.parametrize("rule", RULES)
def test_imports_follow_the_floors(rule: Callable[[str], list[str]]) -> None:
    assert [broken for file in FILES for broken in rule(file)] == []


@pytest.mark.parametrize(
    ("file", "statement", "rule", "message"),
    [
        ("trainables/cache.py", "from sweeps.config import spec", arrows_up, "does not stand below"),
        ("sweeps/state/wrong.py", "def f():\n    from sweeps.stage import run", arrows_up, "does not stand below"),
        ("sweeps/state/wrong.py", "from sweeps.machine import profile", arrows_up, "does not stand below"),
        ("trainables/data/wrong.py", "def f():\n    import ray.tune", libraries_elsewhere, "only sweeps.search"),
        ("trainables/data/wrong.py", "import peft", libraries_elsewhere, "only trainables.training"),
        ("analysis/stats/wrong.py", "import torch", libraries_elsewhere, "only sweeps.machine"),
        ("analysis/stats/wrong.py", "from trainables import registry", strangers_in_analysis, "analysis sees only"),
        ("trainables/tasks/label_scoring.py", "from trainables.tasks import transcription", siblings, "sibling"),
        ("trainables/backbones/ast.py", "from . import qwen2_audio", siblings, "sibling"),
    ],
)
def test_a_wrong_arrow_is_noticed(
    file: str,
    statement: str,
    rule: Callable[[str, Path], list[str]],
    message: str,
    tmp_path: Path,
) -> None:
    """The rules bite: a file that breaks one is found."""
    for existing in FILES:
        (tmp_path / existing).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / existing).touch()
    (tmp_path / file).write_text(statement)
    assert [message in found for found in rule(file, tmp_path)] == [True]


def test_no_circle_among_modules() -> None:
    graph = {module(file): own_imports(file) - {module(file)} for file in FILES}
    assert circles(graph) == []
    assert circles(room_graph()) == []


def test_a_circle_is_noticed() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_every_room_has_its_floor() -> None:
    """A new room is given a place, and one that went is forgotten."""
    assert sorted(room_graph()) == sorted(name for rooms in FLOORS for name in rooms)


def test_rooms_and_files_stay_small() -> None:
    folders = {path.parent for package in (*PACKAGES, "benchmarks") for path in (ROOT / package).rglob("*.py")}
    crowded = {
        str(folder.relative_to(ROOT)): count
        for folder in folders
        if (count := len(list(folder.glob("*.py")))) > MOST_FILES
    }
    assert crowded == {}
    long = {file: count for file in FILES if (count := len((ROOT / file).read_text().splitlines())) > MOST_LINES}
    assert long == {}


def test_light_rooms_and_help_load_nothing_heavy() -> None:
    """In one process, for each would pay the start of Python; the modules are imported one after the other."""
    light = [module(file) for file in FILES if room(module(file)) in LIGHT and not file.endswith("__main__.py")]
    assert "sweeps.plan.prepare" in light
    code = (
        "import importlib, runpy, sys\n"
        f"for name in {light!r}:\n"
        "    importlib.import_module(name)\n"
        f"    loaded = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]\n"
        "    assert not loaded, f'import {name} loads {loaded}'\n"
        "sys.argv = ['command', '--help']\n"
        f"for name in {COMMANDS!r}:\n"
        "    try:\n        runpy.run_module(name, run_name='__main__', alter_sys=False)\n"
        "    except SystemExit as stop:\n        assert not stop.code, stop.code\n"
        f"    loaded = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]\n"
        "    assert not loaded, f'{name} --help loads {loaded}'\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "SWEEP" in result.stdout.upper()


def test_every_library_ruled_on_is_installed() -> None:
    """A rule about a library that is not installed would never bite."""
    assert all(importlib.util.find_spec(library) for library in LIBRARIES)
