"""A verdict in plain words: what was found, by how much, how sure, and how far it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.stats.estimate import confidence_percent
from analysis.stats.finding import CLAIMS
from analysis.verdict.account import Account
from analysis.verdict.chances import as_plain, chances, in_words
from analysis.verdict.comparison import Comparison
from analysis.verdict.interim import BETTER, NOT_WORTH, WORSE
from analysis.verdict.labels import renamed
from analysis.verdict.plain_answers import Constant
from analysis.verdict.result import Row, Verdict

LONGEST_ANSWER = 60  # characters of it that a sentence quotes


def sentence(verdict: Verdict) -> str:
    """One sentence with the finding; before it what would embarrass, such as a winner that a constant answer equals;
    short ones follow where finalists are tied or the claim is limited.
    """
    verdict = renamed(verdict)
    each = verdict.each
    each_other = verdict.question == "each_other"
    family = verdict.among_finalists if each_other else verdict.against_baseline
    name = verdict.winner or verdict.best
    own = [comparison.seen_from(name) for comparison in family if name in (comparison.first, comparison.second)]
    shown = min(own, key=lambda comparison: abs(comparison.difference))  # among finalists: the next best
    metric, rival = verdict.metric, shown.second
    if each_other and verdict.winner:
        finding = f"{name} is better than every other {each} on {metric}; the next best is {rival}"
    elif each_other:
        finding = f"No {each} can be shown to be the best on {metric}; {name} has the best mean, {rival} the next"
    elif verdict.winner:
        finding = f"{name} is better than the {rival} on {metric}"
    elif shown.significant:
        finding = f"No {each} is better than the {rival} on {metric}, and the best of them, {name}, is worse"
    else:
        finding = f"No {each} can be shown to beat the {rival} on {metric}; {name} has the best mean"
    parts = embarrassments(verdict, name)
    parts += [f"{finding}: {_numbers(shown, verdict.rows)} ({_certainty(shown, len(family))}; {_sample(shown)})."]
    tied = [other for other in verdict.indistinguishable if other != name]
    if tied and (verdict.winner or each_other):
        parts.append(f"{name} cannot be told from {_listed(tied)}.")
    if shown.claim != "population":
        parts.append(f"The claim is about {CLAIMS[shown.claim]}.")
    if said := stopping(verdict):
        parts.append(said)
    if verdict.look:
        parts.append(f"This is look {verdict.look + 1} at the test data: {level(verdict.alpha, verdict.look)}.")
    return " ".join(parts)


def embarrassments(verdict: Verdict, name: str) -> list[str]:
    """Sentences on an arm that answers no better than a constant, or nearly always the same; mostly none."""
    parts = []
    mean = next(row.mean for row in verdict.rows if row.name == name)
    constant, variety = _floor(verdict), verdict.variety.get(name)
    if constant is not None and not constant.beaten_by(mean, verdict.mode):
        parts.append(
            f"{name} is no better than a constant answer: always saying {_quoted(constant.answer)} has "
            f"{verdict.metric} {constant.value:.3f}, {name} {mean:.3f}."
        )
    if variety is not None and variety.hardly_any:
        parts.append(
            f"{name} says {_quoted(variety.answer)} to {variety.times} of {variety.clips} test clips under seed "
            f"{variety.seed}; it is the right answer to {variety.wanted}."
        )
    return parts


def decided_in_words(arm: str, how: str, chance: float | None, planned: int) -> str:
    """What a look at a running confirmation decided about an arm (`interim.Decided`)."""
    if how == BETTER:
        return f"{arm} is shown to be better"
    if how == WORSE:
        return f"{arm} is shown to be worse"
    if how == NOT_WORTH:
        return f"{arm} is given up, since it cannot be better by what is worth it"
    likely = "" if chance is None else f" (chance {100 * chance:.0f} %)"
    return f"{arm} is given up, since {planned} seeds would hardly show that it is better{likely}"


def look_in_words(looked: Mapping[str, Any], number: int, looks: Sequence[int]) -> str:
    """What a look came to: `seeds`, `open`, `decided` and `reason` as a stage's journal and MLflow have them."""
    head = f"Look {number} of {len(looks)}, after {looked['seeds']} of {looks[-1]} seeds: "
    if looked["reason"]:
        return f"{head}nothing is decided ({looked['reason']})."
    said = [decided_in_words(each["arm"], each["how"], each["chance"], looks[-1]) for each in looked["decided"]]
    left = looked["open"]
    said.append(f"{' and '.join(left)} go{'es' if len(left) == 1 else ''} on" if left else "no further seed is trained")
    return f"{head}{'; '.join(said)}."


