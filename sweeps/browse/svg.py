"""Pieces of SVG as text. What comes from a record passes `escape`; coordinates and classes are this program's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from sweeps.browse.trials import Drawn, objective
from sweeps.state.progress import TrialProgress


@dataclass(frozen=True)
class Shown:
    """What all pictures of a stage have in common."""

    chosen: Drawn
    mode: str  # max | min
    metric: str
    best: TrialProgress | None
    href: Callable[[TrialProgress], str]
    name: Callable[[TrialProgress], str]

    @property
    def scored(self) -> Drawn:
        """Those that have a value."""
        rest = tuple(trial for trial in self.chosen.rest if objective(trial) is not None)
        return Drawn(rest, tuple(trial for trial in self.chosen.single if objective(trial) is not None))


def rule(x0: float, y0: float, x1: float, y1: float) -> str:
    return f'<path class="rule" d="M{x0:.0f},{y0:.0f}L{x1:.0f},{y1:.0f}"/>'


def text(x: float, y: float, kind: str, words: object) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}">{escape(words)}</text>'


def path(kind: str, steps: str) -> str:
    return f'<path class="{kind}" d="{steps}"/>'


def linked_path(href: str, kind: str, steps: str, title: str) -> str:
    """A line to point at and to follow; the table has the same links for the keyboard."""
    inside = f'<path class="{kind}" d="{steps}"><title>{escape(title)}</title></path>'
    return f'<a href="{escape(href)}" tabindex="-1">{inside}</a>'


def linked_dot(href: str, kind: str, x: float, y: float, radius: float, title: str) -> str:
    inside = f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:g}" class="{kind}"><title>{escape(title)}</title></circle>'
    return f'<a href="{escape(href)}" tabindex="-1">{inside}</a>'


def picture(parts: Sequence[str], about: str, width: float, height: float) -> Markup:
    """The whole; `about` is what is said to those who do not see it."""
    opening = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(about)}">'
    return Markup(f"{opening}{''.join(parts)}</svg>")
