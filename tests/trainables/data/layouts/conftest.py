"""Folders from one line of text: `plant("{train,test}/{cat,dog}/{1,2}.wav README.md")`. The files are empty, since
nothing is decoded here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trainables.data.layouts.folders import read_folder
from trainables.data.reading import Reading, Wanted
from trainables.data.sound import compressed


def expanded(pattern: str) -> Iterator[str]:
    """`{a,b}/1.wav` -> `a/1.wav`, `b/1.wav`."""
    choice = re.search(r"\{([^{}]*)\}", pattern)
    if choice is None:
        yield pattern
        return
    for name in choice[1].split(","):
        yield from expanded(pattern[: choice.start()] + name + pattern[choice.end() :])


@pytest.fixture(autouse=True)
def no_further_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which sound cannot be read must not depend on what is installed here."""
    monkeypatch.setattr(compressed, "is_installed", lambda: False)


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[str], Path]:
    def planted(spec: str) -> Path:
        folder = tmp_path / "clips"
        folder.mkdir(exist_ok=True)
        for path in (folder / name for pattern in spec.split() for name in expanded(pattern)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return folder

    return planted


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    def reading(folder: Path, layout: str | None = None, column: str = "label", **columns: str) -> Reading:
        return read_folder(folder, Wanted(column, tmp_path / "cache", columns, layout=layout))

    return reading
