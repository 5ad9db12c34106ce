"""Nothing is recorded twice, and nothing of another trial is taken."""

from __future__ import annotations

from typing import Any

from sweeps.record.background import Run
from sweeps.record.known_runs import KnownRuns, run_name
from trainables.records import (
    NO_FOLD,
    NO_SEED,
    TAG_CONFIG_ID,
    TAG_FOLD,
    TAG_LOOK,
    TAG_SEED,
    TAG_STAGE,
    TAG_STATUS,
    TAG_TRIAL_ID,
)


def tags(trial: str, *, stage: str = "explore", status: str | None = None, **more: Any) -> dict[str, str]:
    found = {
        TAG_TRIAL_ID: trial,
        TAG_STAGE: stage,
        TAG_CONFIG_ID: more.get("config", "c1"),
        TAG_SEED: more.get("seed", "42"),
        TAG_FOLD: NO_FOLD,
        TAG_LOOK: more.get("look", ""),
    }
    return found | ({TAG_STATUS: status} if status else {})


def test_a_cut_off_run_is_taken_up_by_whoever_trains_the_same() -> None:
    known = KnownRuns()
    run = Run("r1")
    known.remember(run, tags("trial_00001"), in_use=False)
    assert known.find(tags("trial_00001", config="c2")) is None
    assert known.find(tags("trial_00001", seed="43")) is None
    found = known.find(tags("trial_00007"))
    assert found is not None
    assert found.run is run


def test_a_finished_run_of_the_search_stays_with_its_trial() -> None:
    known = KnownRuns()
    known.remember(Run("r1"), tags("trial_00001", status="completed"), in_use=False)
    assert known.find(tags("trial_00007")) is None
    assert known.find(tags("trial_00001")) is not None


def test_a_confirm_run_happens_once_a_look() -> None:
    known = KnownRuns()
    run = Run("r1")
    known.remember(run, tags("finalist-1", stage="confirm", status="completed", look="1"), in_use=False)
    assert known.find(tags("finalist-2", stage="confirm", look="2")) is None
    found = known.find(tags("finalist-2", stage="confirm", look="1"))
    assert found is not None
    assert found.run is run


def test_what_no_trial_asks_for_is_left_over() -> None:
    known = KnownRuns()
    lost, kept, earlier = Run("lost"), Run("kept"), Run("earlier")
    known.remember(lost, tags("trial_00001"), in_use=False)
    known.remember(kept, tags("trial_00002", config="c2"), in_use=False)
    known.remember(earlier, tags("baseline", stage="confirm", look="1"), in_use=False)
    known.find(tags("trial_00002", config="c2"))
    assert known.unclaimed("2") == [lost]
    assert known.unclaimed("1") == [lost, earlier]


def test_a_run_is_over_in_one_way() -> None:
    known = KnownRuns()
    run = Run("r1")
    known.remember(run, tags("trial_00001"), in_use=True)
    assert known.closed(tags("trial_00001", status="pruned")) is None
    known.close(run, "pruned")
    assert known.closed(tags("trial_00001", status="pruned")) is run
    assert known.closed(tags("trial_00001", status="completed")) is None


def test_a_name_is_short_and_tells_runs_apart() -> None:
    assert run_name("trial", "trial_00007", 42, NO_FOLD) == "trial 7 · seed 42"
    assert run_name("finalist", "finalist-2-seed-123", 123, NO_FOLD) == "finalist 2 · seed 123"
    assert run_name("baseline", "baseline-seed-7", 7, "2") == "baseline · seed 7 · fold 2"
    assert run_name("untuned", "untuned", NO_SEED, NO_FOLD) == "untuned"
