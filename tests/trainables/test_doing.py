"""What a command says before there is anything to show."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from trainables.doing import doing, done, silently


def test_a_log_has_a_line_for_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    doing("reading a.yaml")
    doing("counting")
    done()
    assert capsys.readouterr().err == "reading a.yaml ...\ncounting ...\n"


def test_nothing_is_said_to_programs(capsys: pytest.CaptureFixture[str]) -> None:
    with silently():
        doing("reading")
        with silently(False):
            doing("aloud")
        doing("reading")
    assert capsys.readouterr().err == "aloud ...\n"


def test_a_terminal_has_one_line_that_goes() -> None:
    """Its clock runs while the main thread is busy, and nothing of it is left when other things are written."""
    code = (
        "import time; from trainables.doing import doing, done\n"
        "doing('reading'); time.sleep(3.2); doing('x' * 300); done(); print('shown')"
    )
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=theirs, stdout=theirs, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not read:
            break
        text += read
    assert process.wait() == 0
    first, *steps, last = text.decode().split("\r\x1b[2K")
    assert first == ""
    assert steps[0] == "reading ..."
    assert "reading ... 2 s" in steps
    assert len(steps[-1]) < 300  # cut at the right end: a second line could not be taken away
    assert last.strip() == "shown"


def test_nobody_has_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    doing("reading")
    done()
