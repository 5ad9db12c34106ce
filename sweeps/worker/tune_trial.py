"""The Tune Trainable of a trial that has its worker for itself. Imported only where Ray is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ray import tune

from sweeps.worker.job import Job, Start
from sweeps.worker.turn import Turn

if TYPE_CHECKING:
    from sweeps.worker.trial import Trial


class SweepTrial(tune.Trainable):  # type: ignore[misc]
    def setup(self, config: dict[str, Any], job: Job) -> None:
        # in the worker alone: the driver, which hands this class to Tune, does without torch
        from sweeps.worker.trial import Trial, Workplace

        self.place = Workplace(job)
        self.own: Trial = Trial(self.place, Start.from_dict(config))
        self.turn = Turn.of(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """A reused worker takes the next trial: the lanes go, the backbone stays."""
        from sweeps.worker.trial import Trial

        self.own.close()
        self.own, self.turn = Trial(self.place, Start.from_dict(new_config)), Turn.of(new_config)
        return True

    def step(self) -> dict[str, Any]:
        return self.turn.take(self.own.step())

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing for Tune: the trial's own resume points are what it is taken up from."""

    def load_checkpoint(self, checkpoint: str) -> None:
        """Nothing: see save_checkpoint."""

    def cleanup(self) -> None:
        self.own.close()
