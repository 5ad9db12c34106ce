"""Which sweep a word on a command line means."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.state.find import find_workspace, results_folder, sweeps_of
from sweeps.state.manifest import Manifest
from sweeps.state.workspace import Workspace
from trainables.errors import InputError


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sweeps of one name, and a folder whose record is damaged."""
    results = tmp_path_factory.mktemp("results")
    for number in (1, 2):
        workspace = Workspace(results, f"s-{number}")
        workspace.folder.mkdir()
        Manifest("speech", "", ".", "f", True, "cpu", "fp32", {}).write(workspace)
        os.utime(workspace.folder / "sweep.json", (number, number))
    (results / "broken").mkdir()
    (results / "broken" / "sweep.json").write_text("[")
    return results


def test_a_sweep_is_found_by_id_beginning_name_and_folder(sweeps: Path) -> None:
    for word, sweep_id in (("s-1", "s-1"), ("speech", "s-2"), (str(sweeps / "s-1"), "s-1"), ("brok", "broken")):
        assert find_workspace(word, sweeps).sweep_id == sweep_id
    for word, message in (("s-", "beginning of 2"), ("t", "no sweep 't'; the latest: "), ("", "no sweep")):
        with pytest.raises(InputError, match=message):
            find_workspace(word, sweeps)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.text(max_size=40) | st.sampled_from(["", ".", "..", "/", "~nobody-here/x", "s-1", "s-", "speech", "a" * 5000])
)
def test_any_word_names_a_sweep_or_none(sweeps: Path, word: str) -> None:
    with contextlib.suppress(InputError):
        assert find_workspace(word, sweeps).folder.parent == sweeps


def test_sweeps_of_one_name_stand_oldest_first_and_damaged_ones_are_passed_over(sweeps: Path) -> None:
    assert [workspace.sweep_id for workspace in sweeps_of(sweeps, "speech")] == ["s-1", "s-2"]
    assert sweeps_of(sweeps / "nowhere", "speech") == []


def test_results_lie_beside_a_local_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert results_folder() == tmp_path / "results"
    assert results_folder("mine", "sqlite:////srv/mlflow.db") == tmp_path / "mine"
    assert results_folder(None, "sqlite:////srv/a%20b/mlflow.db?x=1") == Path("/srv/a b")
    assert results_folder(None, "http://host") == tmp_path / "results"
