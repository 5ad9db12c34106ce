"""The critical-difference picture: configurations by average rank, bars over those that cannot be told apart.

Demsar 2006, figure 1. Best on the left. One dark colour on white: it prints, and needs no colour vision. Text
stays text in the SVG. Matplotlib loads when used.
"""

from __future__ import annotations

import io
from pathlib import Path

from analysis.stats.friedman import Ranking
from trainables.errors import InputError

INK = "#1a1a1a"
WIDTH_INCHES = 8.0
ROW_INCHES = 0.26


def critical_difference_svg(ranking: Ranking) -> str:
    """A whole SVG document."""
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "audio-sweeps", "font.size": 10}):
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        models = len(ranking.names)
        cliques = ranking.cliques()
        left = (models + 1) // 2
        rows = left + 3 + len(cliques)
        figure = Figure(figsize=(WIDTH_INCHES, ROW_INCHES * (rows + 2)))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.02, 0.02, 0.96, 0.96))
        axes.set_axis_off()
        reach = models - 1
        axes.set_xlim(1 - 0.75 * reach, models + 0.75 * reach)
        axes.set_ylim(rows, -2.5)
        axes.plot([1, models], [0, 0], color=INK, linewidth=1)
        for rank in range(1, models + 1):
            axes.plot([rank, rank], [0, -0.25], color=INK, linewidth=1)
            axes.text(rank, -0.4, str(rank), ha="center", va="bottom", color=INK)
        difference = ranking.critical_difference
        shown = min(difference, 1.75 * reach)
        axes.plot([1, 1 + shown], [-1.6, -1.6], color=INK, linewidth=2)
        for end in (1, 1 + shown):
            axes.plot([end, end], [-1.75, -1.45], color=INK, linewidth=1)
        axes.text(1 + shown / 2, -1.75, f"critical difference {difference:.2f}", ha="center", va="bottom", color=INK)
        place = dict(zip(ranking.names, ranking.average_ranks, strict=True))
        for row, clique in enumerate(cliques, start=1):
            ends = [place[clique[0]] - 0.02 * reach, place[clique[-1]] + 0.02 * reach]
            axes.plot(ends, [0.55 * row, 0.55 * row], color=INK, linewidth=4, solid_capstyle="butt")
        order = sorted(ranking.names, key=lambda name: place[name])
        for number, name in enumerate(order):
            on_left = number < left
            height = 0.55 * len(cliques) + 1.0 + (number if on_left else models - 1 - number)
            edge = 1 - 0.08 * reach if on_left else models + 0.08 * reach
            axes.plot([place[name], place[name], edge], [0, height, height], color=INK, linewidth=0.8)
            text = f"{name}  {place[name]:.2f}" if on_left else f"{place[name]:.2f}  {name}"
            gap = -0.02 * reach if on_left else 0.02 * reach
            axes.text(edge + gap, height, text, ha="right" if on_left else "left", va="center", color=INK)
        target = io.StringIO()
        figure.savefig(target, format="svg", bbox_inches="tight", metadata={"Date": None})
        return target.getvalue()


def write_picture(ranking: Ranking | None, path: Path) -> None:
    """Raises InputError where there is nothing to draw, or nowhere to write."""
    if ranking is None:
        raise InputError("--picture needs at least three configurations, and at least 6 test groups in every class.")
    if path.suffix.lower() != ".svg":
        raise InputError(f"--picture {path}: the picture is an SVG; name it .svg.")
    try:
        path.write_text(critical_difference_svg(ranking), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--picture {path}: cannot be written ({error.strerror}).") from error
