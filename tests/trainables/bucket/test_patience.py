"""A store that is away costs waiting; one that stays away is given up, and said."""

from __future__ import annotations

import threading
import time

import pytest

from trainables.bucket import patience
from trainables.bucket.patience import Patience
from trainables.errors import SweepStopped


class Away:
    """Does not answer for so many calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise OSError("AWS Error NETWORK_CONNECTION\nmore")
        return "here"


def test_it_waits_and_says_so_once_it_is_worth_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(patience, "SAID_SECONDS", 0.02)
    said: list[str] = []
    assert Patience(say=said.append).call("s3://b", Away(5)) == "here"
    assert said[0].startswith("s3://b does not answer (AWS Error NETWORK_CONNECTION): runs go on")
    assert said[-1].startswith("s3://b answers again")
    assert len(said) == 2
    said.clear()
    assert Patience(say=said.append).call("s3://b", Away(1)) == "here"
    assert said == []


def test_it_gives_up_and_then_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_WAIT_SECONDS", 0.01)
    waiting = Patience(0.05)
    with pytest.raises(SweepStopped, match=r"s3://b has not answered for .* seconds \(AWS Error NETWORK_CONNECTION\)"):
        waiting.call("s3://b", Away(1000))
    assert waiting.gave_up
    with pytest.raises(SweepStopped):
        waiting.call("s3://b", lambda: "here")


def test_what_is_not_there_is_an_answer() -> None:
    def missing() -> None:
        raise FileNotFoundError("no such key")

    with pytest.raises(FileNotFoundError):
        Patience().call("s3://b", missing)


def test_an_end_is_not_waited_for() -> None:
    waiting = Patience(600.0)
    threading.Timer(0.2, waiting.ended.set).start()
    began = time.monotonic()
    with pytest.raises(SweepStopped):
        waiting.call("s3://b", Away(1000))
    assert time.monotonic() - began < 30
