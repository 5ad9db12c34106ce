"""A comparison as text for a terminal; wide tables are folded, never cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from analysis.compare.comparison import Compared
from analysis.compare.effect_sizes import Effect
from analysis.compare.texts import sentence_of
from analysis.stats.estimate import confidence_percent
from analysis.stats.finding import CLAIMS, Finding

SHORT_NOTE = 40  # characters; longer notes that repeat stand below the table


def print_compared(console: Console, compared: Compared) -> None:
    """The sentence first, then what it rests on, then every other test."""
    verdict = compared.verdict
    say(console, compared.sentence(), style="bold")
    for warning in compared.warnings:
        say(console, f"Note: {warning}", style="yellow")
    say(console, f"Family: {compared.family}; two-sided level {verdict.alpha:g}.")
    say(console)
    interval_name = f"{confidence_percent(verdict.alpha)} % interval"
    values = table((verdict.metric, "mean", "standard error over seeds", interval_name, "per seed"))
    for row in verdict.rows:
        error = "-" if row.standard_error is None else f"{row.standard_error:.4f}"
        per_seed = "  ".join(f"{seed}: {value:.4f}" for seed, value in row.values.items())
        interval = "-" if row.interval is None else f"{row.interval[0]:.4f} to {row.interval[1]:.4f}"
        values.add_row(row.name, f"{row.mean:.4f}", error, interval, per_seed)
    for ensemble in compared.ensembles:
        if ensemble.value is not None:
            note = ensemble.note or f"{ensemble.members} models as one"
            values.add_row(f"{ensemble.name} (averaged)", f"{ensemble.value:.4f}", "-", "-", note)
    console.print(values)
    for note in dict.fromkeys(ensemble.note for ensemble in compared.ensembles if ensemble.value is None):
        say(console, f"No row of averaged predictions: {note}")
    if compared.texts is not None:
        say(console, sentence_of(compared.texts))
    if compared.overall:
        print_findings(console, "All together", compared.overall)
    if len(compared.pairs) > 1:
        _print_pairs(console, compared)
    for pair in compared.pairs:
        title = f"{pair.comparison.first} minus {pair.comparison.second}"
        print_findings(console, title, pair.findings)
        print_effects(console, pair.effects)


def _print_pairs(console: Console, compared: Compared) -> None:
    screened = any(pair.screened_p is not None for pair in compared.pairs)
    names = (
        "first",
        "second",
        "difference",
        "simultaneous interval",
        "p",
        "p (Holm)",
        *(("q (BH)",) if screened else ()),
    )
    pairs = table(names)
    for pair in compared.pairs:
        c = pair.comparison
        cells = [
            c.first,
            c.second,
            f"{c.difference:+.4f}",
            span(c.interval),
            p_text(c.p_value),
            p_text(c.adjusted_p_value),
        ]
        pairs.add_row(*cells, *([p_text(pair.screened_p)] if screened else []))
    say(console)
    say(console, "All pairs", style="bold")
    console.print(pairs)


def print_findings(console: Console, title: str, findings: Sequence[Finding]) -> None:
    """Under each claim one row a finding: what, of what part, p, estimate and interval. Repeated notes stand below."""
    parts = Counter(part for each in findings for part in each.note.split("; ") if part)
    below = {
        part: f"[{number}]"
        for number, part in enumerate((p for p in parts if parts[p] > 1 and len(p) > SHORT_NOTE), start=1)
    }
    for claim in dict.fromkeys(each.claim for each in findings):
        say(console)
        say(console, f"{title}: about {CLAIMS[claim]}", style="bold")
        rows = table(("test or interval", "of", "p", "estimate", "interval", "note"))
        for each in (each for each in findings if each.claim == claim):
            estimate = "-" if each.estimate is None else f"{each.estimate:+.4f}"
            note = "; ".join(below.get(part, part) for part in each.note.split("; "))
            rows.add_row(
                each.name, each.scope or "all", p_text(each.p_value), estimate, span(each.interval), Text(note)
            )
        console.print(rows)
    for part, mark in below.items():
        say(console, f"{mark} {part}")


def print_effects(console: Console, effects: Sequence[Effect]) -> None:
    if not effects:
        return
    say(console)
    rows = table(("effect size", "of", "value", "interval"))
    for effect in effects:
        value = "not defined" if effect.value is None else f"{effect.value:.3f}"
        rows.add_row(effect.name, effect.scope or "all", value, span(effect.interval, sign=""))
    console.print(rows)


def table(names: Sequence[str]) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        made.add_column(name, overflow="fold")
    return made


def say(console: Console, text: str = "", style: str | None = None) -> None:
    console.print(text, style=style, soft_wrap=True, markup=False)


def p_text(p_value: float | None) -> str:
    if p_value is None:
        return "-"
    return f"{p_value:.4f}" if p_value >= 0.0001 else f"{p_value:.1e}"


def span(interval: tuple[float | None, float | None] | None, sign: str = "+") -> str:
    """Both ends; an end that is None is open."""
    if interval is None:
        return "-"
    low, high = ("open" if end is None else f"{end:{sign}.4f}" for end in interval)
    return f"{low} to {high}"
