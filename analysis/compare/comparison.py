"""Two or more configurations compared: the verdict's rule decides, every other test that fits stands beside it.

For two, the family is that one difference. For more it is all pairs, with Holm's correction and simultaneous
intervals; a screen reports the false discovery rate (Benjamini and Hochberg) instead of deciding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.compare.effect_sizes import Effect, effects
from analysis.compare.labels import label_notes
from analysis.compare.matching import (
    check_kind,
    check_margin,
    check_varies,
    choose_metric,
    same_examples,
    same_seeds,
    with_classes,
)
from analysis.compare.overall import overall_findings
from analysis.compare.pair_tests import Pair, margin_findings, pair_findings, seed_counts
from analysis.compare.sources import Source
from analysis.compare.texts import check_forms, form_of
from analysis.predictions.ensemble import ensemble
from analysis.predictions.files import numeric, whole_as_labels
from analysis.predictions.metrics import CLASSIFICATION, REGRESSION, Score, SumMetric
from analysis.stats.finding import CLAIMS, Finding
from analysis.stats.friedman import Ranking
from analysis.stats.multiplicity import benjamini_hochberg
from analysis.stats.ties import pseudovalue_noise, without_rounding
from analysis.verdict.arms import Arm, Design, arms_of
from analysis.verdict.claims import difference
from analysis.verdict.comparison import Comparison
from analysis.verdict.result import Verdict
from analysis.verdict.rule import verdict_of, with_plain_answers
from analysis.verdict.wording import embarrassments, pair_sentence, sentence
from trainables.errors import InputError
from trainables.records import Predictions


@dataclass(frozen=True)
class ComparedPair:
    """One pair: the verdict's comparison of it and all that stands beside."""

    comparison: Comparison
    findings: tuple[Finding, ...]
    effects: tuple[Effect, ...]
    screened_p: float | None  # after Benjamini and Hochberg, where a screen was asked for

    def as_dict(self) -> dict[str, Any]:
        c = self.comparison
        return {
            "first": c.first,
            "second": c.second,
            "difference": c.difference,
            "interval": None if c.interval is None else list(c.interval),
            "p_value": c.p_value,
            "adjusted_p_value": c.adjusted_p_value,
            "screened_p_value": self.screened_p,
            "claim": CLAIMS[c.claim],
            "method": c.method,
            "seeds": list(c.seeds),
            "tests": [finding.as_dict() for finding in self.findings],
            "effects": [effect.as_dict() for effect in self.effects],
        }


@dataclass(frozen=True)
class EnsembleRow:
    """All seeds of one configuration, or all configurations, answering together."""

    name: str
    members: int
    value: float | None  # None: cannot be averaged, `note` says why
    note: str = ""


@dataclass(frozen=True)
class Compared:
    """Everything that the comparison found."""

    verdict: Verdict
    examples: int
    groups: int
    family: str
    pairs: tuple[ComparedPair, ...]
    overall: tuple[Finding, ...]  # of more than two together
    ranking: Ranking | None
    ensembles: tuple[EnsembleRow, ...]
    warnings: tuple[str, ...]
    texts: str | None = None  # the form in which texts were scored, of error rates

    @property
    def shown(self) -> ComparedPair:
        """The pair to look at first: the only one, or the best against the next best."""
        best = self.verdict.best
        own = [pair for pair in self.pairs if best in (pair.comparison.first, pair.comparison.second)]
        return self.pairs[0] if len(self.pairs) == 1 else min(own, key=lambda pair: abs(pair.comparison.difference))

    def sentence(self) -> str:
        """The verdict in words that may be quoted."""
        if len(self.pairs) == 1:
            return pair_sentence(self.pairs[0].comparison, self.verdict.mode, self.verdict.rows)
        return sentence(replace(self.verdict, each="configuration"))

    def as_dict(self) -> dict[str, Any]:
        """Plain values only, safe for JSON."""
        shown = self.shown.comparison
        two = len(self.pairs) == 1
        return {
            "verdict": self.sentence(),
            "winner": self.verdict.winner,
            "indistinguishable": list(self.verdict.indistinguishable),
            "metric": self.verdict.metric,
            "texts_scored_as": self.texts,
            "mode": self.verdict.mode,
            "alpha": self.verdict.alpha,
            "family": self.family,
            "first": shown.first,
            "second": shown.second,
            "difference": shown.difference,
            "interval": None if shown.interval is None else list(shown.interval),
            "p_value": shown.adjusted_p_value,
            "claim": CLAIMS[shown.claim],
            "method": shown.method,
            "examples": self.examples,
            "groups": self.groups,
            "warnings": list(self.warnings),
            "configurations": [
                {
                    "name": row.name,
                    "mean": row.mean,
                    "standard_error": row.standard_error,
                    "interval": None if row.interval is None else list(row.interval),
                    "values": {str(seed): value for seed, value in row.values.items()},
                }
                for row in self.verdict.rows
            ],
            "ensembles": [vars(row) for row in self.ensembles],
            "tests": [finding.as_dict() for finding in (self.pairs[0].findings if two else self.overall)],
            "effects": [effect.as_dict() for effect in (self.pairs[0].effects if two else ())],
            "pairs": [] if two else [pair.as_dict() for pair in self.pairs],
        }


