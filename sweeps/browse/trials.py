"""The trials of a stage as a table's rows: what is shown of each, in which order, and which are left out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

from sweeps.browse.watch import Stage
from sweeps.config.axis import Axis
from sweeps.stage.live_table import SHORT, short
from sweeps.state.assignment import UNTUNED, values_of, values_shown
from sweeps.state.progress import COMPLETED, FAILED, PRUNED, RUNNING, STOPPED, TrialProgress

PAGE_ROWS = 100
DRAWN_BEST, DRAWN_REST = 60, 240
STATES = (RUNNING, "stopping", COMPLETED, PRUNED, STOPPED, FAILED)
BEST = "best"  # the order in which a table opens: what runs, then the best first
STAGE_2_AXES = (
    "backbone", "model_size", "quantization", "adapter", "rank", "alpha_ratio", "target_modules", "learning_rate"
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """What a person asked for: the query of a page's address."""

    stage: str | None = None
    sort: str = BEST  # best | trial | state | epoch | value | axis.NAME
    descending: bool = False
    pruned: bool = True  # whether pruned trials are shown
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> View:
        """Whatever cannot be understood is as if it had not been said."""
        page = query.get("page", "")
        return cls(
            stage=query.get("stage"),
            sort=query.get("sort", BEST)[:80],
            descending=query.get("order") == "desc",
            pruned=query.get("pruned") != "hide",
            page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 7 and int(page) else 1,
        )

    @property
    def query(self) -> str:
        """`?sort=value&order=desc`; empty for the view that a page opens with."""
        words = {
            "stage": self.stage,
            "sort": None if self.sort == BEST else self.sort,
            "order": "desc" if self.descending else None,
            "pruned": None if self.pruned else "hide",
            "page": str(self.page) if self.page > 1 else None,
        }
        given = {name: word for name, word in words.items() if word is not None}
        return f"?{urlencode(given)}" if given else ""

    def but(self, **changes: Any) -> View:
        return replace(self, **{"page": 1, **changes})


@dataclass(frozen=True)
class Column:
    name: str  # as `View.sort` names it
    title: str
    full: str  # title in whole words, where it is a short one
    numeric: bool


@dataclass(frozen=True)
class Table:
    columns: tuple[Column, ...]
    rows: tuple[TrialProgress, ...]  # of this page
    shown: int  # rows on all pages
    counts: Mapping[str, int]  # state -> trials, of all
    pages: int
    best: TrialProgress | None


def state(trial: TrialProgress) -> str:
    """The status; of a running trial also whether it is starting or about to be stopped."""
    if trial.status != RUNNING:
        return trial.status
    return "stopping" if trial.stopping else RUNNING if trial.results else "starting"


def number(trial: TrialProgress) -> str:
    """`3` of trial_00003, as sweeps.control takes it; a run of stage 2 has its name."""
    tail = trial.name.rpartition("_")[2]
    return str(int(tail)) if tail.isdigit() else trial.name


def objective(trial: TrialProgress) -> float | None:
    """What ranks it; None before its first epoch, or where it is no number."""
    last = trial.last
    found = last.get("objective", last.get("value"))
    return found if found.__class__ in (float, int) and math.isfinite(found) else None


def best_of(stage: Stage, mode: str) -> TrialProgress | None:
    """Of the search, among those that can become finalists: what was completed, or runs. In stage 2 nobody looks for a
    best seed."""
    able = [trial for trial in stage.progress.trials.values() if trial.status in (COMPLETED, RUNNING)]
    scored = [(found, trial) for trial in able if (found := objective(trial)) is not None]
    if not scored or not stage.searches:
        return None
    return (max if mode == "max" else min)(scored, key=itemgetter(0))[1]


def axis_names(stage: Stage) -> list[str]:
    """Open axes in the file's order; of stage 2, whose runs are whole configurations, those that differ."""
    if stage.searches:
        told = [axis["name"] for axis in stage.axes]
        points = dict.fromkeys(tuple(trial.given) for trial in stage.progress.trials.values())
        return list(dict.fromkeys([*told, *(name for names in points for name in names)]))
    runs = [values_of(trial.given) for trial in stage.progress.trials.values()]
    return [name for name in STAGE_2_AXES if len({repr(run.get(name)) for run in runs}) > 1]


def open_axes(stage: Stage) -> list[Axis]:
    """What is open now, with conditions as a sweep file gives them."""
    return [
        Axis(
            axis["name"],
            axis["kind"],
            tuple(axis["values"]),
            {name: tuple(values) for name, values in axis.get("when", {}).items()},
        )
        for axis in stage.axes
    ]


