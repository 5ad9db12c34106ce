"""Which sweep a command means, and what it says when the file has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sweeps.state.manifest import Manifest, note, note_look
from sweeps.state.resume import AUTO, NEW, RESUME, changes, choose, extendable, moved
from sweeps.state.workspace import Workspace, new_workspace
from trainables.errors import InputError

TEXT = "name: tones\ntrials: 6\nsearch: {rank: {choice: [4, 8]}}\n"


def begun(results: Path, text: str = TEXT) -> Workspace:
    workspace = new_workspace(results, "tones")
    Manifest("tones", text, ".", "f", True, "cpu", "fp32", {"version.torch": "1"}).write(workspace)
    return workspace


def test_an_interrupted_sweep_goes_on_and_a_finished_one_does_not(tmp_path: Path) -> None:
    assert choose(tmp_path, "tones", TEXT, AUTO, "command") is None
    workspace = begun(tmp_path)
    assert choose(tmp_path, "tones", TEXT, AUTO, "command") == workspace
    assert choose(tmp_path, "other", TEXT, AUTO, "command") is None
    assert choose(tmp_path, "tones", TEXT, NEW, "command") is None
    note(workspace, event="finished")
    assert choose(tmp_path, "tones", TEXT, AUTO, "command") is None
    with pytest.raises(InputError, match="no interrupted sweep 'tones'"):
        choose(tmp_path, "tones", TEXT, RESUME, "command")


def test_a_changed_file_is_told_apart(tmp_path: Path) -> None:
    workspace = begun(tmp_path)
    changed = TEXT.replace("6", "9").replace("[4, 8]", "[4, 8, 16]")
    with pytest.raises(InputError) as caught:
        choose(tmp_path, "tones", changed, AUTO, "python -m sweeps.run tones.yaml")
    text = str(caught.value)
    for part in (workspace.sweep_id, "trials: 6 -> 9", "search.rank.choice: [4, 8] -> [4, 8, 16]"):
        assert part in text
    for mode in ("--resume", "--new"):
        assert f"python -m sweeps.run tones.yaml {mode}" in text
    assert choose(tmp_path, "tones", changed, RESUME, "") == workspace


def test_more_trials_alone_can_extend(tmp_path: Path) -> None:
    workspace = begun(tmp_path)
    more, fewer = TEXT.replace("6", "9"), TEXT.replace("6", "3")
    with pytest.raises(InputError, match="that many trials: command --extend"):
        choose(tmp_path, "tones", more, AUTO, "command")
    assert extendable(tmp_path, "tones", more) is None  # it is not finished

    note_look(workspace, [1, 2])  # finalists are fixed: more trials cannot join them now
    for text in (more, fewer):
        with pytest.raises(InputError) as caught:
            choose(tmp_path, "tones", text, AUTO, "command")
        assert "--extend" not in str(caught.value)

    note(workspace, event="finished")
    assert choose(tmp_path, "tones", more, AUTO, "command") is None
    assert extendable(tmp_path, "tones", more) == workspace
    assert extendable(tmp_path, "tones", fewer) is None
    assert extendable(tmp_path, "tones", more.replace("[4, 8]", "[4]")) is None


@pytest.mark.parametrize("line", ["results: elsewhere", "limits: {disk_gb: 3}", "profile: cpu"])
def test_where_it_runs_and_what_it_may_take_can_change(line: str) -> None:
    assert changes(TEXT, TEXT + line) == {}


def test_the_same_number_written_otherwise_is_no_difference() -> None:
    assert changes("rate: 1.0e-3\n", "rate: 0.001\n") == {}
    assert changes("rate: 1.0e-3\n", "rate: 0.002\n") == {"rate": "rate: 0.001 -> 0.002"}


def test_what_moved_is_named() -> None:
    manifest = Manifest("tones", TEXT, ".", "f", True, "cpu", "fp32", {"version.torch": "1", "python": "3.11"})
    later = replace(manifest, versions={"version.torch": "2", "python": "3.11"})
    assert moved(manifest.versions, later.versions) == ["version.torch: 1 -> 2"]
