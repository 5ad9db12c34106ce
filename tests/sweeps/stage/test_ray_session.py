"""Ray starts in the background and ends in good order; one that does not come up is a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from sweeps.machine.profile import Profile, choose, probe
from sweeps.stage.ray_session import QUIET_ENVIRONMENT, EarlyRay, RaySession, ray_session
from trainables.errors import SweepFailed


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUIET_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    # a Ray that was imported before it was to ask for a token cannot do so any more
    monkeypatch.setattr("sweeps.stage.ray_session.AUTHENTICATION", {})
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.fixture
def profile() -> Profile:
    return replace(choose("cpu", probe(), planning=False), concurrency=2)


def test_a_ray_that_does_not_start_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    def init(**settings: Any) -> None:
        raise Exception("The current node timed out during startup. This could happen because ...")

    monkeypatch.setattr(ray, "init", init)
    profile = choose("cpu", probe(), planning=False)
    session = ray_session(profile)
    with pytest.raises(SweepFailed, match=r"Ray did not start \(The current node timed out during startup\)"):
        session.__enter__()


def test_a_ray_that_was_too_slow_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    attempts: list[dict[str, Any]] = []

    def init(**settings: Any) -> Any:
        attempts.append(settings)
        if len(attempts) == 1:
            raise Exception("The current node timed out during startup. This could happen because ...")
        return SimpleNamespace(dashboard_url="127.0.0.1:8265")

    monkeypatch.setattr(ray, "init", init)
    with ray_session(choose("cpu", probe(), planning=False)) as session:
        assert session.dashboard_url == "http://127.0.0.1:8265"
    assert len(attempts) == 2
    assert attempts[0] == attempts[1]


class FakeSession:
    """Stands for Ray: says when it begins and ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failure: Exception | None = None) -> None:
        self.said: list[str] = []
        self.failure = failure
        monkeypatch.setattr("sweeps.stage.ray_session.ray_session", self.begins)

    def begins(self, profile: Profile, *, preload: bool) -> FakeSession:
        self.said.append("begun")
        return self

    def __enter__(self) -> RaySession:
        time.sleep(0.2)
        if self.failure is not None:
            raise self.failure
        self.said.append("up")
        self.thread = threading.get_ident()  # Ray's processes live as long as this thread does
        return RaySession(dashboard_url=None)

    def __exit__(self, *exception: Any) -> None:
        assert threading.get_ident() == self.thread
        self.said.append("down")


def test_it_starts_in_the_background_once_and_ends_once(monkeypatch: pytest.MonkeyPatch, profile: Profile) -> None:
    session = FakeSession(monkeypatch)
    with EarlyRay(profile) as ray:
        ray.begin()
        assert "up" not in session.said  # nobody waits
        ray.begin()
        assert ray.session() == ray.session() == RaySession(dashboard_url=None)
        assert session.said == ["begun", "up"]
        ray.end()
        assert session.said == ["begun", "up", "down"]
    assert session.said == ["begun", "up", "down"]


def test_bad_input_in_between_ends_what_was_being_started(monkeypatch: pytest.MonkeyPatch, profile: Profile) -> None:
    session = FakeSession(monkeypatch)

    def refuse() -> None:
        with EarlyRay(profile) as ray:
            ray.begin()
            raise ValueError("bad input")

    with pytest.raises(ValueError, match="bad input"):
        refuse()
    assert session.said == ["begun", "up", "down"]


def test_nothing_is_started_that_nobody_asked_for(monkeypatch: pytest.MonkeyPatch, profile: Profile) -> None:
    session = FakeSession(monkeypatch)
    with EarlyRay(profile):
        pass
    assert session.said == []


def test_a_ray_that_does_not_start_is_said_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch, profile: Profile
) -> None:
    session = FakeSession(monkeypatch, failure=RuntimeError("no room"))
    with EarlyRay(profile) as ray:
        ray.begin()
        with pytest.raises(RuntimeError, match="no room"):
            ray.session()
    assert session.said == ["begun"]


def _two_idle() -> set[int]:
    """The processes that Ray has started before anybody asked."""
    there: set[int] = set()
    for _ in range(600):
        children = psutil.Process().children(recursive=True)
        there = {child.pid for child in children if child.cmdline()[:1] == ["ray::IDLE"]}
        if len(there) == 2:
            break
        time.sleep(0.1)
    return there


class Looking:
    def look(self) -> tuple[int, str | None]:
        return os.getpid(), os.environ.get("OMP_NUM_THREADS")


def test_an_actor_lives_in_a_process_that_was_there_before_it_with_the_environment_of_workers(profile: Profile) -> None:
    """On a real Ray; an actor as packs live in one."""
    import ray

    threads = os.environ.get("OMP_NUM_THREADS")
    own = replace(profile, worker_environment={"OMP_NUM_THREADS": "3"})
    with ray_session(own):
        assert os.environ.get("OMP_NUM_THREADS") == threads  # the driver's own stays
        there = _two_idle()
        actors = [ray.remote(Looking).options(num_cpus=1).remote() for _ in range(2)]
        found = ray.get([actor.look.remote() for actor in actors], timeout=120)
    assert {pid for pid, _ in found} == there
    assert [threads for _, threads in found] == ["3", "3"]


def test_a_trial_lives_in_a_process_that_has_imported_what_it_trains_with(
    profile: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a real Ray and Tune."""
    from ray import tune
    from ray.tune.execution import class_cache

    from sweeps.stage import ray_session as module
    from sweeps.stage.tune_experiment import without_environment

    class Imported(tune.Trainable):
        """What a trial finds imported in its process, and which process that is."""

        def step(self) -> dict[str, Any]:
            return {"pid": os.getpid(), "found": "sweeps.worker.turn" in self.there, "done": True}

        def setup(self, config: dict[str, Any]) -> None:
            self.there = frozenset(sys.modules)

    monkeypatch.setattr(module, "PRELOADED", {"RAY_preload_python_modules": "sweeps.worker.turn"})
    monkeypatch.setattr(class_cache, "DEFAULT_ENV_VARS", dict(class_cache.DEFAULT_ENV_VARS))
    monkeypatch.setattr(class_cache, "ENV_VARS_TO_PROPAGATE", frozenset())
    without_environment()
    with ray_session(profile, preload=True):
        there = _two_idle()
        trainable = tune.with_resources(Imported, tune.PlacementGroupFactory([{"CPU": 1}]))
        found = tune.Tuner(trainable, run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0)).fit()
    (result,) = [each.metrics for each in found]
    assert result["found"]
    assert result["pid"] in there


def test_what_imports_ray_before_it_begins_finds_its_environment() -> None:
    """Ray reads its way to authenticate when it is imported: without it the driver could not speak to its own Ray."""
    code = (
        "import os, sys\n"
        "import sweeps.sweep\n"
        "from sweeps.machine.profile import choose, probe\n"
        "from sweeps.stage.ray_session import EarlyRay\n"
        "assert 'ray' not in sys.modules\n"
        "EarlyRay(choose('cpu', probe(), planning=False))\n"
        "set_before = os.environ['RAY_AUTH_MODE'], os.environ['TUNE_DISABLE_SIGINT_HANDLER']\n"
        "import sweeps.rounds\n"
        "assert 'ray' in sys.modules\n"
        "print(*set_before)\n"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "TUNE_"))}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["token", "1"], done.stderr
