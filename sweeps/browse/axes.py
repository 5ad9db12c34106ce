"""The search along its axes as SVG: parallel coordinates of all axes, and the objective against each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from sweeps.browse.scale import Scale, rounded, scale_of
from sweeps.browse.svg import Shown, linked_dot, linked_path, path, picture, rule, text
from sweeps.browse.trials import Drawn, objective, state, value_text
from sweeps.stage.live_table import SHORT, short
from sweeps.state.progress import COMPLETED, TrialProgress

WIDTH, HEIGHT = 920, 330
TOP, BOTTOM, SIDE, ABSENT = 34, 44, 60, 22  # ABSENT: how far below an axis its trials stand where it is closed
CELL_WIDTH, CELL_HEIGHT = 300, 190
CELL_LEFT, CELL_RIGHT, CELL_TOP, CELL_BOTTOM, CELL_INSET = 46, 16, 10, 26, 8
FIFTHS = 5
LONGEST = 14  # characters of a choice


def scales_of(axes: Sequence[Mapping[str, Any]], trials: Sequence[TrialProgress]) -> dict[str, Scale]:
    """Axis -> its scale, wide enough for these trials; axes on which they all stand alike are left out."""
    found = {}
    for name in dict.fromkeys(axis["name"] for axis in axes):
        seen = {repr(trial.given[name]): trial.given[name] for trial in trials if name in trial.given}
        if len(seen) > 1:
            found[name] = scale_of([axis for axis in axes if axis["name"] == name], seen.values())
    return found


def parallel_coordinates(shown: Shown, axes: Sequence[Mapping[str, Any]]) -> Markup | None:
    """A line for each trial that has a value, the better the stronger; None where there is nothing to compare."""
    scored, best = shown.scored, shown.best
    trials = scored.all
    scales = scales_of(axes, trials)
    if len(trials) < 2 or not scales:
        return None
    values = rounded(trial.last.get("value") for trial in trials)
    columns = [*scales.items(), (shown.metric, values)]
    gap = (WIDTH - 2 * SIDE) / max(1, len(columns) - 1)
    floor = HEIGHT - BOTTOM

    def y(place: float | None) -> float:
        return floor + ABSENT if place is None else floor - place * (floor - TOP)

    def steps(trial: TrialProgress) -> str:
        heights = [y(scale.place(trial.given.get(axis))) for axis, scale in scales.items()]
        heights.append(y(values.place(trial.last.get("value"))))
        return "M" + "L".join(f"{SIDE + gap * column:.0f},{height:.0f}" for column, height in enumerate(heights))

    lines = [path("thread fifth-1", "".join(map(steps, scored.rest)))] if scored.rest else []
    sign = 1 if shown.mode == "max" else -1
    order = sorted(scored.single, key=lambda trial: (trial is best, sign * (objective(trial) or 0.0)))  # best on top
    for place, trial in enumerate(order, start=len(scored.rest)):
        kind = "thread best" if trial is best else f"thread fifth-{1 + place * FIFTHS // len(trials)}"
        told = f"{shown.metric} {value_text(trial)}, {state(trial)}; {_point(trial, scales)}"
        lines.append(linked_path(shown.href(trial), kind, steps(trial), f"{shown.name(trial)}: {told}"))
    frame: list[str] = []
    for column, (axis, scale) in enumerate(columns):
        x = SIDE + gap * column
        frame += [rule(x, TOP, x, floor), text(x, TOP - 14, "title middle", SHORT.get(axis, axis))]
        ticks = scale.ticks()
        for where, words in ticks[:: max(1, len(ticks) // 8)]:
            frame.append(text(x + 5, y(where) + 4, "tick halo", _cut(words)))
        if axis in scales and any(axis not in trial.given for trial in trials):
            frame.append(text(x + 5, floor + ABSENT + 4, "tick halo", "closed"))
    about = f"Parallel coordinates of {len(trials)} trials over {', '.join(scales)} and {shown.metric}."
    if best is not None:
        about += f" The best, {shown.name(best)}, has {_point(best, scales)} and {shown.metric} {value_text(best)}."
    return picture([*lines, *frame], about, WIDTH, HEIGHT)


def along_each_axis(shown: Shown, axes: Sequence[Mapping[str, Any]]) -> list[tuple[str, Markup]]:
    """(axis, picture): the objective against each axis; filled dots were trained to the end, hollow ones were not."""
    scored = shown.scored
    if len(scored.all) < 2:
        return []
    values = rounded(trial.last.get("value") for trial in scored.all)
    heights = {trial.name: values.place(trial.last.get("value")) for trial in scored.all}
    scales = scales_of(axes, scored.all)
    return [(axis, _scatter(shown, scored, axis, scale, values, heights)) for axis, scale in scales.items()]


def _scatter(
    shown: Shown, scored: Drawn, axis: str, scale: Scale, values: Scale, heights: Mapping[str, float | None]
) -> Markup:
    width, height = CELL_WIDTH - CELL_LEFT - CELL_RIGHT, CELL_HEIGHT - CELL_TOP - CELL_BOTTOM

    def across(place: float) -> float:
        return CELL_LEFT + CELL_INSET + place * (width - 2 * CELL_INSET)

    def spot(trial: TrialProgress) -> tuple[float, float] | None:
        place, up = scale.place(trial.given.get(axis)), heights[trial.name]
        return None if place is None or up is None else (across(place), CELL_TOP + (1 - up) * height)

    parts: list[str] = []
    for place, words in values.ticks():
        y = CELL_TOP + (1 - place) * height
        parts += [rule(CELL_LEFT, y, CELL_LEFT + width, y), text(CELL_LEFT - 6, y + 4, "tick end", words)]
    ticks = scale.ticks()
    for place, words in ticks[:: max(1, len(ticks) // 5)]:
        parts.append(text(across(place), CELL_HEIGHT - 8, "tick middle", _cut(words)))
    dots = "".join(f"M{found[0]:.0f},{found[1]:.0f}h0" for trial in scored.rest if (found := spot(trial)))
    if dots:
        parts.append(path("dots", dots))
    for trial in scored.single:
        if (found := spot(trial)) is None:
            continue
        best = trial is shown.best
        kind = "dot best" if best else "dot filled" if trial.status == COMPLETED else "dot hollow"
        title = f"{shown.name(trial)}: {short(trial.given.get(axis))}, {value_text(trial)}"
        parts.append(linked_dot(shown.href(trial), kind, *found, 5.5 if best else 3.5, title))
    return picture(parts, f"{shown.metric} of {len(scored.all)} trials against {axis}.", CELL_WIDTH, CELL_HEIGHT)


def _point(trial: TrialProgress, scales: Mapping[str, Scale]) -> str:
    return ", ".join(f"{axis} {short(trial.given[axis])}" for axis in scales if axis in trial.given)


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