def table(stage: Stage, view: View, mode: str, metric: str) -> Table:
    trials = list(stage.progress.trials.values())
    counts = Counter(state(trial) for trial in trials)
    kept = [trial for trial in trials if view.pruned or trial.status != PRUNED]
    axes = axis_names(stage)
    columns = (
        Column("trial", "trial", "", numeric=stage.searches),
        Column("state", "state", "", numeric=False),
        Column("epoch", "epoch", "", numeric=True),
        Column("value", metric, "", numeric=True),
        *(Column(f"axis.{name}", SHORT.get(name, name), name, _numeric(trials, name)) for name in axes),
    )
    rows = _ordered(kept, view, mode)
    pages = max(1, math.ceil(len(rows) / PAGE_ROWS))
    first = (min(view.page, pages) - 1) * PAGE_ROWS
    page = tuple(rows[first : first + PAGE_ROWS])
    return Table(columns, page, len(rows), counts, pages, best_of(stage, mode))


def _numeric(trials: Sequence[TrialProgress], name: str) -> bool:
    known = [value for trial in trials[:50] if (value := values_of(trial.given).get(name)) is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)


def _ordered(trials: list[TrialProgress], view: View, mode: str) -> list[TrialProgress]:
    sign = -1.0 if mode == "max" else 1.0
    if view.sort not in ("trial", "state", "epoch", "value") and not view.sort.startswith("axis."):
        places = {trial.name: place for place, trial in enumerate(trials)}

        def rank(trial: TrialProgress) -> tuple[int, float]:
            if not trial.over:
                return 0, -float(places[trial.name])
            found = objective(trial)
            return (2, 0.0) if found is None else (1, sign * found)

        return sorted(trials, key=rank)
    if view.sort == "trial":
        return trials[::-1] if view.descending else trials

    def key(trial: TrialProgress) -> Any:
        if view.sort == "state":
            found = state(trial)
            return STATES.index(found) if found in STATES else -1
        if view.sort == "epoch":
            return trial.last.get("epoch", 0)
        if view.sort == "value":
            return objective(trial)
        return values_of(trial.given).get(view.sort.removeprefix("axis."))

    keyed = [(key(trial), trial) for trial in trials]
    known = [(found, trial) for found, trial in keyed if found is not None]
    numbers = all(isinstance(found, int | float) for found, _ in known)
    known.sort(key=itemgetter(0) if numbers else lambda each: str(each[0]), reverse=view.descending)
    return [trial for _, trial in known] + [trial for found, trial in keyed if found is None]  # last either way


@dataclass(frozen=True)
class Drawn:
    """What a picture shows: all trials, or of very many the best, those that run, and every n-th of the rest."""

    rest: tuple[TrialProgress, ...]  # drawn as one faint shape, below the others
    single: tuple[TrialProgress, ...]  # each a link of its own: running ones, then the better the later

    @property
    def all(self) -> tuple[TrialProgress, ...]:
        return (*self.rest, *self.single)


def drawn(trials: Sequence[TrialProgress], mode: str) -> Drawn:
    sign = 1.0 if mode == "max" else -1.0
    running = [trial for trial in trials if not trial.over]
    over = [trial for trial in trials if trial.over]
    over.sort(key=lambda trial: -math.inf if (found := objective(trial)) is None else sign * found)
    rest = over[:-DRAWN_BEST]
    step = max(1, math.ceil(len(rest) / DRAWN_REST))
    return Drawn(tuple(rest[::step]), (*running, *over[-DRAWN_BEST:]))


def seconds_trained(trial: TrialProgress) -> float:
    return float(sum(result.get("step_seconds") or 0.0 for result in trial.results))


def value_text(trial: TrialProgress) -> str:
    found, spread = trial.last.get("value"), trial.last.get("value_se")
    if not isinstance(found, int | float):
        return "–"
    return f"{found:.4f}" + (f" ± {spread:.4f}" if isinstance(spread, int | float) else "")


def epoch_text(trial: TrialProgress) -> str:
    """`3/10`; of the untuned backbone, which is not trained, a dash."""
    if trial.given.get("role") == UNTUNED:
        return "–"
    return f"{trial.last.get('epoch', 0)}/{trial.last.get('planned_epochs') or '?'}"


def cell(trial: TrialProgress, name: str) -> str:
    """A value of an axis as a table shows it."""
    found = values_shown(trial.given).get(name)
    return "–" if found is None else short(found)
