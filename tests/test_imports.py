"""Who may import whom, read from the import statements; and what a plain import must not load."""

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("sweeps", "trainables", "analysis")
FILES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
HEAVY = ("torch", "ray", "mlflow")

# A library, and the files that may name it (whole import statements, those inside functions included)
ONLY_IN = {
    "ray": (
        "sweeps/search/pruning.py",
        "sweeps/stage/tune_hooks.py",
        "sweeps/stage/ray_session.py",
        "sweeps/stage/run.py",
        "sweeps/worker/tune_trial.py",
        "sweeps/worker/pool.py",
        "sweeps/worker/proxy.py",
    ),
    "optuna": ("sweeps/search/sampler.py", "sweeps/search/space.py", "analysis/report/importance.py"),
    "mlflow": (
        "sweeps/record/tracker.py",
        "sweeps/record/run_writer.py",
        "analysis/record/store.py",
        "analysis/record/publish.py",
    ),
    "peft": ("trainables/training/adapters.py",),
    "bitsandbytes": ("trainables/training/adapters.py", "trainables/modeling/nf4.py"),
    "accelerate": ("trainables/training/engine.py", "trainables/training/lane.py"),
}

# analysis never trains: of trainables it sees the torch-free files alone
TORCH_FREE = (
    "trainables.command_line",
    "trainables.config",
    "trainables.records",
    "trainables.tasks.metrics",
    "trainables.errors",
    "trainables.redact",
)

# What tasks share; the tasks themselves do not know one another
SHARED = (
    "trainables.tasks.labels",
    "trainables.tasks.metrics",
    "trainables.tasks.options",
    "trainables.tasks.texts",
)

# Files that DESIGN promises to be free of torch, ray and mlflow when imported
LIGHT = (
    "sweeps",
    "sweeps.config.spec",
    "sweeps.config.load",
    "sweeps.config.resolve",
    "sweeps.machine.profile",
    "sweeps.machine.weights",
    "sweeps.plan.packing",
    "sweeps.worker.pack_host",
    "sweeps.stage.ray_session",
    "analysis.compare",
    "trainables.command_line",
    "trainables.config",
    "trainables.records",
    "trainables.registry",
    "trainables.errors",
    "trainables.tasks.metrics",
)


def imports(file: str) -> Iterator[tuple[str, bool]]:
    """(module, whether it is only for type checkers) of every import statement; relative ones made absolute."""
    tree = ast.parse((ROOT / file).read_text(), filename=file)
    for_types: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for_types |= {id(inner) for child in node.body for inner in ast.walk(child)}
    package = file.removesuffix(".py").removesuffix("/__init__").split("/")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + file.endswith("__init__.py")] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            # `from trainables import registry` imports trainables.registry
            for alias in node.names:
                path = ROOT / module.replace(".", "/") / alias.name
                inner = path.is_dir() or path.with_suffix(".py").is_file()
                yield (f"{module}.{alias.name}" if inner else module), id(node) in for_types


def starts(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


def violations(file: str) -> list[str]:
    found = []
    own = file.removesuffix(".py").replace("/", ".")
    for module, for_types in imports(file):
        top = module.partition(".")[0]
        for library, allowed in ONLY_IN.items():
            if top == library and not any(fnmatch(file, pattern) for pattern in allowed) and not for_types:
                found.append(f"{file} imports {module}; only {', '.join(allowed)} may")
        if file.startswith("trainables/") and top in ("sweeps", "analysis"):
            found.append(f"{file} imports {module}; trainables knows neither sweeps nor analysis")
        if file.startswith("analysis/"):
            if top == "sweeps":
                found.append(f"{file} imports {module}; analysis does not know sweeps")
            if top == "trainables" and module not in TORCH_FREE and not for_types:
                found.append(f"{file} imports {module}; analysis sees only {', '.join(TORCH_FREE)}")
            if top == "torch":
                found.append(f"{file} imports torch; analysis never trains")
        for family in ("trainables.backbones", "trainables.tasks"):
            if starts(own, family) and starts(module, family) and module not in (own, family, *SHARED):
                found.append(f"{file} imports its sibling {module}")
    return found


@pytest.mark.parametrize("file", FILES)
def test_imports_follow_the_arrows(file: str) -> None:
    assert violations(file) == []


@pytest.mark.parametrize(
    ("file", "statement", "message"),
    [
        ("trainables/wrong.py", "from sweeps import spec", "knows neither"),
        ("trainables/wrong.py", "def f():\n    import ray.tune", "only sweeps/search/pruning.py"),
        ("trainables/wrong.py", "import peft", "only trainables/training/adapters.py"),
        ("analysis/wrong.py", "from trainables import registry", "analysis sees only"),
        ("analysis/wrong.py", "import torch", "never trains"),
        ("trainables/tasks/wrong.py", "from trainables.tasks.label_scoring import LabelScoring", "sibling"),
        ("trainables/backbones/wrong.py", "from . import qwen2_audio", "sibling"),
    ],
)
def test_a_wrong_arrow_is_noticed(
    file: str, statement: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rules above bite: a file that breaks one is found."""
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(statement)
    for sibling in ("trainables/registry.py", "trainables/backbones/qwen2_audio.py", "sweeps/config/spec.py"):
        (tmp_path / sibling).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / sibling).touch()
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert [message in found for found in violations(file)] == [True]


def test_light_modules_and_help_load_nothing_heavy() -> None:
    """One process each would pay the start of Python a dozen times; the modules are imported one after the other."""
    there = [name for name in LIGHT if (ROOT / name.replace(".", "/")).is_dir() or module_file(name).is_file()]
    assert "sweeps.machine.profile" in there
    code = (
        "import importlib, sys\n"
        f"for name in {there!r}:\n"
        "    importlib.import_module(name)\n"
        f"    loaded = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]\n"
        "    assert not loaded, f'import {name} loads {loaded}'\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


COMMANDS = (
    *("sweeps.run", "sweeps.control", "sweeps.rerun", "sweeps.clean", "sweeps.replay"),
    *("analysis.compare", "analysis.report"),
    *("trainables.data.esc10", "trainables.data.fsdd_digits", "trainables.data.fsdd_esc10"),
)


def test_the_command_lines_help_loads_nothing_heavy() -> None:
    code = (
        "import runpy, sys\n"
        "sys.argv = ['command', '--help']\n"
        f"for name in {COMMANDS!r}:\n"
        "    try:\n        runpy.run_module(name, run_name='__main__', alter_sys=False)\n"
        "    except SystemExit as stop:\n        assert not stop.code, stop.code\n"
        f"    loaded = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]\n"
        "    assert not loaded, f'{name} --help loads {loaded}'\n"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for name in COMMANDS:
        assert f"usage: python -m {name} " in result.stdout
    assert result.stdout.count("exit status:") == len(COMMANDS)


def module_file(name: str) -> Path:
    return ROOT / f"{name.replace('.', '/')}.py"


def test_every_library_ruled_on_is_installed() -> None:
    """A rule about a library that is not installed would never bite."""
    assert all(importlib.util.find_spec(library) for library in ONLY_IN)