def compare_sources(
    sources: Sequence[Source],
    *,
    metric_name: str | None = None,
    alpha: float = 0.05,
    margin: float | None = None,
    screen: bool = False,
    rng: np.random.Generator,
) -> Compared:
    """At least two sources. Raises InputError: fewer, other kinds of data, different examples, values not finite."""
    if len(sources) < 2:
        raise InputError("A comparison needs at least two configurations.")
    metric, said = choose_metric(sources, metric_name)
    if metric.kind == REGRESSION:
        sources = [replace(source, runs=numeric(source.runs)) for source in sources]
    elif metric.kind == CLASSIFICATION:
        sources = [replace(source, runs=whole_as_labels(source.runs)) for source in sources]
    check_kind(metric, sources)
    check_margin(metric, margin)
    check_forms(metric, sources)
    said += check_varies(metric, sources)
    said += label_notes(metric, sources, chosen=metric_name is not None)
    paired, warnings = same_seeds(sources)
    runs = same_examples(with_classes(paired) if metric.kind == CLASSIFICATION else paired, metric)
    design, arms = arms_of(
        runs,
        metric,
        metric_name=metric.name,
        example_scores=metric.scores if isinstance(metric, SumMetric) and metric.is_mean else None,
    )
    found = verdict_of(
        design, arms, dict.fromkeys(runs, "finalist"), mode=metric.mode, question="each_other", alpha=alpha
    )
    if metric.kind != REGRESSION:
        found = with_plain_answers(found, runs, metric)
    screened = benjamini_hochberg([c.p_value for c in found.among_finalists]) if screen else None
    matched = [_matched(comparison, runs, design, arms) for comparison in found.among_finalists]
    pairs = tuple(
        _pair(pair, arms, metric, alpha, rng, screened[i] if screened else None) for i, pair in enumerate(matched)
    )
    if margin is not None:
        added = margin_findings(matched, metric, margin, alpha=alpha)
        pairs = tuple(replace(pair, findings=(*pair.findings, *own)) for pair, own in zip(pairs, added, strict=True))
    overall: tuple[Finding, ...] = ()
    ranking = None
    if len(runs) > 2:
        overall, ranking = overall_findings(design, list(arms.values()), mode=metric.mode, alpha=alpha)
    notes = [*(warning for source in sources for warning in source.warnings), *said, *warnings, *found.warnings]
    notes += [told for name in runs for told in embarrassments(found, name)]
    return Compared(
        verdict=found,
        examples=design.examples,
        groups=design.groups,
        family=_family(list(runs), screen),
        pairs=pairs,
        overall=overall,
        ranking=ranking,
        ensembles=ensemble_rows(runs, metric, fixed={source.name for source in sources if not source.seeded}),
        warnings=tuple(dict.fromkeys(notes)),
        texts=form_of(metric, sources),
    )


def ensemble_rows(
    runs: Mapping[str, Mapping[int, Predictions]], metric: Score, *, fixed: Collection[str] = ()
) -> tuple[EnsembleRow, ...]:
    """One row for each configuration with several seeds, and one for all together; a `fixed` one is one model."""
    members = {name: list(own.values())[: 1 if name in fixed else None] for name, own in runs.items()}
    groups = {f"{name}, {len(own)} seeds together": own for name, own in members.items() if len(own) > 1}
    groups[f"all {len(runs)} configurations together"] = [run for own in members.values() for run in own]
    rows = []
    for name, own in groups.items():
        try:
            rows.append(EnsembleRow(name, len(own), metric(ensemble(own))))
        except InputError as error:
            rows.append(EnsembleRow(name, len(own), None, error.problems[0]))
    return tuple(rows)


def _matched(
    comparison: Comparison, runs: Mapping[str, Mapping[int, Predictions]], design: Design, arms: Mapping[str, Arm]
) -> Pair:
    first, second = ([runs[name][seed] for seed in comparison.seeds] for name in (comparison.first, comparison.second))
    sums = [arms[name].of(comparison.seeds).sums for name in (comparison.first, comparison.second)]
    together = None
    if sums[0] is not None and sums[1] is not None:
        together = np.stack([sums[0], sums[1]]).transpose(2, 0, 1, 3)
    return Pair(comparison, first, second, design.fewest_groups, together)


def _pair(
    pair: Pair,
    arms: Mapping[str, Arm],
    metric: Score,
    alpha: float,
    rng: np.random.Generator,
    screened_p: float | None,
) -> ComparedPair:
    comparison = pair.comparison
    a, b = (arms[name].of(comparison.seeds) for name in (comparison.first, comparison.second))
    by_group, within = None, None
    if a.by_group is not None and b.by_group is not None:
        by_group = difference(a.by_group, b.by_group).mean(axis=0)
        by_group = without_rounding(by_group, pseudovalue_noise(a.by_group, b.by_group))
        within = None if a.within is None or b.within is None else (a.within - b.within).mean(axis=0)
    counts = seed_counts(pair) if metric.kind == CLASSIFICATION else {}
    return ComparedPair(
        comparison,
        tuple(pair_findings(pair, metric, alpha=alpha, rng=rng)),
        tuple(effects(comparison, by_group, counts, alpha=alpha, within=within)),
        screened_p,
    )


def _family(names: Sequence[str], screen: bool) -> str:
    if len(names) == 2:
        return "one comparison: no correction"
    pairs = len(names) * (len(names) - 1) // 2
    text = f"all {pairs} pairs of {len(names)} configurations: Holm's correction, simultaneous (Bonferroni) intervals"
    return f"{text}; beside them the false discovery rate of the {pairs} (Benjamini-Hochberg)" if screen else text
