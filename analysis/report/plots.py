"""The report's pictures as SVG text: small panels that stay readable on a phone, one idea each.

Colours are Okabe and Ito's (2008), which the colour-blind can tell apart; nothing is said by colour alone. Text stays
text. Matplotlib loads when used; nothing here touches its global state.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, VERMILION, GREEN, ORANGE, PURPLE, GREY, INK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#8a8a8a",
    "#1a1a1a",
)
ACCENTS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE)
MARKERS = ("o", "s", "^", "D", "v")
WIDTH_INCHES, HEIGHT_INCHES = 4.4, 3.0
STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial", "sans-serif"],
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": INK,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.4,
}


STYLED = re.compile(r'style="[^"]*"')
TAG, LONG_NUMBER = re.compile(r"<[^>]+>"), re.compile(r"-?\d+\.\d{3,}")


def draw(name: str, paint: Callable[[Axes], None], *, height: float = HEIGHT_INCHES) -> str:
    """An <svg> element; `name` keeps its inner ids apart from other pictures on the page."""
    import matplotlib

    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure.add_subplot())
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = target.getvalue()
    return _slim(text[text.index("<svg") :])


def _slim(svg: str) -> str:
    """The picture in hundredths of a point, without indents and with short styles: thousands of trials weigh."""
    plain = re.sub(r"\n\s+", "\n", svg)
    plain = STYLED.sub(lambda style: style[0].replace("; ", ";").replace(": ", ":"), plain)
    return TAG.sub(lambda tag: LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}", tag[0]), plain)


def per_seed(rows: Sequence[tuple[str, Sequence[float]]], metric: str) -> str:
    """Every seed's value and their mean, one row an arm, the first on top."""

    def paint(axes: Axes) -> None:
        for place, (_, values) in enumerate(rows):
            spread = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else [0.0]
            axes.plot(values, place + np.asarray(spread), "o", color=BLUE, alpha=0.55, markersize=5)
            axes.plot([np.mean(values)] * 2, [place - 0.28, place + 0.28], color=INK, linewidth=2.2)
        name_rows(axes, [name for name, _ in rows])
        axes.set_xlabel(metric)

    return draw("per-seed", paint, height=rows_height(len(rows)))


def differences(rows: Sequence[tuple[str, float, tuple[float, float] | None]], label: str) -> str:
    """Differences with their intervals against a line at 0."""

    def paint(axes: Axes) -> None:
        axes.axvline(0.0, color=INK, linewidth=1)
        for place, (_, mean, interval) in enumerate(rows):
            if interval is not None:
                away = interval[0] > 0.0 or interval[1] < 0.0
                axes.plot(interval, [place, place], color=VERMILION if away else GREY, linewidth=3 if away else 2)
            axes.plot(mean, place, "D", color=INK, markersize=5)
        name_rows(axes, [name for name, _, _ in rows])
        axes.set_xlabel(label)

    return draw("differences", paint, height=rows_height(len(rows)))


def shrinkage(rows: Sequence[tuple[str, Sequence[float | None]]], metric: str) -> str:
    """What the search saw of each finalist, what fresh seeds gave on the same clips, and what the test clips say."""
    stages = ("search,\nvalidation", "fresh seeds,\nvalidation", "fresh seeds,\ntest")

    def paint(axes: Axes) -> None:
        for index, (name, values) in enumerate(rows):
            known = [(place, value) for place, value in enumerate(values) if value is not None]
            colour, marker = ACCENTS[index % 5], MARKERS[index % 5]
            axes.plot([p for p, _ in known], [v for _, v in known], marker=marker, color=colour, label=name)
        axes.set_xticks(range(3), stages)
        axes.set_xlim(-0.25, 2.25)
        axes.set_ylabel(metric)
        axes.legend(loc="best")

    return draw("shrinkage", paint)


def reliability(arms: Sequence[tuple[str, Sequence[tuple[float, float, int]]]]) -> str:
    """How often answers of a probability are right, against that probability; larger marks for more clips."""

    def paint(axes: Axes) -> None:
        axes.plot([0.0, 1.0], [0.0, 1.0], color=GREY, linewidth=1, linestyle="--")
        most = max(count for _, bins in arms for *_, count in bins)
        for index, (name, bins) in enumerate(arms):
            certain, right, counts = zip(*bins, strict=True)
            colour, marker = ACCENTS[index % 5], MARKERS[index % 5]
            axes.plot(certain, right, color=colour, linewidth=1, alpha=0.6)
            sizes = 10 + 60 * np.array(counts) / most
            axes.scatter(certain, right, s=sizes, color=colour, marker=marker, label=name, zorder=3)
        axes.set_xlim(0.0, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("probability of the answer")
        axes.set_ylabel("share of right answers")
        axes.legend(loc="upper left")

    return draw("reliability", paint)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def rows_height(rows: int) -> float:
    return 0.9 + 0.38 * max(2, rows)


def log_scale(axes: Axes, which: str) -> None:
    """A log axis (x | y) whose labels are plain text: 0.0003, not powers that need a formula's fonts."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    getattr(axes, f"set_{which}scale")("log")
    axis = getattr(axes, f"{which}axis")
    low, high = sorted(axis.get_view_interval())
    steps = (1.0,) if high / low > 300 else (1.0, 3.0)
    axis.set_major_locator(LogLocator(base=10, subs=steps))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axis.set_minor_formatter(NullFormatter())
