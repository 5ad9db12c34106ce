"""Two or more configurations compared: the verdict's rule decides, every other test that fits stands beside it.

For two, the family is that one difference. For more it is all pairs, with Holm's correction and simultaneous
intervals; a screen reports the false discovery rate (Benjamini and Hochberg) instead of deciding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.align import aligned
from analysis.arms import Arm, Design, arms_of
from analysis.contrast import CLAIMS, Comparison
from analysis.effect_sizes import Effect, effects
from analysis.ensemble import ensemble
from analysis.evidence import Pair, check_kind, pair_findings, seed_counts
from analysis.finding import Finding
from analysis.many import Ranking, benjamini_hochberg
from analysis.overall import overall_findings
from analysis.prediction_files import labelled, numeric
from analysis.sources import Source
from analysis.sums import CLASSIFICATION, DEFAULTS, METRICS, REGRESSION, SumMetric
from analysis.verdict import Verdict, verdict_of
from analysis.wording import pair_sentence, sentence
from trainables.errors import InputError
from trainables.records import Predictions

DISTINCT_TARGETS = 20  # more distinct ones than this, and as many as examples: texts, not labels


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

    @property
    def shown(self) -> ComparedPair:
        """The pair to look at first: the only one, or the best against the next best."""
        best = self.verdict.best
        own = [pair for pair in self.pairs if best in (pair.comparison.first, pair.comparison.second)]
        return self.pairs[0] if len(self.pairs) == 1 else min(own, key=lambda pair: abs(pair.comparison.difference))

    def sentence(self) -> str:
        """The verdict in words that may be quoted."""
        if len(self.pairs) == 1:
            return pair_sentence(self.pairs[0].comparison, self.verdict.mode)
        return sentence(self.verdict, each="configuration")

    def as_dict(self) -> dict[str, Any]:
        """Plain values only, safe for JSON."""
        shown = self.shown.comparison
        two = len(self.pairs) == 1
        return {
            "verdict": self.sentence(),
            "winner": self.verdict.winner,
            "indistinguishable": list(self.verdict.indistinguishable),
            "metric": self.verdict.metric,
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
    metric = choose_metric(sources, metric_name)
    if metric.kind == REGRESSION:
        sources = [replace(source, runs=numeric(source.runs)) for source in sources]
    check_kind(metric, [run for source in sources for run in source.runs.values()])
    paired, warnings = same_seeds(sources)
    runs = same_examples(with_classes(paired) if metric.kind == CLASSIFICATION else paired, metric)
    design, arms = arms_of(
        runs, metric, metric_name=metric.name, example_scores=metric.scores if metric.is_mean else None
    )
    found = verdict_of(
        design, arms, dict.fromkeys(runs, "finalist"), mode=metric.mode, question="each_other", alpha=alpha
    )
    screened = benjamini_hochberg([c.p_value for c in found.among_finalists]) if screen else None
    pairs = tuple(
        _pair(c, design, arms, runs, metric, alpha, margin, rng, screened[i] if screened else None)
        for i, c in enumerate(found.among_finalists)
    )
    overall: tuple[Finding, ...] = ()
    ranking = None
    if len(runs) > 2:
        overall, ranking = overall_findings(design, list(arms.values()), mode=metric.mode, alpha=alpha)
    notes = [warning for source in sources for warning in source.warnings] + warnings + list(found.warnings)
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
    )


def choose_metric(sources: Sequence[Source], name: str | None) -> SumMetric:
    """The named one; else the one that the sweeps compared; else the usual one for the data."""
    everything = [run for source in sources for run in source.runs.values()]
    if name is not None and name not in METRICS:
        raise InputError(f"--metric {name}: there is no such metric; there are {', '.join(METRICS)}.")
    named = {source.metric for source in sources if source.metric}
    chosen = name or (named.pop() if len(named) == 1 else None)
    if chosen is None or chosen not in METRICS:
        texts = all(isinstance(value, str) or value is None for run in everything for value in run.targets)
        chosen = DEFAULTS[CLASSIFICATION if texts else REGRESSION]
        first = everything[0]
        if texts and not first.classes and len(set(first.targets)) == len(first) > DISTINCT_TARGETS:
            raise InputError(
                "Every example has a target of its own: if these are transcripts, say --metric wer or --metric cer; if "
                "they are labels, --metric accuracy."
            )
    return METRICS[chosen]


def same_seeds(sources: Sequence[Source]) -> tuple[dict[str, dict[int, Predictions]], list[str]]:
    """name -> seed -> predictions, under seeds that the sources share, and what was done for it."""
    seeded = [source for source in sources if source.seeded]
    runs = {source.name: dict(source.runs) for source in sources}
    if not seeded:
        return runs, []
    warnings = []
    shared = set.intersection(*(set(source.runs) for source in seeded))
    if not shared:
        for source in seeded:
            runs[source.name] = dict(enumerate((source.runs[seed] for seed in sorted(source.runs)), start=1))
        warnings.append(
            "No seed is common to all, so seeds were paired in ascending order and numbered anew; another pairing "
            "would give a slightly different interval."
        )
    seeds = list(runs[seeded[0].name])
    for source in sources:
        if not source.seeded:
            (only,) = source.runs.values()
            runs[source.name] = dict.fromkeys(seeds, only)
            warnings.append(
                f"{source.name} knows no seed: as one fixed model it stands under every seed of the others."
            )
    return runs, warnings


def with_classes(runs: Mapping[str, Mapping[int, Predictions]]) -> dict[str, dict[int, Predictions]]:
    """All with the same classes: the score columns' where all have the same, else every label that occurs."""
    every = [run for by_seed in runs.values() for run in by_seed.values()]
    named = {run.classes for run in every}
    used = {label for run in every for label in (*run.targets, *run.outputs) if label}
    if len(named) == 1 and every[0].classes and used <= set(every[0].classes):
        classes = every[0].classes
    else:
        classes = tuple(sorted(used.union(*named)))
    return {name: labelled(by_seed, classes) for name, by_seed in runs.items()}


