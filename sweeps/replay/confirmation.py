"""When would a recorded stage 2 have been decided? Its answers, seed by seed, through the looks of a sequential one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.stats.looks import FEWEST_SEEDS, interim_looks
from sweeps.config.spec import SweepSpec
from sweeps.judge import interim_look

if TYPE_CHECKING:
    from analysis.record.reader import SweepRuns
    from trainables.contract import Task

BASELINE = "baseline"


@dataclass(frozen=True)
class Decided:
    """Of a stage 2 that was trained whole."""

    runs: int  # that were trained, without the untuned backbone
    needed: int
    seeds: int  # of the arm that would have gone on longest
    planned: int
    decided: tuple[tuple[str, str], ...]  # arm, how: better, worse, futile, not worth it

    @property
    def sentence(self) -> str:
        if self.needed == self.runs:
            return f"Its confirmation takes all {self.runs} runs with looks on the way too: nothing is decided before."
        how = ", ".join(f"{arm} {how}" for arm, how in self.decided)
        return (
            f"Its confirmation would have been decided after {self.needed} of {self.runs} runs ({self.seeds} of "
            f"{self.planned} seeds; {how}): confirm={{stop: sequential}}, the default."
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def decided_after(record: SweepRuns, spec: SweepSpec, task: Task, seeds: Sequence[int]) -> Decided | None:
    """`seeds` in the order in which they were to be trained. None where there is nothing to save: fewer than three, a
    stage that was looked at already, outer folds, or runs that are missing."""
    if record.interim or spec.data.outer_folds or len(seeds) < FEWEST_SEEDS:
        return None
    arms = {arm: record.pooled(runs).by_seed for arm, runs in record.arms().items() if runs[0].role != "untuned"}
    if BASELINE not in arms or any(set(answers) != set(seeds) for answers in arms.values()):
        return None
    looks, still = interim_looks(len(seeds)), tuple(arm for arm in arms if arm != BASELINE)
    there = dict.fromkeys(arms, looks[0])
    decided: list[tuple[str, str]] = []
    for look in looks:
        there |= dict.fromkeys([*still, BASELINE], look)
        if look == len(seeds):
            break
        answers = {arm: {seed: arms[arm][seed] for seed in seeds[: there[arm]]} for arm in arms}
        found = interim_look(spec, task, answers, looks=looks, still=still, look=record.look - 1)
        decided += [(each.arm, each.how) for each in found.decided]
        still = found.open
        if not still:
            break
    return Decided(len(arms) * len(seeds), sum(there.values()), max(there.values()), len(seeds), tuple(decided))
