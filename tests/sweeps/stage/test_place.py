"""Where results are: a folder, or the local folder of a bucket, which has one driver and loses nothing once flushed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.control.command import submit
from sweeps.stage.place import BucketPlace, alone_at, results_at
from sweeps.state.find import find_workspace, results_folder
from sweeps.state.manifest import Manifest, note
from sweeps.state.workspace import Workspace, new_workspace
from trainables.bucket.lease import Lease
from trainables.errors import InputError


@pytest.fixture
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "here"))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return f"{tmp_path.as_uri()}/bucket"


def begun(results: Path) -> Workspace:
    workspace = new_workspace(results, "tones")
    Manifest("tones", "name: tones", ".", "0" * 64, True, "cpu", "fp32", {}).write(workspace)
    return workspace


def test_a_folder_is_itself(tmp_path: Path) -> None:
    with results_at(str(tmp_path / "results"), pytest.fail) as place:
        assert place.folder == tmp_path / "results"
        place.begin(Workspace(place.folder, "tones-1"))
        place.flush()
        assert place.gave_up == ""
    assert list(place.folder.iterdir()) == []


def test_a_flushed_sweep_is_found_on_another_machine(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with results_at(uri, said.append) as place:
        assert isinstance(place, BucketPlace)
        workspace = begun(place.folder)
        place.begin(workspace)
        note(workspace, event="look", seeds=[1])
        place.flush()
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "elsewhere"))
            for word, results in (("tones", results_folder(uri)), (f"{uri}/tones", tmp_path)):
                found = find_workspace(word, results)
                assert found.sweep_id == workspace.sweep_id
                assert found.results.is_relative_to(tmp_path / "elsewhere")
                for name in ("sweep.json", "journal.jsonl"):
                    assert (found.folder / name).read_bytes() == (workspace.folder / name).read_bytes()
            with pytest.raises(InputError, match=r"that .* \(process \d+\) writes: pause is asked for"):
                submit(found, "pause")
            with pytest.raises(InputError, match="holds no sweep 'horns'"):
                find_workspace(f"{uri}/horns", tmp_path)
        with pytest.raises(InputError, match="another process of this machine"), results_at(uri, said.append):
            pass
    assert said == [f"Bucket:    {uri}/{workspace.sweep_id} has all of it (0.0 MB uploaded)"]


def test_what_another_machine_has_done_is_brought(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with results_at(uri, said.append) as place:
        workspace = begun(place.folder)
        place.begin(workspace)
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "elsewhere"))
    with results_at(uri, said.append) as there:
        taken = Workspace(there.folder, workspace.sweep_id)
        there.bring(taken)
        assert "Another machine has worked on" in said[-1]
        there.begin(taken)
        (taken.folder / "verdict.json").write_text("{}")
    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path / "here"))
    with results_at(uri, said.append) as place:
        assert not place.folder.is_relative_to(there.folder)
        place.bring(workspace)
        assert (workspace.folder / "verdict.json").is_file()


def test_what_is_removed_goes_from_the_bucket_too_and_not_under_a_driver(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with results_at(uri, lambda text: None) as place:
        workspace = begun(place.folder)
        adapter = workspace.folder / "explore" / "trial_00000" / "final" / "seed-1" / "adapter"
        adapter.mkdir(parents=True)
        (adapter / "weights").write_text("w")
        place.begin(workspace)
    there = tmp_path / "bucket" / adapter.relative_to(workspace.results)
    assert (there / "weights").is_file()
    monkeypatch.setattr("sweeps.stage.place.Lease", lambda *given: Lease(*given, expires_seconds=1.0))
    with alone_at(workspace.results) as removed:
        removed([adapter])
    assert not adapter.exists()
    assert not (there / "weights").exists()
    with results_at(uri, lambda text: None), pytest.raises(InputError), alone_at(workspace.results):
        pass


def test_several_nodes_need_a_folder_that_all_of_them_see(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    monkeypatch.delenv("AUDIO_SWEEPS_CACHE")
    with pytest.raises(InputError, match="set AUDIO_SWEEPS_CACHE"), results_at(uri, pytest.fail):
        pass
