"""The report's account of stage 2: who was compared, what was found, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.predictions.ensemble import ensemble
from analysis.predictions.metrics import Score
from analysis.predictions.tags import metric_of
from analysis.record.sweep import Arm, Recorded
from analysis.report import plots
from analysis.report.document import Block, Picture, Pictures, Section, Table, Text
from analysis.report.numbers import p_value, signed, value
from analysis.stats.estimate import confidence_percent
from analysis.stats.finding import CLAIMS
from analysis.verdict.chances import chances
from analysis.verdict.comparison import Comparison
from analysis.verdict.result import Row, Verdict
from analysis.verdict.wording import constant_sentence, stopping
from analysis.verdict.wording import level as level_in_words
from trainables.errors import InputError
from trainables.records import PARAM_TEXTS, Predictions
from trainables.tasks.texts import said_of


def results_section(recorded: Recorded) -> Section:
    """The arms and the comparisons among them."""
    verdict = recorded.verdict
    blocks: list[Block] = []
    if verdict is None:
        words = f"The sweep has no verdict: it {recorded.state}"
        blocks.append(Text(f"{words} ({recorded.reason})." if recorded.reason else f"{words}.", "warning"))
        blocks += [
            _arms_table(recorded, {}),
            *texts_note(recorded),
            *_warnings(recorded.notes),
            _configurations(recorded),
        ]
        return Section("Results", blocks)
    rows = {row.name: row for row in verdict.rows}
    metric = verdict.metric
    blocks += [_arms_table(recorded, rows), *texts_note(recorded)]
    blocks += _plain_answers(verdict)
    drawn = [
        Picture(
            "per-seed",
            # without the untuned backbone: one that guesses would set the scale
            plots.per_seed([(r.name, list(r.values.values())) for r in verdict.rows if r.role != "untuned"], metric),
            f"{metric} of every confirm run; bars are means.",
        )
    ]
    families = _families(verdict)
    compared = [*families, *([verdict.against_untuned] if verdict.against_untuned else [])]
    if compared:
        label = f"difference in {metric}"
        shown = [(f"{c.first} −\n{c.second}", c.difference, c.interval) for c in families]
        level = f"{confidence_percent(verdict.alpha)} %"
        drawn.append(
            Picture(
                "differences",
                plots.differences(shown, label),
                f"Differences with {level} intervals, simultaneous within a family; thick where they exclude 0.",
            )
        )
    if len(slopes := _slopes(recorded, rows)) and any(v is not None for _, values in slopes for v in values[:2]):
        drawn.append(
            Picture(
                "shrinkage",
                plots.shrinkage(slopes, recorded.metric),
                "The search picks what looked best, so its validation value is optimistic, and under fresh seeds the "
                "same validation clips would favour what they chose. The test clips took no part in the choice.",
            )
        )
    blocks.append(Pictures(drawn))
    blocks.append(comparisons_table(verdict, compared))
    blocks += _warnings((*verdict.warnings, *verdict.design, *recorded.notes))
    claims = dict.fromkeys(CLAIMS[c.claim] for c in compared)
    blocks.append(
        Text(
            f"What is claimed is about {' / '.join(claims)}{_if_sampled(compared)}. Families: every finalist against "
            f"the baseline, and every pair of finalists, each corrected by Holm. Look {verdict.look + 1} at the "
            f"test data: {level_in_words(verdict.alpha, verdict.look)}.",
            "note",
        )
    )
    blocks += _probabilities(verdict)
    if said := stopping(verdict):
        blocks.append(Text(said, "note"))
    for number, earlier in enumerate(recorded.earlier, start=1):
        blocks.append(Text(f"Look {number}, before the sweep was extended: {earlier}", "note"))
    return Section("Results", [*blocks, _seeds_table(verdict.rows), _configurations(recorded)])


def texts_note(recorded: Recorded) -> list[Block]:
    """The form that texts were brought to, where the metric is an error rate of texts."""
    form = recorded.params.get(PARAM_TEXTS)
    return [Text(said_of(form), "note")] if form else []


def _plain_answers(verdict: Verdict) -> list[Block]:
    """What one answer to every clip scores, and how much the arms' answers vary."""
    floor = constant_sentence(verdict)
    blocks: list[Block] = [Text(floor, "note")] if floor else []
    if verdict.variety:
        cells = [
            (
                name,
                f"{v.different}",
                f"{v.answer or '(nothing)'}",
                f"{v.times} of {v.clips}",
                f"{v.wanted}",
                f"{v.seed}",
            )
            for name, v in verdict.variety.items()
        ]
        blocks.append(
            Table(
                ("arm", "different answers", "commonest answer", "said to", "right for", "seed"),
                cells,
                "Of each arm the run whose answers vary least.",
            )
        )
    return blocks


def _probabilities(verdict: Verdict) -> list[Block]:
    """What a p-value does not say, beside it."""
    found = chances(verdict)
    if not found:
        return []
    apart = [] if verdict.worth is None else [f"apart from it by less than {verdict.worth:g}"]
    cells = [
        (each.arm, each.rival, *(f"{p:.2f}" for p in (each.better, each.best, each.equal) if p is not None))
        for each in found
    ]
    return [
        Table(
            ("finalist", "beside", "better than it", "the best of all", *apart),
            cells,
            "Probabilities under a flat prior, of new seeds and new test groups as the intervals are. Beside the test: "
            "no claim rests on them, and neither looks nor the number of arms are corrected for.",
        )
    ]


