"""How a sweep's end and its trouble reach a real server and a real command, and what the journal says of it."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweeps.config.load import load_sweep, parse_sweep
from sweeps.stage.hooks import TAKEN, Hooks
from sweeps.stage.notify import Notifier, first_sentence
from sweeps.state.manifest import sweep_events
from sweeps.state.progress import StageProgress
from sweeps.state.workspace import Workspace
from tests.sweeps.stage.test_hooks import SECRET, Server, server
from trainables.errors import InputError, SweepFailed, SweepStopped

__all__ = ["server"]
APPEND = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read() + b'\\n')"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path, "tones-1")
    workspace.folder.mkdir()
    return workspace


def notified(workspace: Workspace) -> list[dict[str, Any]]:
    return [dict(event) for event in sweep_events(workspace) if event["event"] == "notified"]


def test_the_end_is_told_with_verdict_and_report(workspace: Workspace, server: Server, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    (workspace.folder / "report").mkdir()
    (workspace.folder / "report" / "report.html").touch()
    (workspace.folder / "verdict.json").write_text(json.dumps({"sentence": "It wins: +0.1 (p 0.01). More follows."}))
    hooks = Hooks(f"{server.address}/?token={SECRET}", (sys.executable, "-c", APPEND, str(heard)))
    with Notifier(workspace, hooks, Console(file=StringIO())):
        pass
    posted = json.loads(server.got[0][2])
    assert json.loads(heard.read_bytes()) == posted
    assert (posted["state"], posted["sweep"], posted["verdict"]) == ("finished", "tones-1", "It wins: +0.1 (p 0.01).")
    assert posted["report"] == str(workspace.folder / "report" / "report.html")
    assert notified(workspace) == [
        {"event": "notified", "state": "finished", "webhook": TAKEN, "command": TAKEN},
    ]
    assert all(SECRET.encode() not in path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (SweepStopped("limits.hours: over"), "interrupted"),
        (SweepFailed("every trial failed"), "failed"),
        (ZeroDivisionError(f"with Bearer {SECRET}"), "failed"),
    ],
)
def test_other_ends_are_told_and_stay_what_they_are(
    workspace: Workspace, server: Server, error: BaseException, state: str
) -> None:
    with pytest.raises(type(error)), Notifier(workspace, Hooks(server.address), Console(file=StringIO())):
        raise error
    posted = json.loads(server.got[0][2])
    assert (posted["state"], posted["verdict"], posted["report"]) == (state, "", "")
    assert SECRET not in posted["reason"]


def test_hooks_that_fail_fail_no_sweep_and_are_in_the_journal(workspace: Workspace, server: Server) -> None:
    shown = StringIO()
    hooks = Hooks(f"{server.address}/500", (sys.executable, "-c", "raise SystemExit(7)"))
    with Notifier(workspace, hooks, Console(file=shown, width=200)):
        pass
    assert notified(workspace) == [
        {"event": "notified", "state": "finished", "webhook": "HTTP status 500", "command": "exit status 7"},
    ]
    assert "notify.webhook did not hear of finished: HTTP status 500" in shown.getvalue()


def test_trouble_is_told_once_for_each_kind_and_holds_nothing_up(workspace: Workspace, server: Server) -> None:
    progress = StageProgress(workspace.stage("explore"), load_sweep("qwen_lora"))
    with Notifier(workspace, Hooks(server.address), Console(file=StringIO())) as notifier:
        for number, kind in enumerate(("diverged", "diverged", "data")):
            trial = progress.asked(f"trial_{number:05d}", {})
            progress.retried(trial.name, "its worker was lost", "worker", 1)
            notifier.retried(trial)
            progress.failed(trial.name, "no finite loss", kind)
            notifier.ended(trial)
    told = [json.loads(body) for _, _, body in server.got]
    assert sorted(entry["state"] for entry in told) == ["finished", "trouble", "trouble", "trouble"]
    reasons = {entry["reason"] for entry in told} - {""}
    assert {"trial_00000: no finite loss", "trial_00002: no finite loss"} < reasons
    assert sorted(event["state"] for event in notified(workspace)) == ["finished", "trouble", "trouble", "trouble"]


def test_nobody_is_told_where_nobody_is_named(workspace: Workspace) -> None:
    with Notifier(workspace, Hooks(), Console(file=StringIO())):
        pass
    assert notified(workspace) == []


def test_the_file_names_variables_and_what_else_stands_there_is_not_repeated() -> None:
    text = load_sweep("qwen_lora").source_text
    spec = parse_sweep(text, ["notify.webhook=SWEEP_WEBHOOK", "notify.command=SWEEP_END"])
    assert (spec.notify.webhook, spec.notify.command) == ("SWEEP_WEBHOOK", "SWEEP_END")
    for value in (f"https://host/{SECRET}", "AWS_SECRET_ACCESS_KEY", f"[{SECRET}]", "PATH"):
        with pytest.raises(InputError, match="begins with SWEEP_") as error:
            parse_sweep(text, [f"notify.webhook={value}"])
        assert SECRET not in str(error.value)


def test_a_first_sentence_ends_where_another_begins() -> None:
    first = "No finalist can be shown to win: +0.003 (95 % interval -0.077)."
    assert first_sentence(f"{first} It ended at look 1.") == first
    assert first_sentence("Only one") == "Only one"
