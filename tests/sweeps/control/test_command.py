"""The command line that steers a sweep."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.control import requests
from sweeps.control.command import NAMES, main, parse
from sweeps.control.requests import Inbox
from sweeps.state.manifest import note
from sweeps.state.workspace import Workspace
from trainables.errors import InputError

ARGUMENTS = st.lists(
    st.sampled_from([*NAMES, "qwen", "trial_00001", "rank=8", "a=b", "--json", "--results", "--results=x", "", "../.."])
    | st.text(max_size=10).filter(lambda word: word not in ("-h", "--help")),
    max_size=6,
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(ARGUMENTS)
def test_any_command_line_is_understood_or_refused(arguments: list[str]) -> None:
    with contextlib.suppress(InputError):
        command = parse(arguments)
        assert command.name in NAMES
        assert bool(command.trial) == (command.name in ("stop", "clone"))
        assert bool(command.changes) == (command.name == "clone")


@pytest.mark.parametrize(("over", "message"), [(True, "is over"), (False, "is not running")])
def test_a_sweep_that_does_not_run_is_not_steered(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], over: bool, message: str
) -> None:
    if over:
        note(workspace, event="finished")
    assert main([str(workspace.folder), "finish"]) == 2
    assert message in capsys.readouterr().err
    assert not (workspace.folder / requests.ASKED).exists()


def test_the_command_line_asks_and_says_what_was_answered(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def turn(seconds: float) -> None:
        """The sweep's, while the command waits."""
        for request in Inbox(workspace).pending():
            known = request.trial == "0"
            said = "it ends with its running epoch" if known else "no trial of this stage"
            requests.answer(workspace, request, done=known, said=said)

    monkeypatch.setattr("time.sleep", turn)
    monkeypatch.setattr("sweeps.state.manifest.running_elsewhere", lambda workspace: True)
    results = ["--results", str(workspace.results)]
    assert main(["tones", "stop", "0", *results]) == 0
    assert "ends with its running epoch" in capsys.readouterr().out
    assert main(["tones-1", "stop", "9", *results]) == 2
    assert "no trial of this stage" in capsys.readouterr().err
