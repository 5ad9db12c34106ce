"""Stage 1: Optuna proposes, ASHA prunes, and nobody sees a test clip."""

from __future__ import annotations

from dataclasses import asdict

from sweeps.config.sampler_rules import SAMPLERS
from sweeps.control.steering import SearchSteering, Steering
from sweeps.search.finalists import Explored, explored
from sweeps.search.rungs import make_pruner
from sweeps.search.sampler import OptunaProposals
from sweeps.stage.run import Session, run_stage
from sweeps.state.decisions import Decisions
from sweeps.state.progress import FAILED, StageProgress
from sweeps.state.workspace import EXPLORE
from sweeps.worker.job import Job
from trainables.errors import SweepFailed


def explore(session: Session, job: Job, steering: Steering) -> list[Explored]:
    """Runs the trials, or what is left of them, and returns them in the order in which they were proposed.

    Raises SweepFailed where every trial failed, SweepStopped where an overseer ends the stage.
    """
    spec = job.spec
    seeds = len(spec.explore_seeds)
    progress = StageProgress(session.workspace.stage(EXPLORE), spec)
    progress.space([asdict(axis) for axis in spec.axes])
    decisions = progress.decide(Decisions(spec.decisions, session.profile.concurrency * job.trials_together))
    learns = SAMPLERS[spec.sampler].learns
    session.tracker.note_decisions(decisions.in_words if learns else f"{decisions.order}, {decisions.places} at once")
    proposals = OptunaProposals(spec, decisions=decisions)
    proposals.replay(progress)
    if proposals.left_out:
        session.console.print(
            f"{proposals.left_out} of {proposals.earlier} earlier trials lie outside the space as it is now: the "
            "sampler does not hear of them; they may still become finalists",
            soft_wrap=True,
        )
    pruner = make_pruner(spec, progress, decisions)
    run_stage(
        session,
        job,
        progress,
        proposals,
        title=f"Explore: {spec.trials} trials" + (f", {seeds} seeds each" if seeds > 1 else ""),
        trials=spec.trials,
        columns=list(dict.fromkeys(axis.name for axis in spec.axes)),  # several may have one name
        overseers=[SearchSteering(steering, spec, progress, proposals)],
        paused=lambda: steering.paused,
        pruner=pruner,
    )
    trials = list(progress.trials.values())
    if all(trial.status == FAILED for trial in trials):
        raise SweepFailed(
            f"every trial failed, the first with: {trials[0].reason}; see {trials[0].folder / 'error.txt'} for the rest"
        )
    return [explored(trial) for trial in trials]
