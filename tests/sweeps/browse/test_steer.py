"""What is asked in the browser happens, is answered, and is recorded as if sweeps.control had asked."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sweeps.browse.steer import changed, fields_of
from sweeps.browse.trials import open_axes
from sweeps.browse.watch import Stage
from sweeps.control.command import main as control
from sweeps.control.requests import answers, requests
from sweeps.control.status import read_status
from sweeps.state.workspace import EXPLORE, Workspace
from tests.sweeps.browse.made_up import SPEC, Pacer, concluded, sample, searched
from trainables.errors import InputError


def post(client: FlaskClient, path: str, **data: str) -> TestResponse:
    sweep_id = path.split("/")[2]
    form = client.get(f"/sweeps/{sweep_id}/trials/explore/trial_00000/clone").text
    word = re.search(r'name="form_word" value="(\w+)"', form)
    assert word is not None
    return client.post(path, data={"form_word": word[1], **data})


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def trials(workspace: Workspace) -> dict[str, dict[str, object]]:
    return {trial["trial"]: trial for trial in read_status(workspace)["stages"][0]["trials"]}


def test_a_whole_sweep_is_steered(client: FlaskClient, workspace: Workspace, paced: Callable[[float], Pacer]) -> None:
    pacer = paced(0.2)
    base = f"/sweeps/{workspace.sweep_id}"
    assert post(client, f"{base}/pause").status_code == 303
    assert "Resume" in client.get(f"{base}/").text
    assert read_status(workspace)["state"] == "paused"
    assert post(client, f"{base}/resume").status_code == 303

    form = client.get(f"{base}/trials/explore/trial_00000/clone").text
    assert 'name="axis.learning_rate" value="1e-05"' in form
    answer = post(client, f"{base}/trials/explore/trial_00000/clone", **{"axis.learning_rate": "3e-4"})
    assert answer.status_code == 303
    assert "a clone of trial_00000 with learning_rate=0.0003 is the next new trial" in client.get(answer.location).text
    refused = post(client, f"{base}/trials/explore/trial_00000/clone", **{"axis.learning_rate": "7"})
    assert refused.status_code == 422
    assert "learning_rate: 7 is outside of log_uniform" in refused.text
    assert 'value="7"' in refused.text  # what was typed stays

    def young() -> list[str]:
        return [n for n, t in trials(workspace).items() if t["status"] == "running" and t["epoch"] in range(5)]

    wait_for(lambda: bool(young()))
    running = young()[0]
    stopped = post(client, f"{base}/trials/explore/{running}/stop")
    assert stopped.status_code == 303, stopped.text
    wait_for(lambda: trials(workspace)[running]["status"] == "stopped")
    again = post(client, f"{base}/trials/explore/{running}/stop")
    assert (again.status_code, "is over already" in again.text) == (409, True)

    wait_for(
        lambda: any(trial["given"] == {**sample(0), "learning_rate": 3e-4} for trial in trials(workspace).values())
    )
    assert post(client, f"{base}/finish").status_code == 303
    pacer.join(30)
    assert "is better than the baseline" in client.get(f"{base}/").text
    assert pacer.notes.commands == ["pause", "resume", "clone", "stop", "finish"]
    over = post(client, f"{base}/pause")
    assert (over.status_code, "is over: there is nothing to pause" in over.text) == (409, True)


def test_the_records_are_those_of_sweeps_control(
    client: FlaskClient, workspace: Workspace, paced: Callable[[float], Pacer]
) -> None:
    paced(0.3)
    base = f"/sweeps/{workspace.sweep_id}"
    assert control([str(workspace.folder), "clone", "trial_00000", "rank=8", "learning_rate=3e-4"]) == 0
    changes = {"axis.rank": "8", "axis.learning_rate": "3e-4"}
    assert post(client, f"{base}/trials/explore/trial_00000/clone", **changes).status_code == 303
    assert control([str(workspace.folder), "clone", "trial_00000", "rank=5"]) == 2
    first, second, _ = requests(workspace)
    assert (first.command, first.trial, first.changes) == (second.command, second.trial, second.changes)
    said = answers(workspace)
    assert (said[first.id].said, said[first.id].done) == (said[second.id].said, said[second.id].done)


@pytest.mark.parametrize("over", [True, False])
def test_a_sweep_that_does_not_run_is_not_asked(client: FlaskClient, workspace: Workspace, over: bool) -> None:
    searched(workspace, 3)
    if over:
        concluded(workspace)
    base = f"/sweeps/{workspace.sweep_id}"
    for path in (f"{base}/pause", f"{base}/trials/explore/trial_00002/stop"):
        answer = post(client, path)
        assert (answer.status_code, 'role="alert"' in answer.text) == (409, True)
        assert ("is over" if over else "it was interrupted") in answer.text
    assert requests(workspace) == []
    assert "<button" not in client.get(f"{base}/trials/explore/trial_00002").text
    assert client.get(f"{base}/pause").status_code in (404, 405)
    assert post(client, f"{base}/explode").status_code == 404


def test_a_form_has_a_field_for_every_open_axis(workspace: Workspace) -> None:
    searched(workspace, 3)
    fields = {
        field.name: field for field in fields_of(open_axes(Stage(workspace, workspace.stage(EXPLORE))), sample(0))
    }
    assert list(fields) == list(dict.fromkeys(axis.name for axis in SPEC.axes))
    assert dict(fields["rank"].choices) == {"4": "4", "8": "8", "16": "16", "32": "32", "64": "64"}
    assert fields["rank"].value == "4"
    assert "logarithmic" in fields["learning_rate"].hint
    assert (fields["lora_dropout"].value, "when rank is 16 or 32 or 64" in fields["lora_dropout"].hint) == ("", True)


def test_only_what_was_changed_is_asked(tmp_path: Path, workspace: Workspace) -> None:
    searched(workspace, 3)
    fields = fields_of(open_axes(Stage(workspace, workspace.stage(EXPLORE))), sample(0))
    as_it_is = {field.name: field.value for field in fields}
    assert changed(fields, {**as_it_is, "rank": "16", "lora_dropout": "0.05"}) == {"rank": 16, "lora_dropout": 0.05}
    for odd, message in [
        ({}, "without a change"),
        ({"rank": "7"}, "'7' is not offered"),
        ({"rank": "__import__('os')"}, "is not offered"),
        ({"learning_rate": "{a: 1"}, "learning_rate"),
    ]:
        with pytest.raises(InputError, match=message):
            changed(fields, {**as_it_is, **odd})
