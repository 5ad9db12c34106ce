"""The peak disk of a sweep beside Ray Tune's defaults: python -m benchmarks.disk [--trials N] [--quick]

The same search twice, on the miniature: stage 1 of a sweep as this project runs it, and the same trainable on a Tuner
with the defaults that Ray Tune's documentation gives (`CheckpointConfig(num_to_keep=None)`: every checkpoint stays;
the CSV, JSON and TensorBoard loggers), a checkpoint each epoch, without which Tune could not resume either. The same
configurations, the same ASHA. What the files below the results folder hold is looked at five times a second; the plan's
estimate of the peak stands beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.small_sweep import SWEEP, write_data
from sweeps.stage.ray_session import AUTHENTICATION, QUIET_ENVIRONMENT
from sweeps.state.workspace import size_bytes

T = TypeVar("T")
LOOK_SECONDS = 0.2
QUICK_TRIALS, TRIALS = 6, 50
EPOCHS = 3


def peak_while(folder: Path, work: Callable[[], T]) -> tuple[T, int]:
    """What `work` gives, and the most bytes that were below `folder` while it ran or after it."""
    over, peak = threading.Event(), 0

    def look() -> None:
        nonlocal peak
        while not over.wait(LOOK_SECONDS):
            peak = max(peak, size_bytes(folder))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        done = work()
    finally:
        over.set()
        watcher.join()
    return done, max(peak, size_bytes(folder))


def prepared_in(folder: Path, trials: int) -> Any:
    from sweeps.plan.prepare import prepare

    write_data(folder)
    text = SWEEP.replace("TRIALS", str(trials)) + "asha: {grace_epochs: 1, reduction_factor: 3}\n"
    (folder / "disk.yaml").write_text(text)
    return prepare(folder / "disk.yaml", [f"results={folder}", f"train.epochs={EPOCHS}"], planning=False)


def as_here(folder: Path, trials: int) -> tuple[int, int]:
    """(peak, the plan's estimate) in bytes of the sweep's stage 1, its decoded sound left out."""
    from rich.console import Console

    from sweeps.config.spec import AS_THEY_COME
    from sweeps.plan.plan import make_plan
    from sweeps.search.pruning import asha_for
    from sweeps.search.sampler import OptunaProposals
    from sweeps.stage.cleanup import Housekeeper
    from sweeps.stage.inputs import build_miniatures, explore_job, make_stores
    from sweeps.stage.ray_session import ray_session
    from sweeps.stage.run import train_all
    from sweeps.state.decisions import Decisions
    from sweeps.state.progress import StageProgress
    from sweeps.state.workspace import EXPLORE, new_workspace

    prepared = prepared_in(folder, trials)
    build_miniatures(prepared)
    workspace = new_workspace(folder, "disk")
    job = explore_job(prepared, make_stores(prepared, workspace, ("train", "validation"), Console(quiet=True)), "-")
    stage = workspace.stage(EXPLORE)
    progress = StageProgress(stage, prepared.spec)
    proposals = OptunaProposals(prepared.spec, decisions=Decisions(AS_THEY_COME, prepared.profile.concurrency))
    housekeeper = Housekeeper(progress, prepared.spec)

    def search() -> None:
        with ray_session(prepared.profile):
            train_all(
                job,
                progress,
                proposals,
                profile=prepared.profile,
                observers=[housekeeper],
                pruner=asha_for(prepared.spec, lambda name: progress.trials[name].given),
            )
        housekeeper.all_over()

    _, peak = peak_while(stage, search)
    return peak, make_plan(prepared).disk_bytes - size_bytes(workspace.folder / "data")


def as_documented(folder: Path, trials: int) -> int:
    """The peak in bytes of Tune's experiment folder."""
    import ray
    from ray import tune
    from rich.console import Console

    from sweeps.config.spec import AS_THEY_COME
    from sweeps.search.pruning import asha
    from sweeps.search.sampler import OptunaProposals
    from sweeps.stage.inputs import build_miniatures, explore_job, make_stores
    from sweeps.state.assignment import searching
    from sweeps.state.decisions import Decisions
    from sweeps.state.workspace import new_workspace
    from sweeps.worker.job import Job, Start
    from sweeps.worker.tune_trial import SweepTrial

    prepared = prepared_in(folder, trials)
    build_miniatures(prepared)
    workspace = new_workspace(folder, "stores")
    job = explore_job(prepared, make_stores(prepared, workspace, ("train", "validation"), Console(quiet=True)), "-")
    proposals = OptunaProposals(prepared.spec, decisions=Decisions(AS_THEY_COME, trials))
    asked = [proposals.next() or ("", {}) for _ in range(trials)]
    own_points = folder / "points"  # not counted: Tune's checkpoints stand for them
    configs = [Start(own_points / name, searching(prepared.spec, sample)).as_dict() for name, sample in asked]
    from trainables.training.resume_points import newest_point

    class Documented(SweepTrial):
        """The same trial, which hands Tune what it needs to resume, as Tune's guide has it."""

        def setup(self, config: dict[str, Any], job: Job) -> None:
            super().setup(config["trial"], job)

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            return super().reset_config(new_config["trial"])

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            point = newest_point(self.own.folder, self.own.about)
            assert point is not None
            shutil.copytree(point, checkpoint_dir, dirs_exist_ok=True)

    spec, store = prepared.spec, folder / "tune"
    scheduler = asha(spec.mode, spec.train.epochs, spec.grace_epochs, spec.reduction_factor)
    store.mkdir()
    ray.init(address="local", num_cpus=prepared.profile.concurrency, include_dashboard=False, log_to_driver=False)
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(Documented, job=job), {"cpu": 1}),
        param_space={"trial": tune.grid_search(configs)},
        tune_config=tune.TuneConfig(scheduler=scheduler, reuse_actors=True),
        run_config=tune.RunConfig(
            storage_path=str(store), checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1)
        ),
    )
    _, peak = peak_while(store, tuner.fit)
    ray.shutdown()
    return peak


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.disk", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--trials", type=int, default=TRIALS, help=f"default {TRIALS}")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_TRIALS} trials")
    parser.add_argument("--side", choices=("here", "documented"), help=argparse.SUPPRESS)  # one Ray a process
    given = parser.parse_args(arguments)
    trials = QUICK_TRIALS if given.quick else given.trials
    if given.side:
        with tempfile.TemporaryDirectory() as name:
            figures = as_here(Path(name), trials) if given.side == "here" else (as_documented(Path(name), trials),)
        print("bytes", *figures)
        return 0
    # Ray reads its settings when it is imported, which some of what is used here does
    environment = os.environ | QUIET_ENVIRONMENT | AUTHENTICATION | {"AUDIO_SWEEPS_MINIATURE": "test"}
    found = {}
    for side in ("here", "documented"):
        command = [sys.executable, "-m", "benchmarks.disk", "--side", side, "--trials", str(trials)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        line = next(line for line in done.stdout.splitlines() if line.startswith("bytes "))
        found[side] = [int(word) for word in line.split()[1:]]
    (here, planned), (documented,) = found["here"], found["documented"]
    print(f"{trials} trials of up to {EPOCHS} epochs on the miniature, peak of what the files hold:")
    print(f"  Ray Tune as documented  {documented / 1e6:8.2f} MB")
    print(f"  this project            {here / 1e6:8.2f} MB   {documented / here:.1f} times less")
    print(f"  the plan's estimate     {planned / 1e6:8.2f} MB   (of the whole sweep, stage 2 included)")
    return int(here > planned)


if __name__ == "__main__":
    sys.exit(main())