def same_examples(
    runs: Mapping[str, Mapping[int, Predictions]], metric: SumMetric
) -> dict[str, dict[int, Predictions]]:
    """All in the order of the first. Raises InputError with every difference."""
    labels = {(name, seed): f"{name}, seed {seed}" for name, by_seed in runs.items() for seed in by_seed}
    if metric.kind != CLASSIFICATION:  # scores of other kinds of data are not looked at
        runs = {name: {s: replace(p, scores=None, classes=()) for s, p in own.items()} for name, own in runs.items()}
    in_order = aligned({label: runs[name][seed] for (name, seed), label in labels.items()})
    return {name: {seed: in_order[labels[name, seed]] for seed in own} for name, own in runs.items()}


def ensemble_rows(
    runs: Mapping[str, Mapping[int, Predictions]], metric: SumMetric, *, fixed: Collection[str] = ()
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


def _pair(
    comparison: Comparison,
    design: Design,
    arms: Mapping[str, Arm],
    runs: Mapping[str, Mapping[int, Predictions]],
    metric: SumMetric,
    alpha: float,
    margin: float | None,
    rng: np.random.Generator,
    screened_p: float | None,
) -> ComparedPair:
    first, second = ([runs[name][seed] for seed in comparison.seeds] for name in (comparison.first, comparison.second))
    pair = Pair(comparison, first, second, design.fewest_groups)
    tables = [arms[name].of(comparison.seeds).by_group for name in (comparison.first, comparison.second)]
    by_group = None if tables[0] is None or tables[1] is None else (tables[0] - tables[1]).mean(axis=0)
    counts = seed_counts(pair) if metric.kind == CLASSIFICATION else {}
    return ComparedPair(
        comparison,
        tuple(pair_findings(pair, metric, alpha=alpha, margin=margin, rng=rng)),
        tuple(effects(comparison, by_group, counts, alpha=alpha)),
        screened_p,
    )


def _family(names: Sequence[str], screen: bool) -> str:
    if len(names) == 2:
        return "one comparison: no correction"
    pairs = len(names) * (len(names) - 1) // 2
    text = f"all {pairs} pairs of {len(names)} configurations: Holm's correction, simultaneous (Bonferroni) intervals"
    return f"{text}; beside them the false discovery rate of the {pairs} (Benjamini-Hochberg)" if screen else text
