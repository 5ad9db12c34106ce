"""Why a trial was pruned: the rung, its value there and the cut, found again from the order in which results came.

The rule is that of asynchronous successive halving (Li et al. 2020, arXiv 1810.05934): at a rung a trial goes on unless
it is below the (1 - 1/reduction factor) quantile of those before it. Which these are, the journal says: in order, the
trials of lower numbers (`sweeps.state.decisions`); as they come, those whose results were there, as Ray Tune decides
with one bracket; Hyperband does so in each of several. Needs neither Ray nor the sweep's processes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeps.config.pruner_rules import brackets_in_turn
from sweeps.search.cut import cut_of, passes
from sweeps.state.decisions import Decisions
from sweeps.state.progress import DECISIONS, StageProgress


@dataclass(frozen=True)
class Cut:
    """What a trial met at a rung. All values are objectives: the metric with its tie-break."""

    epoch: int  # the rung
    objective: float
    cut: float | None  # None: it was held against none
    seen: int  # trials that it was held against

    def passed(self, mode: str) -> bool:
        return passes(self.objective, self.cut, mode)


class Rungs:
    """The rungs of one bracket."""

    def __init__(self, mode: str, epochs: int, grace_epochs: int, reduction_factor: int) -> None:
        self.mode, self.reduction_factor = mode, reduction_factor
        count = int(math.log(max(epochs, grace_epochs) / grace_epochs) / math.log(reduction_factor) + 1)
        # highest first: a result counts at the highest rung that its epoch has reached
        self.of_epoch = {grace_epochs * reduction_factor**power: dict[str, float]() for power in reversed(range(count))}

    def meet(self, name: str, epoch: int, objective: float) -> Cut | None:
        """Notes a result; the cut that it met, None where it met no rung."""
        for rung, known in self.of_epoch.items():
            if epoch < rung or name in known:
                continue
            met = Cut(rung, objective, self._cut(list(known.values())), len(known))
            known[name] = objective
            return met
        return None

    def in_order(self, epoch: int, objective: float, others: Sequence[Mapping[int, float]]) -> Cut | None:
        """The cut by trials of lower numbers, each its objectives by epoch; None where `epoch` is no rung."""
        if epoch not in self.of_epoch:
            return None
        first = (min((e for e in other if e >= epoch), default=None) for other in others)
        values = [other[at] for other, at in zip(others, first, strict=True) if at is not None]
        return Cut(epoch, objective, self._cut(values), len(values))

    def _cut(self, known: list[float]) -> float | None:
        return cut_of(known, self.mode, self.reduction_factor)


def cuts(
    progress: StageProgress,
    *,
    mode: str,
    epochs: int,
    grace_epochs: int,
    reduction_factor: int,
    kind: Callable[[Mapping[str, Any]], Any] = lambda given: None,
    bracket_shares: Sequence[int] = (1,),
) -> dict[str, list[Cut]]:
    """Trial -> the cuts that it met, in order; the last of a pruned one is what ended it. `kind` of what a trial is
    given: only trials of one kind were held against each other, and of several brackets those of the same one."""
    rungs: dict[Any, Rungs] = {}
    turns: dict[Any, Iterator[int]] = defaultdict(lambda: brackets_in_turn(bracket_shares))
    kinds: dict[str, tuple[Any, int]] = {}  # trial -> its kind and bracket
    alike: dict[Any, list[str]] = {}  # trials of a kind, by their numbers
    reached: dict[str, dict[int, float]] = {}  # trial -> epoch -> objective
    found: dict[str, list[Cut]] = {name: [] for name in progress.trials}
    decisions: Decisions | None = None
    for event in progress.events:
        if event["event"] == DECISIONS:
            decisions = Decisions.of_event(event)
        elif event["event"] == "asked":
            value = kind(event["given"])
            kinds[event["trial"]] = (value, next(turns[value]))
            alike.setdefault(kinds[event["trial"]], []).append(event["trial"])
            reached.setdefault(event["trial"], {})
        elif event["event"] == "result":
            name, epoch, objective = event["trial"], event["result"]["epoch"], event["result"]["objective"]
            reached[name][epoch] = objective
            of = kinds[name]
            first = grace_epochs * reduction_factor ** of[1]
            own = rungs.setdefault(of, Rungs(mode, epochs, first, reduction_factor))
            met = own.meet(name, epoch, objective)
            if decisions is not None and decisions.in_order:
                place = alike[of].index(name)
                before = alike[of][: max(0, place - decisions.unknown_at_rung)]
                met = own.in_order(epoch, objective, [reached[other] for other in before])
            if met is not None:
                found[name].append(met)
    return found
