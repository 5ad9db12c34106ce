"""The comparison that published counts allow (`analysis.compare.counts` has the form), and its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console
from scipy.special import stdtrit

from analysis.compare.counts import CountPair, Counts, possible_discordance
from analysis.compare.effect_sizes import Effect, effects
from analysis.compare.equivalence import equivalence_findings, in_family
from analysis.compare.matching import check_margin
from analysis.compare.view import print_effects, print_findings, say, span, table
from analysis.predictions.metrics import METRICS
from analysis.stats import paired_binary
from analysis.stats.crossed import seeds_only
from analysis.stats.estimate import confidence_percent
from analysis.stats.finding import CLAIMS, Finding, Method
from analysis.stats.meta_analysis import difference_variance, pool, pooled_seeds
from analysis.stats.multiplicity import holm
from analysis.stats.paired_binary import Discordant, PairedCounts, mcnemar_interval
from analysis.stats.power import mcnemar_clips
from analysis.stats.signs import MOST_PAIRS, seed_findings
from analysis.verdict.comparison import Comparison
from analysis.verdict.wording import pair_sentence

POWERS = (0.8, 0.9)
NO_PAIR = "Nothing was compared: no two configurations have equally many seeds, or `pairs` names none."


@dataclass(frozen=True)
class Spread:
    """One configuration's share of right answers over its seeds."""

    name: str
    correct: tuple[int, ...]
    mean: float
    standard_deviation: float | None  # over seeds; None with one
    interval: tuple[float, float] | None  # Student's t over seeds: new seeds on these examples
    one_seed_interval: tuple[float, float] | None  # Wilson, with one seed: this model on new examples


@dataclass(frozen=True)
class PublishedPair:
    comparison: Comparison
    findings: tuple[Finding, ...]
    effects: tuple[Effect, ...]
    needed: Mapping[float, float]  # power -> examples that would show the difference, where one seed's table is known

    def needed_sentence(self) -> str | None:
        """How many examples would settle it; None where that cannot be said."""
        if not self.needed:
            return None
        c = self.comparison
        numbers = ", ".join(f"about {count:,.0f} at {100.0 * power:g} % power" for power, count in self.needed.items())
        observed = f"{c.discordant[0].counts(c.examples).discordant} of {c.examples} discordant"
        return f"To settle {c.difference:+.3f} at {observed}, two-sided {c.alpha:g}, takes examples: {numbers}."


@dataclass(frozen=True)
class Published:
    """Everything that can be said of the counts."""

    counts: Counts
    alpha: float
    spreads: tuple[Spread, ...]
    pairs: tuple[PublishedPair, ...]

    def sentences(self) -> list[str]:
        """One per pair."""
        return [pair_sentence(pair.comparison, "max") for pair in self.pairs]

    def as_dict(self) -> dict[str, Any]:
        """Plain values only; the first pair on top, all of them under `pairs`."""
        pairs = [_plain_pair(pair, sentence) for pair, sentence in zip(self.pairs, self.sentences(), strict=True)]
        nothing: dict[str, Any] = {"verdict": NO_PAIR, "difference": None, "interval": None, "tests": []}
        return {
            **(pairs[0] if pairs else nothing),
            "metric": self.counts.metric,
            "alpha": self.alpha,
            "examples": self.counts.examples,
            "configurations": [{**vars(spread), "correct": list(spread.correct)} for spread in self.spreads],
            "pairs": pairs,
        }


def compare_counts(counts: Counts, *, alpha: float = 0.05, margin: float | None = None) -> Published:
    """Every pair of the counts, with Holm's correction where there are several. Raises InputError: margin too wide."""
    check_margin(METRICS["accuracy"], margin)
    pairs = [_compared(counts, pair, alpha) for pair in counts.pairs]
    if margin is not None:
        both = zip(pairs, counts.pairs, strict=True)
        added = in_family([_margin(pair, _tables(counts, which), margin, len(pairs)) for pair, which in both])
        pairs = [replace(pair, findings=(*pair.findings, *own)) for pair, own in zip(pairs, added, strict=True)]
    adjusted = holm([pair.comparison.p_value for pair in pairs])
    return Published(
        counts,
        alpha,
        tuple(_spread(name, correct, counts.examples, alpha) for name, correct in counts.correct.items()),
        tuple(
            replace(pair, comparison=replace(pair.comparison, adjusted_p_value=p))
            for pair, p in zip(pairs, adjusted, strict=True)
        ),
    )


