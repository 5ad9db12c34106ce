"""The page in a real browser: a file is dropped, and each model answers beside the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.demo.page import page, rows
from sweeps.predict.model import Model
from sweeps.predict.tuned import find_tuned
from sweeps.state.workspace import Workspace
from tests.sweeps.browse.chromium import Browser, program
from trainables.data.sound.store import SplitStore

pytestmark = pytest.mark.skipif(program() is None, reason="no Chromium or Chrome on the PATH")


def test_a_file_that_is_dropped_is_answered_by_every_model(
    make_sweep: Callable[..., Workspace], tmp_path: Path
) -> None:
    pytest.importorskip("gradio")
    workspace = make_sweep("efficientat")
    models = {arm: Model(find_tuned("tones", str(workspace.results), arm=arm)) for arm in ("finalist 1", "baseline")}
    path = SplitStore(workspace.store("test")).examples[0].audio[0].path
    blocks = page(models, "tones", "A note.")
    _, address, _ = blocks.launch(server_name="127.0.0.1", share=False, quiet=True, prevent_thread_lock=True)
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(address)
        browser.wait_for("document.querySelector('input[type=file]')")
        assert "A note." in browser.text()
        root = browser.call("DOM.getDocument")["root"]["nodeId"]
        chosen = browser.call("DOM.querySelector", nodeId=root, selector="input[type=file]")["nodeId"]
        browser.call("DOM.setFileInputFiles", nodeId=chosen, files=[path])
        for model, _, shares in rows(models, path):
            for said in (model, shares):
                browser.wait_for(f"document.body.innerText.includes({json.dumps(said)})", 60)
        assert [error for error in browser.errors if "127.0.0.1" in error and "favicon" not in error] == []
    finally:
        browser.close()
        blocks.close()
