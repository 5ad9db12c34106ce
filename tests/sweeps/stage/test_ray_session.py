"""A Ray that does not come up is a sentence, and the sweep can go on later."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.machine.profile import choose, probe
from sweeps.stage.run import AUTHENTICATION, QUIET_ENVIRONMENT, ray_session
from trainables.errors import SweepFailed


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session writes into the environment of its process; a later test's Ray must not find a token asked for."""
    for name, value in {**QUIET_ENVIRONMENT, **AUTHENTICATION}.items():
        monkeypatch.setenv(name, value)


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