def _warnings(said: Sequence[str]) -> list[Block]:
    return [Text(warning, "warning") for warning in dict.fromkeys(said)]


def _arms_table(recorded: Recorded, rows: Mapping[str, Row]) -> Table:
    """What the test says of every arm, and what the search had said."""
    body = []
    for arm in recorded.arms:
        row = rows.get(arm.name)
        test = row.mean if row else _mean_metric(recorded, arm, f"test/{recorded.metric}")
        error = row.standard_error if row else None
        shrunk = "-" if arm.searched is None or test is None else signed(test - arm.searched)
        spread = f" ± {value(error)}" if error is not None else ""
        ends = row.interval if row else None
        interval = "-" if ends is None else f"{value(ends[0])} to {value(ends[1])}"
        again = _mean_metric(recorded, arm, recorded.objective)
        body.append((arm.name, f"{value(test)}{spread}", interval, value(again), value(arm.searched), shrunk))
        averaged = _ensemble(recorded, arm)
        if averaged is not None:
            body.append((f"{arm.name}, seeds averaged", value(averaged), "", "", "", ""))
    return Table(
        ("arm", "test", "interval", "fresh seeds, validation", "search, validation", "test minus search"),
        body,
        f"{recorded.metric}; ±: standard error of the mean over seeds; the interval, at the verdict's level, "
        "speaks of new seeds and new test groups, of each arm by itself. Seeds averaged: their predictions as one "
        "ensemble, a single predictor without a spread of its own, in no comparison.",
    )


def _seeds_table(rows: Sequence[Row]) -> Table:
    trained = [row for row in rows if row.role != "untuned"]
    seeds = list(dict.fromkeys(seed for row in trained for seed in row.values))
    cells = [(row.name, *(value(row.values.get(seed)) for seed in seeds)) for row in trained]
    return Table(("test, by seed", *map(str, seeds)), cells)


def _configurations(recorded: Recorded) -> Table:
    """One row an axis, one column an arm: that fits a phone."""
    arms = [arm for arm in recorded.arms if arm.axes]
    whole = [arm for arm in arms if arm.configurations == 1]
    rows = [
        (axis, *(_short(arm.axes.get(axis)) for arm in whole))
        for axis in dict.fromkeys((*recorded.axes, "alpha", "trainable_params", "checkpoint"))
        if any(axis in arm.axes for arm in whole)
    ]
    many = ", ".join(f"{arm.name}: {arm.configurations}" for arm in arms if arm.configurations > 1)
    caption = f"Configurations that differ between outer folds are left out ({many})." if many else ""
    return Table(("configuration", *(arm.name for arm in whole)), rows, caption, sortable=False)


def _short(found: Any) -> str:
    if found is None:
        return "-"
    if isinstance(found, int):
        return f"{found:,}"
    return f"{found:.3g}" if isinstance(found, float) else str(found)


def _mean_metric(recorded: Recorded, arm: Arm, name: str) -> float | None:
    known = [run.metrics[name] for run in recorded.counted(arm) if name in run.metrics]
    return float(np.mean(known)) if known else None


def _ensemble(recorded: Recorded, arm: Arm) -> float | None:
    runs = recorded.by_seed(arm)
    metric = metric_of(recorded.metric, list(runs.values()))
    return None if metric is None or len(runs) < 2 else averaged_value(list(runs.values()), metric)


def averaged_value(runs: Sequence[Predictions], metric: Score) -> float | None:
    """The metric of several runs' averaged predictions; None where these cannot be averaged."""
    try:
        return metric(ensemble(runs))
    except InputError:
        return None


def _slopes(recorded: Recorded, rows: Mapping[str, Row]) -> list[tuple[str, list[float | None]]]:
    return [
        (arm.name, [arm.searched, _mean_metric(recorded, arm, recorded.objective), rows[arm.name].mean])
        for arm in recorded.arms
        if arm.role in ("finalist", "baseline") and arm.name in rows
    ]


def _families(verdict: Verdict) -> list[Comparison]:
    """Both, the one that the verdict answers first."""
    families = (verdict.against_baseline, verdict.among_finalists)
    ordered = families if verdict.question == "baseline" else families[::-1]
    return [comparison for family in ordered for comparison in family]


def comparisons_table(verdict: Verdict, compared: Sequence[Comparison]) -> Table:
    """One row a comparison, with both p-values and the clips that divide the two."""
    body = []
    for c in compared:
        divided = "  ".join(f"{d.only_first_right}:{d.only_second_right}" for d in c.discordant)
        body.append(
            (
                f"{c.first} − {c.second}",
                signed(c.difference),
                "cannot tell" if c.interval is None else f"{signed(c.interval[0])} to {signed(c.interval[1])}",
                p_value(c.p_value),
                p_value(c.adjusted_p_value),
                divided or "-",
            )
        )
    level = f"{confidence_percent(verdict.alpha)} % interval"
    header = ("comparison", "difference", level, "p", "p, Holm", "divided, per seed")
    methods = ", ".join(dict.fromkeys(c.method for c in compared))
    caption = f"Differences in {verdict.metric}. Tests: {methods}."
    if any(c.discordant for c in compared):
        caption += " Divided: clips that only the first : only the second got right."
    return Table(header, body, caption)


def _if_sampled(compared: Sequence[Comparison]) -> str:
    """Nothing in the data can show that its groups stand for others: whoever claims it assumes it."""
    if not any(c.claim in ("population", "models") for c in compared):
        return ""
    return ", and holds for new test groups if those tested are a random sample of the groups that are meant"
