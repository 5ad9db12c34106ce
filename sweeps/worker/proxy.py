"""The Tune Trainable of a trial that trains in another process, with others in one batch. Loads no torch.

Tune starts, stops and retries it as any other. Where the process that it trains in dies, Ray starts that anew, and the
trial goes on from its last resume point.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import ray
from ray import tune
from ray.exceptions import RayError


class ProxyTrial(tune.Trainable):  # type: ignore[misc]
    """A place in one of `hosts`, the one that the trial's configuration names."""

    def setup(self, config: dict[str, Any], hosts: Sequence[Any]) -> None:
        self.hosts = hosts
        self.begin(config)

    def begin(self, config: dict[str, Any]) -> None:
        self.name, self.host = config["name"], self.hosts[config["host"]]
        ray.get(self.host.open.remote(self.name, config))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """A reused proxy takes the next trial."""
        self.cleanup()
        self.begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        result: dict[str, Any] = ray.get(self.host.step.remote(self.name))
        return result

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing for Tune: the trial's own resume points are what it is taken up from."""

    def load_checkpoint(self, checkpoint: str) -> None:
        """Nothing: see save_checkpoint."""

    def cleanup(self) -> None:
        with suppress(RayError):  # a host that is gone has forgotten the trial
            ray.get(self.host.close.remote(self.name))