def stopping(verdict: Verdict) -> str | None:
    """What looks at the confirmation while it ran came to and what they saved; None where there were none."""
    if not verdict.interim:
        return None
    planned, looks = verdict.interim[-1], len(verdict.interim)
    trained = {row.name: len(row.values) for row in verdict.rows if row.role != "untuned"}
    most = max(trained.values())
    number = Account(verdict.interim, verdict.alpha).number(most)
    saved = sum(planned - seeds for seeds in trained.values())
    if not saved:
        return f"The confirmation was looked at {looks} times, and went on to its end: all {planned} seeds."
    return (
        f"The confirmation ended at look {number} of {looks}, with {most} of {planned} seeds: {saved} of "
        f"{planned * len(trained)} runs were not needed."
    )


def constant_sentence(verdict: Verdict) -> str | None:
    """What the best single answer scores; None where there is none."""
    if (constant := _floor(verdict)) is None:
        return None
    answer, value = constant.answer, constant.value
    return f"Always answering {_quoted(answer)} has {verdict.metric} {value:.3f}; every arm has to beat that."


def _floor(verdict: Verdict) -> Constant | None:
    """None also for the calibration error: frequencies said to every clip have 0 of it, and tell nothing apart."""
    return None if verdict.metric.split()[-1] == "ece" else verdict.constant


def _quoted(answer: str) -> str:
    """An answer may be a whole sentence, or nothing."""
    shown = answer if len(answer) <= LONGEST_ANSWER else f"{answer[: LONGEST_ANSWER - 1]}\u2026"
    return f'"{shown}"' if shown.strip() else "nothing"


def as_record(verdict: Verdict) -> dict[str, Any]:
    """The verdict as `verdict.json` keeps it: its plain values, with the sentence and what stands beside it."""
    return {
        **verdict.as_dict(),
        "sentence": sentence(verdict),
        "beside": in_words(chances(renamed(verdict)), verdict.worth),
        "chances": as_plain(chances(verdict)),
    }


def level(alpha: float, look: int) -> str:
    """The level of a verdict after `look` earlier looks, and how it came about."""
    return f"the level is {alpha:g}" + (f" ({alpha * 2**look:g} / 2^{look})" if look else "")


def pair_sentence(comparison: Comparison, mode: str, rows: Sequence[Row] = ()) -> str:
    """The same for one comparison that is the whole family; `rows` tell which seeds it leaves out."""
    first, second, metric = comparison.first, comparison.second, comparison.metric
    better = comparison.favours(mode)
    if better is not None:
        worse = second if better == first else first
        finding = f"{better} is better than {worse} on {metric}"
    elif _constant(comparison):
        finding = f"{first} and {second} differ on {metric}, by the same everywhere, so that no test can judge it"
    else:
        finding = f"Cannot tell {first} from {second} on {metric}"
    text = f"{finding}: {_numbers(comparison, rows)} ({_certainty(comparison, 1)}; {_sample(comparison)})."
    return text if comparison.claim == "population" else f"{text} The claim is about {CLAIMS[comparison.claim]}."


def _constant(comparison: Comparison) -> bool:
    """Whether there is a difference, and no variance to test it with."""
    return comparison.p_value is None and comparison.estimate is not None and comparison.estimate.mean != 0.0


def _numbers(comparison: Comparison, rows: Sequence[Row]) -> str:
    first, second = comparison.first_values.values(), comparison.second_values.values()
    means = f"{sum(first) / len(first):.3f} against {sum(second) / len(second):.3f}"
    names, count = (comparison.first, comparison.second), len(comparison.seeds)
    if any(len(row.values) > count for row in rows if row.name in names):
        means += f" over the {count} seeds that both have" if count > 1 else " under the one seed that both have"
    return f"{means}, a difference of {comparison.difference:+.3f}"


def _certainty(comparison: Comparison, family: int) -> str:
    if comparison.adjusted_p_value is None or comparison.interval is None:
        return "no variance to test with" if _constant(comparison) else "nothing can be tested"
    low, high = comparison.interval
    p = comparison.adjusted_p_value
    return (
        f"{confidence_percent(comparison.alpha)} % {'simultaneous ' if family > 1 else ''}interval {low:+.3f} to "
        f"{high:+.3f}, {'adjusted ' if family > 1 else ''}p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"
    )


def _sample(comparison: Comparison) -> str:
    seeds = len(comparison.seeds)
    groups = f"{comparison.groups} test group{'s' if comparison.groups > 1 else ''}"
    examples = f" with {comparison.examples} examples" if comparison.groups != comparison.examples else ""
    return f"{seeds} seed{'s' if seeds > 1 else ''}, {groups}{examples}; {comparison.method}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
