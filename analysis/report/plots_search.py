"""The report's pictures of the search: trials over epochs, axes and costs. Style and colours are those of `plots`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.report.hovers import MOST_POINTS, Hovers
from analysis.report.importance import is_choice, on_log
from analysis.report.plots import ACCENTS, BLUE, GREY, INK, MARKERS, VERMILION, draw, log_scale, name_rows, rows_height

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from analysis.report.axis_effects import AxisEffects
    from analysis.report.importance import Importance
    from analysis.report.marginal import Marginal
    from analysis.report.pareto import Placed

FEW_TICKS = 8
TRAINED = "#5b7f95"  # trials that were trained to the end, and are no finalist
FAN, FAN_STEP = 4, 1.12  # trials on one spot of a log picture: this many a row, this far apart


@dataclass(frozen=True)
class Line:
    """One trial's learning curve."""

    name: str
    epochs: Sequence[int]
    values: Sequence[float]
    completed: bool
    finalist: int | None  # 1 the best; None: none


def learning_curves(lines: Sequence[Line], label: str) -> str:
    """Pruned trials are thin and end in a cross."""

    def paint(axes: Axes) -> None:
        labels = ["pruned", "completed"]  # each stands in the legend once

        def once(text: str) -> str | None:
            return labels.pop(labels.index(text)) if text in labels else None

        each = list(lines)
        if len(lines) > MOST_POINTS:  # nobody could point at one of so many, and a line by itself takes milliseconds
            each = [line for line in lines if line.finalist is not None]
            _all_at_once(axes, [line for line in lines if line.finalist is None])
        for line in sorted(each, key=lambda line: (line.finalist is not None, line.completed)):
            if line.finalist is not None:
                index = (line.finalist - 1) % 5
                style: dict[str, Any] = {"color": ACCENTS[index], "linewidth": 2.4, "marker": MARKERS[index]}
                style["label"] = f"finalist {line.finalist}"
            elif line.completed:
                style = {"color": TRAINED, "linewidth": 1.1, "marker": ".", "label": once("completed")}
            else:
                style = {"color": GREY, "linewidth": 0.9, "label": once("pruned")}
            (drawn,) = axes.plot(line.epochs, line.values, alpha=0.95, **style)
            hovers.whole(drawn, f"{line.name}: {line.values[-1]:.3f} after epoch {line.epochs[-1]}")
            if not line.completed:
                axes.plot(line.epochs[-1], line.values[-1], "x", color=GREY, markersize=6)
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        _whole_numbers(axes)
        # beneath the picture: no curve runs through it
        axes.figure.legend(*ordered(axes), loc="outside lower center", ncols=3)

    hovers = Hovers("curves")
    return hovers.into(draw("learning-curves", paint, height=3.4))


def _all_at_once(axes: Axes, lines: Sequence[Line]) -> None:
    """Many lines as two artists, and the ends of the pruned ones as a third."""
    from matplotlib.collections import LineCollection

    for completed, colour, label in ((False, GREY, "pruned"), (True, TRAINED, "completed")):
        some = [line for line in lines if line.completed == completed]
        points = [np.column_stack([line.epochs, np.round(line.values, 4)]) for line in some]
        axes.add_collection(LineCollection(points, colors=colour, linewidths=0.6, alpha=0.5, label=label))
        if not completed and some:
            axes.plot(
                [line.epochs[-1] for line in some], [line.values[-1] for line in some], "x", color=GREY, markersize=4
            )
    axes.autoscale_view()


def importances(columns: Sequence[tuple[str, Importance]]) -> str:
    """Shares with intervals; one mark a column, the first column orders the axes."""

    def paint(axes: Axes) -> None:
        names = [share.axis for share in columns[0][1].shares]
        for index, (title, found) in enumerate(columns):
            by_axis = {share.axis: share for share in found.shares}
            shift = (index - (len(columns) - 1) / 2) * 0.28
            for place, name in enumerate(names):
                if name not in by_axis:
                    continue
                share = by_axis[name]
                label = title if place == 0 else None
                axes.plot(share.interval, [place + shift] * 2, color=ACCENTS[index], linewidth=2, alpha=0.6)
                axes.plot(share.share, place + shift, MARKERS[index], color=ACCENTS[index], markersize=6, label=label)
        name_rows(axes, names)
        axes.set_xlim(0.0, 1.0)
        axes.set_xlabel("share of the importance, 95 % of resamples")
        axes.legend(loc="lower right")

    return draw("importance", paint, height=rows_height(max(3, len(columns[0][1].shares))))


