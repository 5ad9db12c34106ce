"""What Tune starts for a trial: a worker of its own, or a light proxy of one that trains several in packs."""

from __future__ import annotations

from typing import Any

import ray
from ray import tune

from sweeps.machine.profile import Profile
from sweeps.worker import tune_trial
from sweeps.worker.job import Job

PROXY_CPUS = 0.01  # Tune wants a share of something


class Workers:
    """`trainable` is for the Tuner; `close` ends the processes that stand behind proxies."""

    def __init__(self, job: Job, profile: Profile) -> None:
        resources = dict(profile.trial_resources)
        self.hosts: list[Any] = []
        if job.trials_together == 1:
            trainable = tune.with_parameters(tune_trial.SweepTrial, job=job)
        else:
            from sweeps.worker.pack_host import PackHost
            from sweeps.worker.proxy import ProxyTrial

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
