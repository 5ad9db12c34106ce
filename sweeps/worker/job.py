"""What a worker is told, of a stage (`Job`) and of a trial (`Start`): plain values that travel through Ray.

A stage 1 job names no test data: the test store does not exist before stage 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sweeps.config.spec import SweepSpec
from sweeps.state.assignment import Assignment
from sweeps.state.workspace import EXPLORE
from trainables.records import NO_FOLD


@dataclass(frozen=True)
class Job:
    spec: SweepSpec
    stage: str  # explore | confirm
    stores: Mapping[str, str]  # split -> folder of its store
    precision: str  # fp32 | bf16 | fp16
    engine_settings: Mapping[str, Any]  # fields of trainables.training.engine.EngineSettings
    engine_budget_bytes: int  # memory that a worker may fill with warm backbones
    miniature_recipe: str | None = None  # None: published weights
    revisions: Mapping[str, str] = field(default_factory=dict)  # checkpoint -> commit of its hub repository
    folds: Mapping[str, str] = field(default_factory=dict)  # example id -> inner fold; stage 1 only
    outer_fold: str = NO_FOLD
    trials_per_worker: int = 1  # of stage 1; more: they train in packs, behind proxies

    @property
    def trials_together(self) -> int:
        """Trials in one process. Stage 2 trains every run alone."""
        return self.trials_per_worker if self.stage == EXPLORE else 1

    @property
    def packing(self) -> str | int:
        """How lanes of one process are packed. Stage 2 trains every run alone."""
        return self.spec.packing if self.stage == EXPLORE else "off"

    @property
    def tests(self) -> list[str]:
        """The splits that a finished run answers, once: `test` and the further ones; in stage 1 none."""
        return [split for split in self.stores if split not in ("train", "validation")]


@dataclass(frozen=True)
class Start:
    """Where a worker begins a trial, or goes on with it."""

    folder: Path  # of its resume points; empty for a new trial
    assignment: Assignment
    known_results: int = 0  # that the driver has
    batch_parts: int = 1  # forward passes that a batch is cut into

    def as_dict(self) -> dict[str, Any]:
        """Plain values only: Tune's configuration of a trial."""
        return {
            "folder": str(self.folder),
            "assignment": self.assignment.as_dict(),
            "known_results": self.known_results,
            "batch_parts": self.batch_parts,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Start:
        assignment = Assignment.from_dict(values["assignment"])
        return cls(Path(values["folder"]), assignment, int(values["known_results"]), int(values["batch_parts"]))


def tie_broken(value: float, loss: float, mode: str) -> float:
    """The objective with a tie-break of at most 1e-6 by validation loss: ASHA compares strictly, so on equal scores it
    would prune nothing."""
    penalty = 1e-6 * (loss / (1.0 + loss) if loss >= 0 else 0.0)
    return value - penalty if mode == "max" else value + penalty
