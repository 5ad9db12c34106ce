"""Stage 1: Optuna proposes, ASHA prunes, and nobody sees a test clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from sweeps.control.steering import Steering
from sweeps.machine.profile import Profile
from sweeps.record.recorder import Recorder
from sweeps.record.tracker import Tracker
from sweeps.search.finalists import Explored, explored
from sweeps.search.pruning import make_pruner, replay_rungs
from sweeps.search.sampler import OptunaProposals
from sweeps.stage.cleanup import Housekeeper
from sweeps.stage.holds import Overseer
from sweeps.stage.run import run_stage
from sweeps.stage.view import StageView
from sweeps.state.progress import FAILED, StageProgress
from sweeps.state.workspace import EXPLORE, Workspace
from sweeps.worker.job import Job
from trainables.errors import SweepFailed


def explore(
    job: Job,
    *,
    workspace: Workspace,
    profile: Profile,
    tracker: Tracker,
    console: Console,
    overseers: Sequence[Overseer] = (),
    steering: Steering | None = None,
) -> list[Explored]:
    """Runs the trials, or what is left of them, and returns them in the order in which they were proposed.

    Raises SweepFailed where every trial failed, SweepStopped where an overseer ends the stage.
    """
    spec = job.spec
    view = StageView(
        console,
        f"Explore: {spec.trials} trials, {len(spec.explore_seeds)} seed(s) each",
        metric=spec.metric,
        mode=spec.mode,
        trials=spec.trials,
        axes=list(dict.fromkeys(axis.name for axis in spec.axes)),  # several may have one name
    )
    progress = StageProgress(workspace.stage(EXPLORE))
    progress.space([asdict(axis) for axis in spec.axes])
    proposals = OptunaProposals(spec, parallel_trials=profile.concurrency * job.trials_together)
    proposals.replay(progress)
    if proposals.left_out:
        console.print(
            f"{proposals.left_out} of {proposals.earlier} earlier trials lie outside the space as it is now: the "
            "sampler does not hear of them; they may still become finalists",
            soft_wrap=True,
        )
    pruner = make_pruner(spec, lambda name: progress.trials[name].given)
    replay_rungs(pruner, progress)
    recorder = Recorder(spec, EXPLORE, tracker.runs, outer_fold=job.outer_fold)
    recorder.catch_up(progress)
    housekeeper = Housekeeper(progress, spec)
    housekeeper.catch_up()
    if steering is not None:
        overseers = [*overseers, steering.takes(EXPLORE, spec, progress, proposals)]
    with view:
        view.catch_up(progress)
        run_stage(
            job,
            progress,
            proposals,
            profile=profile,
            observers=[recorder, view, housekeeper],
            overseers=overseers,
            pruner=pruner,
        )
    housekeeper.all_over()
    tracker.flush()
    progress.close()
    trials = list(progress.trials.values())
    if all(trial.status == FAILED for trial in trials):
        raise SweepFailed(
            f"every trial failed, the first with: {trials[0].reason}; see {trials[0].folder / 'error.txt'} for the rest"
        )
    return [explored(spec, trial) for trial in trials]