def spread_interval(values: Sequence[float], alpha: float) -> tuple[float, float] | None:
    """Student's t over seeds, cut at 0 and 1; None with one seed or no spread."""
    if len(values) < 2 or np.ptp(values) == 0.0:
        return None
    half = -float(stdtrit(len(values) - 1, alpha / 2.0)) * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return max(float(np.mean(values)) - half, 0.0), min(float(np.mean(values)) + half, 1.0)


def _spread(name: str, correct: tuple[int, ...], examples: int, alpha: float) -> Spread:
    shares = [count / examples for count in correct]
    deviation = float(np.std(shares, ddof=1)) if len(shares) > 1 else None
    alone = None
    if len(shares) == 1:
        from scipy.stats import binomtest  # slow to load

        ends = binomtest(correct[0], examples).proportion_ci(1.0 - alpha, method="wilson")
        alone = (float(ends.low), float(ends.high))
    return Spread(name, correct, float(np.mean(shares)), deviation, spread_interval(shares, alpha), alone)


def _tables(counts: Counts, pair: CountPair) -> dict[int, list[PairedCounts]]:
    """seed number -> the tables that fit the counts: one where the discordance is known, else the two ends.

    With a given difference the exact p-value grows with the number of discordant examples (a random walk of more steps
    is as often or more often that far out), so the worst of all possible tables is the one with the most.
    """
    n, found = counts.examples, {}
    for number, (a, b) in enumerate(zip(counts.correct[pair.first], counts.correct[pair.second], strict=True), start=1):
        least, most = possible_discordance(a, b, n)
        known = dict.fromkeys((least, most)) if pair.discordant is None else (pair.discordant[number - 1],)
        found[number] = [
            PairedCounts((a + b - d) // 2, (d + a - b) // 2, (d - a + b) // 2, n - (a + b + d) // 2) for d in known
        ]
    return found


def _margin(pair: PublishedPair, tables: Mapping[int, list[PairedCounts]], margin: float, pairs: int) -> list[Finding]:
    widest = tables[1][-1] if len(tables) == 1 else None
    alpha = pair.comparison.alpha
    return equivalence_findings(pair.comparison, widest, margin, mode="max", alpha=alpha, pairs=pairs)


def _compared(counts: Counts, pair: CountPair, alpha: float) -> PublishedPair:
    tables = _tables(counts, pair)
    widest = {seed: options[-1] for seed, options in tables.items()}  # the most uncertain that is possible
    first, second = (
        {seed: right / counts.examples for seed, right in enumerate(counts.correct[name], start=1)}
        for name in (pair.first, pair.second)
    )
    differences = [first[seed] - second[seed] for seed in first]
    warnings = []
    if pair.discordant is None:
        warnings.append("How many examples only one of the two had right was not published; the widest case is shown.")
    discordant = tuple(Discordant(seed, t.only_first, t.only_second) for seed, t in widest.items())
    estimate = None
    if len(first) > 1:
        claim, method = "groups", "t-test over seeds"
        estimate = seeds_only(np.array(differences)[:, None], alpha=alpha)
        p_value, interval = estimate.p_value, estimate.interval
    else:
        claim, method = "models", "exact McNemar test"
        possible = [p for p in map(paired_binary.mcnemar_exact, tables[1]) if p is not None]
        p_value = max(possible) if possible else None
        interval = mcnemar_interval(widest[1], alpha)
        warnings.append("One seed only: the claim is about these trained models, not about their configurations.")
    if p_value is None:
        warnings.append(
            "No example or no seed divides the two, so nothing can be tested."
            if differences[0] == 0.0
            else f"The difference is {differences[0]:+.4g} under every seed, so there is no variance to test with."
        )
    comparison = Comparison(
        pair.first, pair.second, counts.metric, first, second, float(np.mean(differences)), alpha, interval, p_value,
        p_value, claim, method, counts.examples, counts.examples, discordant, estimate, tuple(warnings),
    )  # fmt: skip
    name = f"verdict: {method}"
    findings = [Finding(Method.VERDICT, name, claim, "", p_value, None, comparison.difference, interval)]
    for seed, options in tables.items():
        findings += _of_one_seed(f"seed {seed}", options, alpha)
    if len(first) > 1:
        pooled = pool(differences, [difference_variance(t) for t in widest.values()], alpha=alpha)
        findings += pooled_seeds(pooled)
        findings += seed_findings(differences, alpha=alpha) if len(first) <= MOST_PAIRS else []
    shown: Mapping[int, PairedCounts] = widest if pair.discordant is not None else {}
    needed = {}
    if len(first) == 1 and pair.discordant is not None and comparison.difference != 0.0:
        share = pair.discordant[0] / counts.examples
        needed = {
            power: mcnemar_clips(share, comparison.difference, power_wanted=power, alpha=alpha) for power in POWERS
        }
    return PublishedPair(comparison, tuple(findings), tuple(effects(comparison, None, shown, alpha=alpha)), needed)


def _of_one_seed(scope: str, options: Sequence[PairedCounts], alpha: float) -> list[Finding]:
    """McNemar and intervals for the widest table that fits, with the range of p where several fit."""
    found = paired_binary.findings(options[-1], alpha=alpha, scope=scope)
    if len(options) == 1:
        return found
    ends = []
    for option in (options[0], options[-1]):
        p_value = paired_binary.mcnemar_exact(option)
        ends.append(f"{'none' if p_value is None else f'{p_value:.4f}'} ({option.discordant} discordant)")
    note = f"discordance not published; exact p between {ends[0]} and {ends[1]}"
    return [replace(finding, note=f"{note}; {finding.note}" if finding.note else note) for finding in found]


def _plain_pair(pair: PublishedPair, sentence: str) -> dict[str, Any]:
    c = pair.comparison
    return {
        "verdict": sentence,
        "winner": c.favours("max"),
        "first": c.first,
        "second": c.second,
        "difference": c.difference,
        "interval": None if c.interval is None else list(c.interval),
        "p_value": c.adjusted_p_value,
        "claim": CLAIMS[c.claim],
        "method": c.method,
        "warnings": list(c.warnings),
        "tests": [finding.as_dict() for finding in pair.findings],
        "effects": [effect.as_dict() for effect in pair.effects],
        "examples_needed": {f"{power:g}": round(count) for power, count in pair.needed.items()},
    }


def print_published(console: Console, published: Published) -> None:
    """Sentences, the configurations' spread over seeds, every test."""
    for sentence, pair in zip(published.sentences(), published.pairs, strict=True):
        say(console, sentence, style="bold")
        for warning in pair.comparison.warnings:
            say(console, f"Note: {warning}", style="yellow")
        if (needed := pair.needed_sentence()) is not None:
            say(console, needed)
    if not published.pairs:
        say(console, NO_PAIR, style="bold")
    say(console)
    confidence = f"{confidence_percent(published.alpha)} %"
    rows = table((published.counts.metric, "right", "mean", f"{confidence} interval", "of"))
    for spread in published.spreads:
        several = len(spread.correct) > 1
        what = (
            "Student's t over seeds: new seeds on these examples" if several else "Wilson: this model on new examples"
        )
        right = f"{', '.join(map(str, spread.correct))} of {published.counts.examples}"
        interval = span(spread.interval or spread.one_seed_interval, sign="")
        rows.add_row(spread.name, right, f"{spread.mean:.4f}", interval, what)
    console.print(rows)
    for pair in published.pairs:
        print_findings(console, f"{pair.comparison.first} minus {pair.comparison.second}", pair.findings)
        print_effects(console, pair.effects)
