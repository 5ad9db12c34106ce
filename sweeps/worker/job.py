"""What a worker is told about a stage, besides the configuration: plain values that travel through Ray.

A stage 1 job names no test data: the test store does not exist before stage 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeps.config.spec import SweepSpec
from sweeps.state.workspace import EXPLORE
from trainables.config import TrialConfig
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
    def tests(self) -> list[str]:
        """The splits that a finished run answers, once: `test` and the further ones; in stage 1 none."""
        return [split for split in self.stores if split not in ("train", "validation")]


@dataclass(frozen=True)
class ConfirmRun:
    """One training (or one look, for the untuned backbone) of stage 2."""

    arm: str  # finalist 1, finalist 2, ... | baseline | untuned
    role: str  # finalist | baseline | untuned
    config: TrialConfig
    seed: int | None  # None: nothing is trained

    @property
    def name(self) -> str:
        """`finalist-1-seed-123`: a folder that a person can find again."""
        arm = self.arm.replace(" ", "-")
        return arm if self.seed is None else f"{arm}-seed-{self.seed}"

    def as_dict(self) -> dict[str, Any]:
        return {"arm": self.arm, "role": self.role, "config": self.config.as_dict(), "seed": self.seed}


def tie_broken(value: float, loss: float, mode: str) -> float:
    """The objective with a tie-break of at most 1e-6 by validation loss: ASHA compares strictly, so on equal scores it
    would prune nothing."""
    penalty = 1e-6 * (loss / (1.0 + loss) if loss >= 0 else 0.0)
    return value - penalty if mode == "max" else value + penalty
