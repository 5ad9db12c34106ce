"""A round of a sweep: explore, fix the finalists, confirm. In outer cross-validation there is one for every fold."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sweeps.config.resolve import baseline_config
from sweeps.confirm.runs import confirm_runs
from sweeps.confirm.stage import Confirmed, confirm
from sweeps.control.steering import Steering
from sweeps.explore import explore
from sweeps.plan.prepare import Prepared
from sweeps.search.finalists import Explored, choose_finalists, same_in_every_fold
from sweeps.stage.inputs import explore_job, make_stores, pin_revisions, say_heard
from sweeps.stage.run import Session
from sweeps.state.manifest import note_look
from sweeps.state.workspace import CONFIRM
from trainables.errors import SweepFailed
from trainables.records import NO_FOLD


@dataclass(frozen=True)
class Outcome:
    """One round as it ended."""

    fold: str
    explored: tuple[Explored, ...]
    finalists: tuple[Explored, ...]
    confirmed: tuple[Confirmed, ...]


def run_round(prepared: Prepared, session: Session, steering: Steering) -> Outcome:
    """One whole sweep, or that of one outer fold. Raises SweepFailed where no trial or no confirm run was completed,
    SweepStopped where an overseer ends a stage."""
    spec, workspace, tracker, console = prepared.spec, session.workspace, session.tracker, session.console
    fold = workspace.outer_fold
    if fold != NO_FOLD:
        held_out = len(prepared.of_split("test"))
        console.print(f"\nOuter fold {fold}: {held_out} clips held out for its test", style="bold", markup=False)
    stores = make_stores(prepared, workspace, ("train", "validation"), console)
    say_heard(prepared, stores, console)
    job = explore_job(prepared, stores, fold, pin_revisions(prepared, workspace))
    explored = explore(session, job, steering)
    baseline = baseline_config(spec)
    finalists = choose_finalists(explored, spec.finalists, mode=spec.mode, baseline_id=baseline.config_id)
    if finalists and spec.finalists.per and fold != NO_FOLD:
        values = [value for axis in spec.axes if axis.name == spec.finalists.per for value in axis.values]
        finalists = same_in_every_fold(finalists, spec.finalists.per, dict.fromkeys(values))
    if not finalists:
        raise SweepFailed("no trial was completed, so there is no finalist to confirm; lower asha.grace_epochs")
    tracker.log_finalists(
        [
            {"config_id": trial.config.config_id, "trial_id": trial.trial_id, "value": trial.value, **trial.sample}
            for trial in finalists
        ],
        fold=fold,
    )
    # Only now does the test data become a store that a worker can open.
    stores = make_stores(prepared, workspace, ("test", *prepared.evaluations), console)
    say_heard(prepared, stores, console)
    tracker.log_looks(note_look(workspace, spec.confirm_seeds))
    session.flush()  # a look at the test data is never forgotten
    confirmed = confirm(
        session,
        replace(job, stage=CONFIRM, stores={**job.stores, **stores}, folds={}),
        confirm_runs(finalists, baseline, spec.confirm_seeds, untuned=prepared.task.answers_untuned),
        prepared.task,
        steering,
    )
    return Outcome(fold, tuple(explored), tuple(finalists), tuple(confirmed))
