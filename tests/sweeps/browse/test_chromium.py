"""In a browser: watch a sweep that runs, stop a trial, clone one with the keyboard, read the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from sweeps.browse.command import server
from sweeps.control.requests import requests
from sweeps.state.workspace import Workspace
from tests.sweeps.browse.chromium import Browser, program
from tests.sweeps.browse.made_up import TOKEN, Pacer, begin, concluded, searched

pytestmark = [
    pytest.mark.skipif(program() is None, reason="no Chromium on the PATH (Debian: apt-get install chromium)"),
    pytest.mark.timeout(300),
]
UNNAMED = ("button", "link", "textbox", "combobox", "checkbox", "table", "region", "navigation", "image")


@pytest.fixture
def address(workspace: Workspace) -> Iterator[str]:
    serving = server(workspace.results, None, TOKEN)
    thread = Thread(target=serving.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{serving.port}"
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    found = Browser(tmp_path / "profile")
    yield found
    found.close()


def test_a_running_sweep_is_watched_and_steered_to_its_verdict(
    browser: Browser, address: str, workspace: Workspace, paced: Callable[[float], Pacer]
) -> None:
    pacer = paced(1.0)
    browser.open(f"{address}/?token={TOKEN}")
    assert "token" not in browser.js("location.href")
    browser.click("a[href*=tones]")
    browser.wait_for("document.getElementById('status')")

    # it follows by itself, in the same document
    browser.js("window.same = true")
    before = browser.js("document.getElementById('status').innerText")
    browser.wait_for(f"document.getElementById('status').innerText !== {before!r}")
    assert browser.js("window.same") is True

    # stop the trial that began last
    running = "[...document.querySelectorAll('tr.is-running th a, tr.is-starting th a')]"
    browser.wait_for(f"{running}.length")
    browser.js(f"{running}[0].click()")
    browser.click("form[action$=stop] button")
    browser.wait_for("document.getElementById('status')?.innerText.includes('counts as stopped, not as pruned')")
    browser.wait_for("document.querySelector('tr.is-stopped')")

    # clone trial 0 with the keyboard alone
    browser.open(f"{address}/sweeps/{workspace.sweep_id}/trials/explore/trial_00000/clone")
    browser.js("document.getElementById('axis.learning_rate').select()")
    browser.js("document.getElementById('axis.learning_rate').focus()")
    browser.type("5e-4")
    browser.press("Enter")
    browser.wait_for("document.getElementById('status')?.innerText.includes('a clone of trial_00000')")
    assert [(asked.command, dict(asked.changes)) for asked in requests(workspace)] == [
        ("stop", {}),
        ("clone", {"learning_rate": 5e-4}),
    ]
    browser.wait_for("document.getElementById('table').innerText.includes('5.0e-04')")

    # finish early, and the verdict comes by itself
    browser.click("details summary")
    browser.click("form[action$=finish] button")
    browser.wait_for("document.querySelector('#verdict .verdict')?.innerText.includes('is better than the baseline')")
    assert pacer.notes.commands == ["stop", "clone", "finish"]
    browser.click("a[href$=clips]")
    browser.wait_for("document.querySelector('audio')")
    browser.js("document.querySelector('audio').load()")
    browser.wait_for("new Promise(done => { const a = document.querySelector('audio'); a.preload = 'metadata';"
                     " a.onloadedmetadata = () => done(a.duration > 0.05); a.load() })")  # fmt: skip
    assert browser.errors == []


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_every_page_fits_and_everything_on_it_has_a_name(
    browser: Browser, address: str, workspace: Workspace, width: int, dark: bool
) -> None:
    searched(workspace, 12)
    concluded(workspace)
    searched(begin(workspace.results, "other-20260101-120000-ab13"), 5)
    browser.window(width, 900, dark=dark)
    base = f"/sweeps/{workspace.sweep_id}"
    trial = f"{base}/trials/explore/trial_00003"
    browser.open(f"{address}/?token={TOKEN}")
    for path in ("/", f"{base}/?stage=explore", trial, f"{trial}/clone", f"{base}/clips", f"{base}/data"):
        browser.open(address + path)
        assert browser.js("document.documentElement.scrollWidth <= window.innerWidth"), path
        lightness = browser.js("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
        assert (lightness < 60) is dark
        spoken = browser.spoken()
        assert [role for role, name in spoken if role in UNNAMED and not name] == [], path
        assert browser.js("document.querySelectorAll('h1').length") == 1
    assert browser.errors == []


def test_the_keyboard_reaches_the_content_and_stays_where_it_was(
    browser: Browser, address: str, workspace: Workspace, paced: Callable[[float], Pacer]
) -> None:
    paced(1.0)
    browser.open(f"{address}/sweeps/{workspace.sweep_id}/?token={TOKEN}")
    browser.press("Tab")
    assert browser.js("document.activeElement.className") == "skip"
    browser.press("Enter")
    assert browser.js("document.activeElement.id") == "main"
    browser.js("document.querySelector('#table thead a').focus()")
    before = browser.js("document.getElementById('table').innerText")
    browser.wait_for(f"document.getElementById('table').innerText !== {before!r}")
    assert browser.js("document.activeElement.id") == "sort-trial"  # the table was replaced, the focus was not lost
    browser.press("a")
    browser.wait_for("location.pathname === '/'")
