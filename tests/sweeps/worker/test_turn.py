"""A worker reports when its turn comes, and leaves when it has to."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from sweeps.worker.turn import LEAVE, Turn


def result(epoch: int, *, done: bool = False) -> dict[str, Any]:
    return {"epoch": epoch, "objective": 0.5, "done": done, "report": {}}


def taken_later(turn: Turn, given: dict[str, Any]) -> tuple[threading.Thread, list[dict[str, Any]]]:
    taken: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: taken.append(turn.take(given)), daemon=True)
    thread.start()
    return thread, taken


def test_what_is_allowed_passes_at_once(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "turns" / "trial_00003")
    turn.give(3)
    assert turn.take(result(3)) == result(3)


@pytest.mark.parametrize("allowed", [1, LEAVE])
def test_a_last_result_waits_for_nobody(tmp_path: Path, allowed: int) -> None:
    turn = Turn(tmp_path / "trial")
    turn.give(allowed)
    assert turn.take(result(9, done=True)) == result(9, done=True)


def test_without_an_order_nothing_waits() -> None:
    assert Turn.of({"name": "trial_00000", "turn": ""}).take(result(1)) == result(1)


def test_it_waits_until_the_epoch_is_allowed(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "trial")
    turn.give(1)
    thread, taken = taken_later(Turn.of({"turn": str(turn.file)}), result(3))
    turn.give(2)
    thread.join(0.2)
    assert thread.is_alive()
    turn.give(3)
    thread.join(10)
    assert taken == [result(3)]


def test_whoever_has_to_leave_reports_nothing(tmp_path: Path) -> None:
    turn = Turn(tmp_path / "trial")
    turn.give(0)
    thread, taken = taken_later(turn, result(1))
    turn.give(LEAVE)
    thread.join(10)
    assert taken == [{"done": True, "withheld": True}]
