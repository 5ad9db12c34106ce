"""What Tune starts for a trial: a worker of its own, or a light proxy of one that trains several in packs."""

from __future__ import annotations

from typing import Any

import ray
from ray import tune

from sweeps import trial
from sweeps.job import Job
from sweeps.profiles import Profile

PROXY_CPUS = 0.01  # Tune wants a share of something


class Workers:
    """`trainable` is for the Tuner; `close` ends the processes that stand behind proxies."""

    def __init__(self, job: Job, profile: Profile) -> None:
        resources = dict(profile.trial_resources)
        self.hosts: list[Any] = []
        if job.trials_together == 1:
            trainable = tune.with_parameters(trial.SweepTrial, job=job)
        else:
            from sweeps.pack_host import PackHost
            from sweeps.proxy import ProxyTrial

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