def axis_effects(columns: Sequence[tuple[str, AxisEffects]], label: str) -> str:
    """Marginal differences with intervals; one mark a column, the first column orders the axes."""

    def paint(axes: Axes) -> None:
        names = [each.axis for each in columns[0][1].effects]
        axes.axvline(0.0, color=GREY, linewidth=1)
        for index, (title, found) in enumerate(columns):
            by_axis = {each.axis: each for each in found.effects}
            shift = (index - (len(columns) - 1) / 2) * 0.28
            for place, name in enumerate(names):
                if name not in by_axis:
                    continue
                each, text = by_axis[name], title if place == 0 else None
                axes.plot(each.interval, [place + shift] * 2, color=ACCENTS[index], linewidth=2, alpha=0.6)
                axes.plot(each.effect, place + shift, MARKERS[index], color=ACCENTS[index], markersize=6, label=text)
        name_rows(axes, names)
        axes.set_xlabel(f"difference in {label}, best to worst value of the axis")
        axes.legend(loc="lower right")

    return draw("axis-effects", paint, height=rows_height(max(3, len(columns[0][1].effects))))


def along_axis(
    axis: str,
    taken: Sequence[Any],
    values: Sequence[float],
    completed: Sequence[bool],
    label: str,
    curve: Marginal | None,
    scale: str | None = None,
    names: Sequence[str] = (),
) -> str:
    """Every trial at its value of the axis (filled: trained to the end), and the mean where there are enough. `scale`
    is the axis's own, choice | linear | log; None where nobody knows it. `names` are shown under the pointer."""

    def paint(axes: Axes) -> None:
        choices = _choices(taken, scale)
        where = {choice: float(place) for place, choice in enumerate(choices or ())}
        x = np.array([where[value] for value in taken] if choices else taken, dtype=float)
        done, y = np.asarray(completed, dtype=bool), np.asarray(values, dtype=float)
        (stopped,) = axes.plot(x[~done], y[~done], "o", markerfacecolor="none", color=GREY, markersize=5)
        (whole,) = axes.plot(x[done], y[done], "o", color=BLUE, alpha=0.75, markersize=5)
        hovers.points(stopped, [name for name, is_done in zip(names, done, strict=False) if not is_done])
        hovers.points(whole, [name for name, is_done in zip(names, done, strict=False) if is_done])
        if curve is not None and curve.choice:
            places = [where[place] if choices else float(place) for place in curve.places]
            axes.plot(places, curve.mean, "_", color=INK, markersize=22, markeredgewidth=2)
            axes.vlines(places, curve.low, curve.high, color=INK, linewidth=1.2)
        elif curve is not None:
            axes.plot(curve.places, curve.mean, color=INK, linewidth=1.8)
            axes.fill_between(curve.places, curve.low, curve.high, color=INK, alpha=0.12, linewidth=0)
        if choices:
            axes.set_xticks(range(len(choices)), [_short(choice) for choice in choices])
            axes.set_xlim(-0.5, len(choices) - 0.5)
        elif on_log(list(x), scale):
            log_scale(axes, "x")
        if not choices and len(places := sorted(set(x))) <= FEW_TICKS and scale is not None and _are_whole(places):
            axes.set_xticks(places, [f"{place:g}" for place in places])
            axes.minorticks_off()
        axes.set_xlabel(axis)
        axes.set_ylabel(label)

    hovers = Hovers(f"axis-{axis}")
    return hovers.into(draw(f"axis-{axis}", paint, height=2.5))


