"""The process in which several trials train; Tune knows each of them by its proxy (sweeps/worker/proxy.py).

Who holds a handle of an actor loads the actor's class: what needs torch is imported in the actor alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sweeps.worker.job import Job

if TYPE_CHECKING:
    from sweeps.worker.packed_trial import SharedTrial


class PackHost:
    """A process with an accelerator, or a core, of its own: a Ray actor that answers several proxies at once."""

    def __init__(self, job: Job) -> None:
        from sweeps.worker.meeting import Meeting
        from trainables.packing.packer import Packer

        self.job = job
        self.trials: dict[str, SharedTrial] = {}
        packer = Packer(job.spec.packing, clip_room_bytes=job.engine_budget_bytes)
        self.meeting = Meeting(packer, expected=lambda: len(self.trials))

    def open(self, name: str, config: dict[str, Any]) -> None:
        """A new trial, or one whose proxy was lost, from its last resume point."""
        from sweeps.worker.packed_trial import SharedTrial

        with self.meeting.changed:
            self.close(name)
            trial = SharedTrial.__new__(SharedTrial)  # Tune's own constructor is for Tune's workers
            trial.meeting = self.meeting
            trial.setup(config, self.job)
            self.trials[name] = trial
            self.meeting.changed.notify_all()

    def step(self, name: str) -> dict[str, Any]:
        """Its next result; waits for the others' epochs to begin."""
        with self.meeting.changed:
            return self.trials[name].step()

    def close(self, name: str) -> None:
        with self.meeting.changed:
            trial = self.trials.pop(name, None)
            if trial is not None:
                self.meeting.dismiss(trial.lanes)
                trial.close_lanes()
            self.meeting.changed.notify_all()
