"""How a stage stands, for Prometheus: through Ray's own metrics, which every node of Ray offers at its metrics port.

Ray puts `ray_` before a name and `_total` after a counter's. Needs a Ray that was started.
`cluster/grafana_dashboard.json` draws these names.
"""

from __future__ import annotations

import math
from collections import Counter as Counts
from collections.abc import Callable
from typing import Any

from sweeps.stage.view import StageView
from sweeps.state.progress import COMPLETED, FAILED, PRUNED, RUNNING, STOPPED, StageProgress, TrialProgress

TAGS = ("sweep", "stage", "fold")
GAUGES = {
    "sweep_trials": "Trials of the stage by state.",
    "sweep_trials_planned": "Trials that the stage will have, clones included; of stage 2 at most.",
    "sweep_best_value": "The objective of the best trial so far; of stage 1 alone.",
    "sweep_pack_lanes": "Trainings that shared batches on one backbone in the epoch that ended last.",
    "sweep_epoch_seconds": "How long the epoch that ended last took.",
    "sweep_disk_bytes": "What the sweep keeps on disk, its runs' files in the record included.",
    "sweep_seconds_left": "Seconds until the stage is done, by the pace of this session; 0 when it is over.",
}
COUNTERS = {
    "sweep_epochs": "Epochs of trials that have ended in this session.",
    "sweep_clips": "Training clips that were heard in this session, once for every seed and fold.",
    "sweep_retries": "Workers that were lost and replaced in this session.",
}
STATES = (RUNNING, COMPLETED, PRUNED, FAILED, STOPPED)


class StageMetrics:
    """An observer of one stage, told after its view, whose rows it reads."""

    def __init__(
        self,
        sweep: str,
        stage: str,
        fold: str,
        progress: StageProgress,
        view: StageView,
        disk_bytes: Callable[[], int | None],
    ) -> None:
        """`disk_bytes`: what the sweep keeps, None where that is not known yet."""
        from ray.util.metrics import Counter, Gauge

        self.progress, self.view, self.disk_bytes = progress, view, disk_bytes
        self.tags = {"sweep": sweep, "stage": stage, "fold": fold}
        keys = {name: (*TAGS, "state") if name == "sweep_trials" else TAGS for name in GAUGES}
        self.gauges: dict[str, Any] = {name: Gauge(name, text, tag_keys=keys[name]) for name, text in GAUGES.items()}
        self.counters: dict[str, Any] = {name: Counter(name, text, tag_keys=TAGS) for name, text in COUNTERS.items()}
        self.stands()

    def started(self, trial: TrialProgress) -> None:
        self.stands()

    def reported(self, trial: TrialProgress) -> None:
        last = trial.last
        self._set("sweep_pack_lanes", last.get("pack_lanes"))
        self._set("sweep_epoch_seconds", last.get("step_seconds"))
        self.counters["sweep_epochs"].inc(1, self.tags)
        if clips := last.get("train_clips"):  # Ray refuses to add nothing
            self.counters["sweep_clips"].inc(clips, self.tags)
        self.stands()

    def retried(self, trial: TrialProgress) -> None:
        self.counters["sweep_retries"].inc(1, self.tags)
        self.stands()

    def ended(self, trial: TrialProgress) -> None:
        self.stands()

    def stands(self) -> None:
        """Trials, the best of them, disk and time as they are now."""
        states = Counts(trial.status for trial in self.progress.trials.values())
        for state in STATES:
            self.gauges["sweep_trials"].set(states[state], {**self.tags, "state": state})
        best = self.view.best()
        self._set("sweep_trials_planned", self.view.total)
        self._set("sweep_best_value", None if best is None else best.value)
        self._set("sweep_disk_bytes", self.disk_bytes())
        self._set("sweep_seconds_left", self.view.seconds_left())

    def all_over(self) -> None:
        self.stands()
        self._set("sweep_seconds_left", 0.0)

    def _set(self, name: str, value: float | None) -> None:
        """A value that is not known, or no number, is left as it was."""
        if value is not None and math.isfinite(value):
            self.gauges[name].set(value, self.tags)
