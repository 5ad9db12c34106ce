"""The report's account of what the sweep could have shown, and of what a further one would take."""

from __future__ import annotations

from analysis.predictions.align import effective_groups
from analysis.record.sweep import Recorded
from analysis.report.document import Block, Section, Table, Text
from analysis.report.numbers import value
from analysis.stats.finding import CLAIMS
from analysis.stats.power import POWER, Components, collapse_sentence, components_of, detectable, mcnemar_clips, needed
from analysis.verdict.comparison import Comparison

SHARES = ("accuracy", "balanced_accuracy", "macro_f1")  # 0 to 1: differences are told in points
SEED_COUNTS = (2, 3, 5, 10, 20)
POINTS = (0.01, 0.02, 0.05, 0.1)


def power_section(recorded: Recorded) -> Section:
    """What this design could have shown, and what others would, from the verdict's variance components."""
    verdict = recorded.verdict
    family = verdict.against_baseline or verdict.among_finalists if verdict else ()
    best = next((c for c in family if verdict and verdict.best in (c.first, c.second)), None)
    if verdict is None or best is None:
        return Section("What could have been seen", [Text("Cannot tell: nothing was compared.")])
    estimate = best.estimate
    blocks: list[Block] = []
    if estimate is None or estimate.variance <= 0.0 or best.claim != "population":
        blocks.append(Text("Cannot tell from this sweep: " + _why_not(best)))
    else:
        fewest = _fewest_groups(recorded) or best.groups
        components = components_of(estimate, len(best.seeds), best.groups, fewest_groups=fewest)
        blocks += power_tables(recorded.metric, best, components, verdict.alpha, len(family))
    blocks.append(Text(collapse_sentence(len(best.seeds))))
    blocks += mcnemar_sizes(best)
    return Section("What could have been seen", blocks)


def power_tables(metric: str, best: Comparison, components: Components, alpha: float, family: int) -> list[Block]:
    """At the level at which the first of a family must pass Holm's test: alpha / family."""
    step = f" ({alpha:g} / {family}, Holm's first step)" if family > 1 else ""
    alpha /= family
    seeds, groups = len(best.seeds), best.groups
    least = detectable(components, seeds, groups, alpha=alpha)
    words = (
        f"With {seeds} seeds and {groups} test groups, a true difference of {value(least)} between {best.first} and "
        f"{best.second} is found in {100 * POWER:.0f} % of sweeps like this one"
        + (f", at the level of {alpha:.3g} that Holm's correction asks of the first of {family}" if family > 1 else "")
        + "; smaller ones mostly are not."
    )
    by_seeds = [(s, detectable(components, s, groups, alpha=alpha)) for s in SEED_COUNTS]
    wanted = POINTS if metric in SHARES else tuple(least * factor for factor in (0.25, 0.5, 1.0, 2.0))
    counts = [needed(difference, components, SEED_COUNTS, alpha=alpha) for difference in wanted]
    spreads = [("seeds", components.seed), ("test groups", components.group), ("residual", components.residual)]
    return [
        Text(words),
        Table(
            ("seeds", *(str(s) for s, _ in by_seeds)),
            [
                ("least difference on these groups", *(value(d) for _, d in by_seeds)),
                *(
                    (f"test groups for {value(d)}", *("none" if n.groups is None else f"{n.groups:,}" for n in row))
                    for d, row in zip(wanted, counts, strict=True)
                ),
            ],
            f"Power {100 * POWER:.0f} %, two-sided {alpha:.3g}{step}. None: no number of groups makes up for it.",
        ),
        Text(
            "Variance components (standard deviations of the difference): "
            + ", ".join(f"{name} {variance**0.5:.3g}" for name, variance in spreads)
            + ". They are estimates from one sweep; with few seeds they may be far off.",
            "note",
        ),
    ]


def mcnemar_sizes(best: Comparison) -> list[Block]:
    """Only where the claim itself is about trained models and independent clips."""
    if not best.discordant or best.claim != "models" or best.groups != best.examples:
        return []
    divided = sum(each.counts(best.examples).discordant for each in best.discordant)
    share = divided / (len(best.discordant) * best.examples)
    gap = abs(best.difference)
    if not 0.0 < gap <= share:
        return []
    sizes = [mcnemar_clips(share, gap, power_wanted=wanted) for wanted in (0.8, 0.9)]
    return [
        Text(
            f"Between two trained models, McNemar's test would take about {sizes[0]:,.0f} independent clips to settle "
            f"a true difference as large as the observed {value(gap)} at the observed {100 * share:.1f} % of clips "
            f"that divide them (power 80 %, two-sided 5 %; Connor 1987), {sizes[1]:,.0f} for 90 %."
        )
    ]


def _why_not(best: Comparison) -> str:
    if best.claim != "population":
        return f"the claim is about {CLAIMS[best.claim]}, and has no variance over seeds and groups."
    return "the differences do not vary." if best.estimate is not None else "no variance was estimated."


def _fewest_groups(recorded: Recorded) -> float | None:
    for arm in recorded.arms:
        for found in recorded.by_seed(arm).values():
            return effective_groups(found)
    return None
