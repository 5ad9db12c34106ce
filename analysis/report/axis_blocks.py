"""What each axis is worth, as the report shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from analysis.record.sweep import Recorded, Trial
from analysis.report import plots_search
from analysis.report.axis_effects import EFFECTS_MEAN, axis_effects
from analysis.report.document import Block, Picture, Pictures, Table, Text
from analysis.report.numbers import value

STREAM = 42  # of the resamples: the same record, the same report


def effect_blocks(stages: Sequence[tuple[str, Sequence[Trial], Sequence[float]]], recorded: Recorded) -> list[Block]:
    """Before anything else: by how much each axis changes the objective."""
    columns = [
        (title, axis_effects(axes_of(trials, recorded), values, mode=recorded.mode, rng=np.random.default_rng(STREAM)))
        for title, trials, values in stages
    ]
    known = [(title, found) for title, found in columns if found.effects]
    if not known:
        return []
    svg = plots_search.axis_effects(known, recorded.objective)
    caption = f"Marginal difference in {recorded.objective} between an axis's best and worst value."
    header = (
        "axis",
        "when",
        f"difference in {recorded.objective}",
        "95 %",
        "best",
        "worst",
        "of the variance",
        "trials",
    )
    rows = [
        (
            each.axis + (" (where it was open)" if each.conditional else ""),
            title,
            value(each.effect) + ("" if each.clear else ", not clear"),
            f"{value(each.interval[0])} to {value(each.interval[1])}",
            shown_value(each.best),
            shown_value(each.worst),
            f"{100 * each.share:.0f} %",
            str(each.trials),
        )
        for title, found in known
        for each in found.effects
    ]
    return [
        Pictures([Picture("axis-effects", svg, caption)]),
        Table(header, rows, "Marginals of a random forest over all other axes."),
        Text(EFFECTS_MEAN, "note"),
    ]


def axes_of(trials: Sequence[Trial], recorded: Recorded) -> list[dict[str, Any]]:
    return [{axis: trial.axes[axis] for axis in recorded.axes if axis in trial.axes} for trial in trials]


def shown_value(found: object) -> str:
    if found is None:
        return "-"
    return f"{found:.3g}" if isinstance(found, float) else str(found)
