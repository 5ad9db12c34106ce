"""The runs of stage 2 in the order of its looks: as many seeds as a look needs, then a decision, then the next.

A look is over when every run before it is: nobody's speed decides what is known at it. What it decided is in the
stage's journal, so that a session that goes on takes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sweeps.state.assignment import Assignment
from sweeps.state.progress import COMPLETED, StageProgress

if TYPE_CHECKING:
    from analysis.verdict.interim import Interim

FINALIST, BASELINE = "finalist", "baseline"


@dataclass(frozen=True)
class Looked:
    """What a look came to, as the journal has it."""

    seeds: int
    open: tuple[str, ...]  # finalists that go on
    decided: tuple[Mapping[str, Any], ...] = ()  # arm, how (analysis.verdict.interim), chance
    reason: str = ""  # why nothing was decided, where nothing could be

    @classmethod
    def of(cls, found: Interim) -> Looked:
        return cls(found.seeds, found.open, tuple(asdict(each) for each in found.decided))

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Looked:
        return cls(event["seeds"], tuple(event["open"]), tuple(event["decided"]), event["reason"])

    def as_event(self) -> dict[str, Any]:
        return {**asdict(self), "open": list(self.open), "decided": [dict(each) for each in self.decided]}


# (finalists that are open, their seeds so far) -> what is decided
Judge = Callable[[tuple[str, ...], tuple[int, ...]], Looked]


class RunsByLook:
    """Hands out the runs up to a look, asks `judge` when they are over, and goes on with the arms that are open."""

    def __init__(
        self,
        runs: Sequence[Assignment],
        seeds: Sequence[int],
        looks: Sequence[int],
        progress: StageProgress,
        judge: Judge,
        heard: Callable[[Looked, int], None] = lambda looked, number: None,
    ) -> None:
        """`looks`: increasing numbers of `seeds`, the last one all of them. `heard` is told of every look, with its
        number from 1."""
        self.runs, self.seeds, self.looks = list(runs), tuple(seeds), tuple(looks)
        self.progress, self.judge, self.heard = progress, judge, heard
        self.open = tuple(dict.fromkeys(run.arm for run in runs if run.role == FINALIST))
        self.seen: list[Looked] = []
        self.left: list[Assignment] = []
        self.awaited: set[str] = set()  # names of runs of this look that are not over
        self._go_on()

    @property
    def ready(self) -> bool:
        return bool(self.left)

    @property
    def exhausted(self) -> bool:
        return not self.left and not self.awaited

    def next(self) -> tuple[str, Mapping[str, Any]] | None:
        if not self.left:
            return None
        run = self.left.pop(0)
        return run.name, run.given

    def tell(self, name: str, result: Mapping[str, Any] | None) -> None:
        if name not in self.awaited:  # another try of a run that had failed, whose look is over
            return
        self.awaited.discard(name)
        if not self.left and not self.awaited:
            self._look()
            self._go_on()

    def _go_on(self) -> None:
        """To the first look that has runs left to train, or to the end."""
        while len(self.seen) < len(self.looks) and self.open:
            due = self._due()
            self.left = [run for run in due if run.name not in self.progress.trials]
            self.awaited = {run.name for run in due if not self._over(run)}
            if self.awaited:
                return
            self._look()

    def _due(self) -> list[Assignment]:
        """The runs of the look that comes next."""
        begin, end = (0, *self.looks)[len(self.seen)], self.looks[len(self.seen)]
        seeds = self.seeds[begin:end]
        go_on = {*self.open, BASELINE}
        return [
            run for run in self.runs if (run.arm in go_on and run.seed in seeds) or (run.seed is None and not self.seen)
        ]

    def _over(self, run: Assignment) -> bool:
        return run.name in self.progress.trials and self.progress.trials[run.name].over

    def _look(self) -> None:
        number = len(self.seen) + 1
        noted = self.progress.looked
        last = number == len(self.looks)
        if number <= len(noted):
            looked = Looked.of_event(noted[number - 1])
        elif last:
            looked = Looked(self.looks[-1], ())
        elif failed := [run for run in self._due() if self.progress.trials[run.name].status != COMPLETED]:
            names = ", ".join(run.label for run in failed)
            looked = Looked(self.looks[number - 1], self.open, reason=f"{names} did not complete")
        else:
            looked = self.judge(self.open, self.seeds[: self.looks[number - 1]])
        if number > len(noted) and not last:
            self.progress.look(looked.as_event())
        self.seen.append(looked)
        self.open = looked.open
        if not last:
            self.heard(looked, number)