def rank_alpha(
    ranks: Sequence[float], alphas: Sequence[float], values: Sequence[float], completed: Sequence[bool], label: str
) -> str:
    """Both on a log scale, lines of equal scale alpha / rank; shade is the objective, pruned trials are squares."""

    def paint(axes: Axes) -> None:
        x, y, shade = (np.asarray(numbers, dtype=float) for numbers in (ranks, alphas, values))
        done = np.asarray(completed, dtype=bool)
        beside = _fanned(list(zip(ranks, alphas, strict=True)))  # trials on one spot stand side by side
        limits = (shade.min(), shade.max() if shade.max() > shade.min() else shade.min() + 1e-9)
        ends = np.array([x.min() * 0.75, x.max() * 1.33])
        for scale in sorted({round(float(ratio), 6) for ratio in y / x})[:6]:
            axes.plot(ends, ends * scale, color="#cccccc", linewidth=0.8, zorder=0)
            axes.annotate(f"×{scale:g}", (ends[-1], ends[-1] * scale), fontsize=8, color="#666666", va="center")
        points: Any = None
        for mask, marker, size in ((~done, "s", 30), (done, "o", 62)):
            if mask.any():
                points = axes.scatter(
                    (x * beside[:, 0])[mask], (y * beside[:, 1])[mask],
                    c=shade[mask], cmap="viridis", vmin=limits[0], vmax=limits[1],
                    marker=marker, s=size, edgecolors=INK, linewidths=0.6,
                )  # fmt: skip
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        axes.set_xticks(sorted(set(x)), [f"{value:g}" for value in sorted(set(x))])
        axes.set_yticks(sorted(set(y)), [f"{value:g}" for value in sorted(set(y))])
        axes.minorticks_off()
        axes.set_xlabel("rank (circles: trained to the end, squares: pruned)")
        axes.set_ylabel("alpha")
        axes.figure.colorbar(points, ax=axes, label=label, shrink=0.9)

    return draw("rank-alpha", paint, height=3.3)


def pareto(rows: Sequence[Placed], cost: str, label: str, *, mode: str) -> str:
    """Trials by cost and objective; the front joins those that none beats in both, with their intervals."""

    def paint(axes: Axes) -> None:
        for row in rows:
            if row.on_front and row.interval is not None:
                axes.plot([row.cost] * 2, row.interval, color=VERMILION, linewidth=1.2, alpha=0.7, zorder=1)
        rest = [row for row in rows if not row.on_front]
        on_front = [row for row in rows if row.on_front]
        beaten = axes.plot(
            [r.cost for r in rest], [r.value for r in rest], "o", color=GREY, markersize=5, label="beaten"
        )
        hovers.points(beaten[0], [f"{row.name}: {row.value:.3f}" for row in rest])
        axes.step([r.cost for r in on_front], [r.value for r in on_front], where="post", color=VERMILION, linewidth=1.2)
        front = axes.plot(
            [r.cost for r in on_front], [r.value for r in on_front], "D", color=VERMILION, markersize=6, label="front"
        )
        hovers.points(front[0], [f"{row.name}: {row.value:.3f}" for row in on_front])
        costs = [row.cost for row in rows]
        if min(costs) > 0 and max(costs) / min(costs) >= 10.0:
            log_scale(axes, "x")
        else:
            axes.ticklabel_format(axis="x", style="plain", useOffset=False)
        if mode == "min":
            axes.invert_yaxis()
        axes.set_xlabel(cost)
        axes.set_ylabel(label)
        axes.legend(loc="lower right")

    hovers = Hovers(f"pareto-{cost}")
    return hovers.into(draw(f"pareto-{cost}", paint, height=2.8))


def ordered(axes: Axes) -> tuple[list[Any], list[str]]:
    """A legend's entries: finalists by their number, then the others."""
    handles, labels = axes.get_legend_handles_labels()
    places = sorted(range(len(labels)), key=lambda place: (not labels[place].startswith("finalist"), labels[place]))
    return [handles[place] for place in places], [labels[place] for place in places]


def _whole_numbers(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _are_whole(places: Sequence[float]) -> bool:
    return all(float(place).is_integer() for place in places)


def _choices(taken: Sequence[Any], scale: str | None) -> list[Any] | None:
    """The different values in order, where they are choices; None for numbers along a range."""
    return sorted(set(taken), key=lambda value: (isinstance(value, str), value)) if is_choice(taken, scale) else None


def _fanned(spots: Sequence[tuple[float, float]]) -> np.ndarray:
    """(T, 2) factors near 1 that set trials on the same spot side by side, four in a row, on log axes."""
    of_spot: dict[tuple[float, float], list[int]] = {}
    for index, spot in enumerate(spots):
        of_spot.setdefault(spot, []).append(index)
    factors = np.ones((len(spots), 2))
    for indices in of_spot.values():
        place = np.arange(len(indices))
        steps = np.column_stack([place % FAN, place // FAN]).astype(float)
        factors[indices] = FAN_STEP ** (steps - steps.max(axis=0) / 2)
    return factors


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
