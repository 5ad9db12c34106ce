"""Trials that live together in one process and train in packs; Tune knows each by its proxy (sweeps/proxy.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sweeps.failures import HANG_FILE
from sweeps.job import Job
from sweeps.meeting import Meeting
from sweeps.trial import WATCHDOG, SweepTrial
from trainables.loop import Lane
from trainables.packer import Outcome, Packer
from trainables.warm import free_memory


class SharedTrial(SweepTrial):
    """A trial whose epochs are trained where it meets others."""

    meeting: Meeting

    def train_lanes(self, lanes: Sequence[Lane]) -> list[tuple[Outcome, int]]:
        WATCHDOG.stop()  # while it waits, somebody else's batches are watched
        try:
            return self.meeting.train(lanes, self.clip_bytes, watch=lambda: WATCHDOG.start(self.folder / HANG_FILE))
        finally:
            WATCHDOG.start(self.folder / HANG_FILE)

    def make_room(self) -> None:
        free_memory()  # others train on the backbones that are loaded


class PackHost:
    """A process with an accelerator, or a core, of its own: a Ray actor that answers several proxies at once."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.trials: dict[str, SharedTrial] = {}
        packer = Packer(job.spec.packing, clip_room_bytes=job.engine_budget_bytes)
        self.meeting = Meeting(packer, expected=lambda: len(self.trials))

    def open(self, name: str, config: dict[str, Any]) -> None:
        """A new trial, or one whose proxy was lost, from its last resume point."""
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
