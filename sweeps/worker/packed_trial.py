"""A trial that lives with others in one process and trains with them in packs."""

from __future__ import annotations

from collections.abc import Sequence

from sweeps.worker.meeting import Meeting
from sweeps.worker.tune_trial import WATCHDOG, SweepTrial
from trainables.packing.packer import Outcome
from trainables.process.warm_engines import free_memory
from trainables.process.watchdog import HANG_FILE
from trainables.training.lane import Lane


class SharedTrial(SweepTrial):
    """A trial whose epochs are trained where it meets others."""

    meeting: Meeting

    def train_lanes(self, lanes: Sequence[Lane]) -> list[tuple[Outcome, int]]:
        WATCHDOG.stop()  # while it waits, somebody else's batches are watched
        try:
            found = self.meeting.train(lanes, self.clip_bytes, watch=lambda: WATCHDOG.start(self.folder / HANG_FILE))
            self.trials_met = self.meeting.met
            return found
        finally:
            WATCHDOG.start(self.folder / HANG_FILE)

    def make_room(self) -> None:
        free_memory()  # others train on the backbones that are loaded
