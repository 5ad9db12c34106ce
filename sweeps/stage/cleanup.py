"""What a sweep's trials leave on the disk, and when it goes: nothing stays that nothing can need any more.

While a trial trains it has its resume points (the newest two); when it is over they go. Of stage 1 only the adapters
of those that would be finalists now are kept, of the others what they said of the validation clips. Stage 2 keeps the
adapter and the answers of every run: they are what a sweep is for.
"""

from __future__ import annotations

from pathlib import Path

from sweeps.config.resolve import baseline_config
from sweeps.config.spec import SweepSpec
from sweeps.search.finalists import choose_finalists, explored
from sweeps.state.progress import COMPLETED, FAILED, StageProgress, TrialProgress
from sweeps.state.workspace import remove
from trainables.training.resume_points import FINAL, points


class Housekeeper:
    """An observer of stage 1, or of stage 2 (`spec` None), that tidies up after each trial."""

    def __init__(self, progress: StageProgress, spec: SweepSpec | None = None) -> None:
        self.progress, self.spec = progress, spec

    def started(self, trial: TrialProgress) -> None: ...

    def reported(self, trial: TrialProgress) -> None: ...

    def retried(self, trial: TrialProgress) -> None: ...

    def ended(self, trial: TrialProgress) -> None:
        # the next session may try a failed one again, from where it was
        if trial.status != FAILED:
            remove(points(trial.folder))
        if self.spec is not None and trial.status == COMPLETED:
            remove(losers_adapters(self.progress, self.spec))

    def catch_up(self) -> None:
        """What a driver that was killed had not come to."""
        for trial in self.progress.trials.values():
            if trial.over:
                self.ended(trial)

    def all_over(self) -> None:
        """The stage is at its end: what failed is not tried again."""
        for trial in self.progress.trials.values():
            remove(points(trial.folder))


def losers_adapters(progress: StageProgress, spec: SweepSpec) -> list[Path]:
    """The adapters of completed trials of stage 1 that would be no finalists now."""
    completed = {trial.name: trial for trial in progress.trials.values() if trial.status == COMPLETED}
    ranked = [explored(trial) for trial in completed.values()]
    baseline_id = baseline_config(spec).config_id
    chosen = choose_finalists(ranked, spec.finalists, mode=spec.mode, baseline_id=baseline_id)
    losers = completed.keys() - {trial.trial_id for trial in chosen}
    return [path for name in sorted(losers) for path in completed[name].folder.glob(f"{FINAL}/*/adapter")]
