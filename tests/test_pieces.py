"""How conftest.py divides the suite among processes: its list follows files that move, and Rays start in turn."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent


@pytest.fixture
def first(request: pytest.FixtureRequest) -> dict[str, str]:
    """What conftest.py begins first: file -> piece."""
    plugins = request.config.pluginmanager.get_plugins()
    (conftest,) = (plugin for plugin in plugins if getattr(plugin, "__file__", None) == str(TESTS / "conftest.py"))
    found: dict[str, str] = conftest.FIRST
    return found


def test_what_is_begun_first_is_there(first: dict[str, str]) -> None:
    assert [file for file in first if not (TESTS.parent / file).is_file()] == []


def test_what_starts_a_ray_is_one_piece(first: dict[str, str]) -> None:
    own = ("ray_session(", "ray.init(", "from benchmarks.small_sweep import", "run: Any", "on_ray: None")
    starts = (*own, "ray_folder: Path", "def site(")  # a sweep, and Slurm's script, that start one themselves
    files = [path for path in TESTS.rglob("test_*.py") if any(word in path.read_text() for word in starts)]
    found = {path.relative_to(TESTS.parent).as_posix() for path in files} - {f"tests/{Path(__file__).name}"}
    assert found == {file for file, piece in first.items() if piece == "ray"}
