"""Which runs stage 2 has: every arm under every seed, and the untuned backbone once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sweeps.search.finalists import Explored
from sweeps.state.assignment import UNTUNED, Assignment, confirming
from trainables.config import FULL, TrialConfig


def confirm_runs(
    finalists: Sequence[Explored], baseline: TrialConfig, seeds: Sequence[int], *, untuned: bool
) -> list[Assignment]:
    """Every arm under every seed; arms on the same backbone stand together, so that workers stay warm."""
    arms = [(f"finalist {rank}", "finalist", trial.config) for rank, trial in enumerate(finalists, start=1)]
    arms.append(("baseline", "baseline", baseline))
    runs = [confirming(arm, role, config, seed) for arm, role, config in arms for seed in seeds]
    if untuned and finalists:
        # the untuned backbone is the best finalist's: the same size, the same quantization
        # with the whole window, as it was made: cut and not tuned, it can repeat itself without end
        runs.append(confirming(UNTUNED, UNTUNED, replace(finalists[0].config, window_seconds=FULL), None))
    return sorted(runs, key=lambda run: (run.config.backbone, run.config.model_size, run.config.quantization))
