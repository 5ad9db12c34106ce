"""What a lost worker is said to have died of, and when a stage has seen enough of one failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.stage.failures import (
    DIED,
    HUNG,
    STREAK,
    STREAK_OF_CONFIGURATIONS,
    FailureWatch,
    KernelKills,
    why,
)
from sweeps.stage.holds import Hold
from sweeps.state.progress import COMPLETED, FAILED, PRUNED, TrialProgress
from trainables.process.watchdog import HANG_FILE
from trainables.training.faults import DIVERGED, OUT_OF_MEMORY

NOBODY = KernelKills(Path("no such file"))  # ended a process for want of memory
DEAD = "The actor died unexpectedly before finishing this task.\n\tclass_name: ResourceTrainable\nWorker exit type: "
LOW = DEAD + "NODE_OUT_OF_MEMORY. Task was killed due to the node running low on memory."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Failure # 1\nTraceback ...\nValueError: 3 is no size\n", ("ValueError: 3 is no size", "ValueError")),
        ("Failure # 1\nValueError: old\n\nFailure # 2\n" + DEAD + "SYSTEM_ERROR", ("the worker process died", DIED)),
        ("Failure # 1\n" + LOW, ("the machine ran low on memory, and Ray ended the worker", OUT_OF_MEMORY)),
        ("Failure # 1\n" + LOW + "\nFailure # 2\nKeyError: 'x'\n", ("KeyError: 'x'", "KeyError")),
        ("", ("unknown", "unknown")),
    ],
)
def test_the_latest_failure_is_told(text: str, expected: tuple[str, str], tmp_path: Path) -> None:
    assert why(text, tmp_path, NOBODY) == expected


def test_a_worker_that_the_kernel_took_was_out_of_memory(tmp_path: Path) -> None:
    statistics = tmp_path / "vmstat"
    statistics.write_text("nr_free_pages 5\noom_kill 3\n")
    kills = KernelKills(statistics)
    dead = "Failure # 1\n" + DEAD
    assert why(dead, tmp_path, kills) == ("the worker process died", DIED)
    statistics.write_text("nr_free_pages 5\noom_kill 4\n")
    assert why("Failure # 1\nKeyError: 'x'\n", tmp_path, kills) == ("KeyError: 'x'", "KeyError")
    assert why(dead, tmp_path, kills) == ("memory was full, and the kernel ended the worker", OUT_OF_MEMORY)
    assert why(dead, tmp_path, kills) == ("the worker process died", DIED)  # the next one, of something else


def test_where_a_hung_worker_stood_is_told_without_its_folders(tmp_path: Path) -> None:
    stacks = 'Timeout!\nThread 0x1 (most recent call first):\n  File "/a/gc.py", line 2 in run\n\nThread 0x2 (most '
    stacks += 'recent call first):\n  File "/home/u/model.py", line 7 in forward\n  File "/a/b.py", line 1 in main\n'
    (tmp_path / HANG_FILE).write_text(stacks)
    reason, kind = why("Failure # 1\n" + DEAD, tmp_path, NOBODY)
    assert kind == HUNG
    assert reason.endswith("it stood in model.py, line 7 in forward")


def trial(status: str, kind: str = "", *, again: bool = False) -> TrialProgress:
    return TrialProgress("t", {}, Path("t"), status=status, kind=kind, reason=f"{kind}: so", second_chance=again)


def watch_after(*trials: TrialProgress) -> FailureWatch:
    watch = FailureWatch()
    for each in trials:
        watch.ended(each)
    return watch


def test_equal_failures_in_a_row_end_a_stage_and_nothing_less_does() -> None:
    failed = trial(FAILED, "OSError")
    assert watch_after(*[failed] * (STREAK - 1)).order().hold == Hold.NONE
    order = watch_after(trial(FAILED, "KeyError"), *[failed] * STREAK).order()
    assert (order.hold, order.failure) == (Hold.END, True)
    assert "OSError: so" in order.reason
    for between in (trial(COMPLETED), trial(PRUNED), trial(FAILED, "KeyError")):
        assert watch_after(failed, failed, between, failed, failed).order().hold == Hold.NONE


@pytest.mark.parametrize("kind", [DIVERGED, OUT_OF_MEMORY])
def test_what_configurations_bring_upon_themselves_is_borne_longer_and_not_tried_again(kind: str) -> None:
    failed = trial(FAILED, kind)
    assert watch_after(*[failed] * (STREAK_OF_CONFIGURATIONS - 1)).order().hold == Hold.NONE
    watch = watch_after(*[failed] * STREAK_OF_CONFIGURATIONS)
    assert watch.order().hold == Hold.END
    assert list(watch.again) == []
    assert len(watch_after(*[trial(FAILED, "OSError")] * STREAK).again) == STREAK


def test_a_trial_that_fails_a_second_time_does_not_hold_the_sweep_up() -> None:
    assert watch_after(*[trial(FAILED, "OSError", again=True)] * 20).order().hold == Hold.NONE
