"""What Tune starts for a trial: a worker of its own, or a light proxy of a process that trains several in packs.

Who holds a handle of an actor loads the actor's class: what needs torch is imported where it trains alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import ray
from ray import tune
from ray.exceptions import RayError

from sweeps.machine.profile import Profile
from sweeps.worker.job import Job, Start
from sweeps.worker.turn import Turn

if TYPE_CHECKING:
    from sweeps.worker.trial import Trial

PROXY_CPUS = 0.01  # Tune wants a share of something


class Workers:
    """`trainable` is for the Tuner; `close` ends the processes that stand behind proxies."""

    def __init__(self, job: Job, profile: Profile) -> None:
        resources = dict(profile.trial_resources)
        self.hosts: list[Any] = []
        if job.trials_together == 1:
            from sweeps.worker import tune_trial

            trainable = tune.with_parameters(tune_trial.SweepTrial, job=job)
        else:
            actor = ray.remote(PackHost).options(
                num_cpus=resources["CPU"] - PROXY_CPUS * job.trials_together,
                num_gpus=resources.get("GPU", 0),
                max_concurrency=2 * job.trials_together,  # a trial that is stopped, and the one after it
                max_restarts=-1,
            )
            self.hosts = [actor.remote(job) for _ in range(profile.concurrency)]
            trainable = tune.with_parameters(ProxyTrial, hosts=self.hosts)
            resources = {"CPU": PROXY_CPUS}
        self.trainable = tune.with_resources(trainable, tune.PlacementGroupFactory([resources]))

    def close(self) -> None:
        for host in self.hosts:
            ray.kill(host)


class PackHost:
    """A process with an accelerator, or a core, of its own: a Ray actor that answers several proxies at once."""

    def __init__(self, job: Job) -> None:
        from sweeps.worker.packed_trial import SharedWorkplace

        self.trials: dict[str, Trial] = {}
        self.place = SharedWorkplace(job, trials=lambda: len(self.trials))
        self.changed = self.place.meeting.changed

    def open(self, name: str, config: dict[str, Any]) -> None:
        """A new trial, or one whose proxy was lost, from its last resume point."""
        from sweeps.worker.trial import Trial

        with self.changed:
            self.close(name)
            self.trials[name] = Trial(self.place, Start.from_dict(config))
            self.changed.notify_all()

    def step(self, name: str) -> dict[str, Any]:
        """Its next result; waits for the others' epochs to begin."""
        with self.changed:
            return self.trials[name].step()

    def close(self, name: str) -> None:
        with self.changed:
            trial = self.trials.pop(name, None)
            if trial is not None:
                self.place.meeting.dismiss(trial.lanes)
                trial.close()
            self.changed.notify_all()


class ProxyTrial(tune.Trainable):  # type: ignore[misc]
    """The Tune Trainable of a trial that trains in another process, one of `hosts`, with others in one batch.

    Tune starts, stops and retries it as any other. Where the process that it trains in dies, Ray starts that anew, and
    the trial goes on from its last resume point.
    """

    def setup(self, config: dict[str, Any], hosts: Sequence[Any]) -> None:
        self.hosts = hosts
        self.begin(config)

    def begin(self, config: dict[str, Any]) -> None:
        self.name, self.host, self.turn = config["name"], self.hosts[config["host"]], Turn.of(config)
        ray.get(self.host.open.remote(self.name, config))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """A reused proxy takes the next trial."""
        self.cleanup()
        self.begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        result: dict[str, Any] = ray.get(self.host.step.remote(self.name))
        return self.turn.take(result)

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing for Tune: the trial's own resume points are what it is taken up from."""

    def load_checkpoint(self, checkpoint: str) -> None:
        """Nothing: see save_checkpoint."""

    def cleanup(self) -> None:
        with suppress(RayError):  # a host that is gone has forgotten the trial
            ray.get(self.host.close.remote(self.name))
