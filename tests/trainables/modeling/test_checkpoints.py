"""Where a checkpoint is found by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainables.errors import InputError
from trainables.modeling.checkpoints import checkpoints_folder, fetch, find_file


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def test_a_path_is_itself(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "mine.pt").touch()
    assert fetch(str(tmp_path / "folder")) == tmp_path / "folder"
    assert fetch(str(tmp_path / "mine.pt")) == tmp_path / "mine.pt"


def test_a_file_in_the_folder_for_checkpoints(cache: Path) -> None:
    assert find_file("x.pt") is None
    checkpoints_folder().mkdir(parents=True)
    (cache / "checkpoints" / "x.pt").touch()
    assert find_file("x.pt") == fetch("x.pt") == cache / "checkpoints" / "x.pt"


def test_an_absent_file_says_what_to_do() -> None:
    with pytest.raises(InputError) as caught:
        fetch("x.pt", origin="the authors' page")
    (problem,) = caught.value.problems
    assert "the checkpoint x.pt is not here: download it from the authors' page and put it into" in problem
    assert str(checkpoints_folder()) in problem


def test_what_the_hub_cannot_give_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="acme/absent is neither a local file or folder nor can the hub give it"):
        fetch("acme/absent")
    with pytest.raises(InputError, match="neither a local file or folder"):
        fetch("no such/name at/all")
