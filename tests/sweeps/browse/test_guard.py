"""Who may see the pages, and from where."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from sweeps.browse.app import make_app
from sweeps.control.requests import requests
from sweeps.state.workspace import Workspace
from tests.sweeps.browse.made_up import HOST, TOKEN, searched

PAGES = ["/", "/sweeps/{id}/", "/sweeps/{id}/report", "/sweeps/{id}/clips", "/sweeps/{id}/data", "/no/such/page"]


@pytest.fixture
def stranger(workspace: Workspace) -> FlaskClient:
    found = make_app(workspace.results, TOKEN).test_client()
    found.environ_base["HTTP_HOST"] = HOST
    return found


@pytest.mark.parametrize("page", PAGES)
def test_without_the_token_there_is_nothing_but_the_question_for_it(
    stranger: FlaskClient, workspace: Workspace, page: str
) -> None:
    for word in ("", "?token=", "?token=wrong", f"?token={TOKEN[:-1]}", "?token=%C3%A4"):
        answer = stranger.get(page.format(id=workspace.sweep_id) + word)
        assert (answer.status_code, "These pages open with a token" in answer.text) == (401, True)
        assert workspace.sweep_id not in answer.text
    assert stranger.post(f"/sweeps/{workspace.sweep_id}/pause").status_code == 401


def test_the_link_lets_in_and_the_token_leaves_the_address(stranger: FlaskClient, workspace: Workspace) -> None:
    answer = stranger.get(f"/sweeps/{workspace.sweep_id}/?sort=value&token={TOKEN}")
    assert (answer.status_code, answer.location) == (302, f"/sweeps/{workspace.sweep_id}/?sort=value")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert stranger.get("/").status_code == 200


def test_the_token_can_be_typed(stranger: FlaskClient) -> None:
    assert stranger.post("/enter", data={"token": "wrong"}).status_code == 401
    assert stranger.post("/enter", data={"token": TOKEN}).location == "/"
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5002", "127.0.0.1.evil.example", "10.0.0.1", "a b"])
def test_a_host_that_is_not_this_machine_is_refused(client: FlaskClient, host: str) -> None:
    """DNS rebinding: a stranger's name that points here."""
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "tones" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:5002", "localhost:8080", "127.0.0.1"])
def test_a_tunnel_may_have_another_port(stranger: FlaskClient, host: str) -> None:
    assert stranger.get("/", headers={"Host": host}).status_code == 401
    assert stranger.get(f"/?token={TOKEN}", headers={"Host": host}).status_code == 302


def test_nothing_is_changed_without_the_word_of_a_form(client: FlaskClient, workspace: Workspace) -> None:
    searched(workspace, 2)
    base = f"/sweeps/{workspace.sweep_id}"
    paths = [f"{base}/pause", f"{base}/trials/explore/trial_00001/stop", f"{base}/trials/explore/trial_00001/clone"]
    for path in paths:
        for data in ({}, {"form_word": "x"}, {"form_word": "ä"}):
            assert client.post(path, data=data).status_code == 403
        word = form_word(client, base)
        elsewhere = client.post(path, data={"form_word": word}, headers={"Origin": "http://evil.example"})
        assert elsewhere.status_code == 403
    assert requests(workspace) == []


def test_headers_keep_scripts_frames_and_caches_out(client: FlaskClient) -> None:
    headers = client.get("/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_too_long_is_refused(client: FlaskClient, workspace: Workspace) -> None:
    assert client.post(f"/sweeps/{workspace.sweep_id}/pause", data={"form_word": "x" * 100_000}).status_code == 413


def form_word(client: FlaskClient, base: str) -> str:
    page = client.get(f"{base}/trials/explore/trial_00001/clone").text
    found = re.search(r'name="form_word" value="(\w+)"', page)
    assert found is not None
    return found[1]
