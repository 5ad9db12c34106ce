"""What a sweep's folder says of it: what it was begun with, how far it is, and that one process at a time holds it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sweeps.state.manifest import MANIFEST, Manifest, held, note, note_look, note_session, state_of, sweep_events
from sweeps.state.workspace import Workspace, new_workspace
from trainables.errors import InputError

TEXT = "name: tones\ntrials: 6\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = new_workspace(tmp_path, "tones")
    Manifest("tones", TEXT, ".", "f", True, "cpu", "fp32", {"version.torch": "1"}).write(found)
    return found


def test_it_is_read_as_it_was_written_and_damage_is_a_sentence(workspace: Workspace) -> None:
    assert Manifest.read(workspace).versions == {"version.torch": "1"}
    for text in ("{", json.dumps({"name": "tones"}), "[1]"):
        (workspace.folder / MANIFEST).write_text(text)
        with pytest.raises(InputError, match=r"sweep\.json: cannot be read"):
            Manifest.read(workspace)


def test_the_journal_tells_looks_the_end_and_extensions(workspace: Workspace) -> None:
    note_session(workspace, {"version.torch": "2"})
    assert (state_of(workspace).source_text, state_of(workspace).look_begun) == (TEXT, False)
    assert note_look(workspace, [1, 2]) == note_look(workspace, [1, 2]) == ((1, 2),)  # noted once
    note(workspace, event="finished")
    assert state_of(workspace).finished
    note(workspace, event="extended", source_text="more", look=2, confirm_seeds=[3])
    state = state_of(workspace)
    assert (state.source_text, state.look, state.confirm_seeds, state.looks) == ("more", 2, (3,), ((1, 2),))
    assert not state.finished
    assert [event["event"] for event in sweep_events(workspace)] == ["session", "look", "finished", "extended"]


def test_one_process_at_a_time(workspace: Workspace) -> None:
    """A second process: locks of one process do not exclude each other."""
    with held(workspace):
        child = os.fork()
        if child == 0:
            try:
                with held(workspace):
                    os._exit(0)
            except InputError:
                os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    with held(workspace):
        pass
