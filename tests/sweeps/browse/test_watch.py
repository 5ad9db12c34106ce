"""Sweeps that are followed while another process writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.browse import watch
from sweeps.browse.watch import Watcher
from sweeps.state import journal as journals
from sweeps.state.manifest import MANIFEST, held, note
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import EXPLORE, Workspace
from tests.sweeps.browse.made_up import begin, concluded, result, sample, searched


def test_a_journal_is_read_once_and_then_only_what_is_new(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(workspace, 20)
    read: list[int] = []
    whole = journals._whole
    monkeypatch.setattr(journals, "_whole", lambda content: (read.append(len(content)), whole(content))[1])
    watcher = Watcher(workspace.results)
    sweep = watcher.sweep(workspace.sweep_id)
    assert sweep is not None
    before = sweep.version
    first = max(read)
    read.clear()
    assert watcher.sweep(workspace.sweep_id).version == before  # type: ignore[union-attr]
    assert read == []  # nothing new: nothing read
    writer = StageProgress(workspace.stage(EXPLORE))
    read.clear()
    writer.asked("trial_00020", sample(20))
    writer.result("trial_00020", result(20, 1), last=False)
    sweep = watcher.sweep(workspace.sweep_id)
    assert sweep is not None
    assert sweep.version != before
    assert sweep.stages[0].progress.trials["trial_00020"].last == result(20, 1)
    assert sum(read) < first / 5


def test_a_line_that_is_half_written_waits_for_its_other_half(workspace: Workspace) -> None:
    searched(workspace, 2)
    path = workspace.stage(EXPLORE) / "journal.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    watcher = Watcher(workspace.results)
    sweep = watcher.sweep(workspace.sweep_id)
    assert sweep is not None
    assert sweep.stages[0].progress.trials["trial_00001"].results == []
    path.write_bytes(whole)
    sweep = watcher.sweep(workspace.sweep_id)
    assert sweep is not None
    assert len(sweep.stages[0].progress.trials["trial_00001"].results) == 1


def test_a_journal_that_was_replaced_is_read_again(workspace: Workspace) -> None:
    searched(workspace, 5)
    watcher = Watcher(workspace.results)
    watcher.sweep(workspace.sweep_id)
    path = workspace.stage(EXPLORE) / "journal.jsonl"
    other = path.with_suffix(".part")
    other.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    other.replace(path)
    sweep = watcher.sweep(workspace.sweep_id)
    assert sweep is not None
    assert list(sweep.stages[0].progress.trials) == ["trial_00000"]


def test_the_state_is_that_of_sweeps_control(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.0)
    searched(workspace, 2)
    watcher = Watcher(workspace.results)

    def word() -> str:
        sweep = watcher.sweep(workspace.sweep_id)
        assert sweep is not None
        return sweep.word

    assert word() == "interrupted"
    with held(workspace):
        assert word() == "running"
    concluded(workspace)
    assert word() == "finished"


def test_who_only_looks_does_not_keep_a_sweep_from_starting(workspace: Workspace) -> None:
    """A look takes the lock for a moment; a sweep that is started just then waits for it."""
    from threading import Thread

    from filelock import FileLock

    from sweeps.state.manifest import LOCK

    looking = FileLock(workspace.folder / LOCK, thread_local=False)
    looking.acquire()
    from time import sleep

    def leave() -> None:
        sleep(0.1)
        looking.release()

    thread = Thread(target=leave)
    thread.start()
    with held(workspace):
        pass
    thread.join()


def test_the_list_has_every_sweep_the_latest_first_and_says_which_cannot_be_read(tmp_path: Path) -> None:
    import os

    for age, name in enumerate(("c-20260101-000000-0003", "b-20260101-000000-0002", "a-20260101-000000-0001")):
        workspace = begin(tmp_path, name)
        os.utime(workspace.folder / MANIFEST, (1e9 - age, 1e9 - age))
    (tmp_path / "b-20260101-000000-0002" / MANIFEST).write_text("{")
    os.utime(tmp_path / "b-20260101-000000-0002" / MANIFEST, (1e9 - 5, 1e9 - 5))
    (tmp_path / "mlartifacts").mkdir()
    found = Watcher(tmp_path).sweeps()
    assert [sweep.name for sweep in found if not sweep.problem] == ["c", "a"]
    assert "cannot be read" in next(sweep.problem for sweep in found if sweep.name == "b")


def test_an_id_is_never_a_path(workspace: Workspace) -> None:
    watcher = Watcher(workspace.results / "inner")
    (workspace.results / "inner").mkdir()
    for word in (f"../{workspace.sweep_id}", str(workspace.folder), "..", ""):
        assert watcher.sweep(word) is None


def test_a_note_in_the_journal_changes_the_version(workspace: Workspace) -> None:
    watcher = Watcher(workspace.results)
    before = watcher.sweep(workspace.sweep_id)
    assert before is not None
    version = before.version
    note(workspace, event="finished")
    after = watcher.sweep(workspace.sweep_id)
    assert after is not None
    assert after.version != version


def test_the_latest_sweeps_are_read_before_anybody_asks(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    searched(workspace, 20)
    size = (workspace.stage(EXPLORE) / "journal.jsonl").stat().st_size
    damaged = begin(workspace.results, "damaged-20260101-120000-ffff")
    (damaged.folder / MANIFEST).write_text("{", encoding="utf-8")
    read: list[int] = []
    whole = journals._whole
    monkeypatch.setattr(journals, "_whole", lambda content: (read.append(len(content)), whole(content))[1])
    ahead, short_of_room = Watcher(workspace.results), Watcher(workspace.results)
    ahead.read_ahead()
    short_of_room.read_ahead(most_bytes=size - 1)
    for watcher, left_to_read in ((ahead, 0), (short_of_room, size)):
        read.clear()
        sweep = watcher.sweep(workspace.sweep_id)
        assert sweep is not None
        assert len(sweep.stages[0].progress.trials) == 20
        assert max(read, default=0) == left_to_read
