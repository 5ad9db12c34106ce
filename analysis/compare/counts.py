"""Published results that are counts only: how many of the same examples each configuration had right, seed by seed.

    {"examples": 32,
     "correct": {"attention only": [30], "attention+MLP": [31], "another arm": [30, 30, 31, 30]},
     "pairs": [{"first": "attention+MLP", "second": "attention only", "discordant": [3]}]}

One count per seed, the seeds in the same order everywhere. `pairs` names what is compared (default: all pairs with as
many seeds); `discordant`, one number per seed, is how many examples exactly one of the two had right. Papers seldom say
it; without it the p-value is given as the range over all possible numbers. `metric` is a label (default accuracy).

The counts are of right answers, so what is compared is an accuracy; `metric` may name it otherwise (`exact match`), but
not as a metric of another kind. What counts cannot show is the spread over test examples: with several seeds the claim
is about these examples only.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from analysis.predictions.metrics import METRICS
from trainables.errors import InputError

MOST_EXAMPLES = 10**12  # beyond, differences of shares are lost in rounding
KEYS = ("examples", "correct", "pairs", "metric")
OTHER_METRICS = frozenset(METRICS) - {"accuracy"}
OTHER_WORDS = {
    "auc", "auroc", "bleu", "cer", "correlation", "eer", "entropy", "error", "errors", "f1", "loss",
    "mae", "map", "mse", "pearson", "perplexity", "precision", "r2", "recall", "rmse", "wer",
}  # fmt: skip


@dataclass(frozen=True)
class CountPair:
    """`discordant` one per seed, or None where it was not published."""

    first: str
    second: str
    discordant: tuple[int, ...] | None


@dataclass(frozen=True)
class Counts:
    """A published table."""

    metric: str
    examples: int
    correct: Mapping[str, tuple[int, ...]]  # configuration -> right answers, one per seed
    pairs: tuple[CountPair, ...]


def is_counts(path: Path) -> bool:
    """Whether the file is a JSON object with counts, and not a list of predictions."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict)


def read_counts(path: Path) -> Counts:
    """Raises InputError with every rule that the file breaks."""
    doubled: list[str] = []
    content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: _once(pairs, doubled))
    problems = [f"{path.name}: {key!r} stands twice in one object; only one can count." for key in doubled]
    unknown = [key for key in content if key not in KEYS]
    problems += [f"{path.name}: unknown key {key!r}; there are {', '.join(KEYS)}." for key in unknown]
    examples, correct = content.get("examples"), content.get("correct")
    if not _whole(examples) or not 1 <= examples <= MOST_EXAMPLES:
        problems.append(
            f"{path.name}: examples must be a whole number, at least 1, at most {MOST_EXAMPLES:,}, not {examples!r}."
        )
    metric = str(content.get("metric", "accuracy"))
    if _other_than_share_right(metric):
        problems.append(
            f"{path.name}: metric {metric!r} cannot be compared from counts of right answers, which are an accuracy; "
            "leave metric out, or compare prediction files."
        )
    if not isinstance(correct, dict) or not correct:
        problems.append(f"{path.name}: correct must hold a list of counts for each configuration, not {correct!r}.")
    if problems:
        raise InputError(problems)
    for name, counts in correct.items():
        if not isinstance(counts, list) or not counts or not all(_whole(c) and 0 <= c <= examples for c in counts):
            problems.append(
                f"{path.name}: correct[{name!r}] must hold whole numbers from 0 to {examples}, not {counts!r}."
            )
    if problems:
        raise InputError(problems)
    table = {str(name): tuple(counts) for name, counts in correct.items()}
    alike = [(a, b) for a, b in combinations(table, 2) if len(table[a]) == len(table[b])]
    given = content.get("pairs")
    wanted = [{"first": a, "second": b} for a, b in alike] if given is None else given
    if not isinstance(wanted, list) or not all(isinstance(pair, dict) for pair in wanted):
        raise InputError(f'{path.name}: pairs must be a list of objects such as {{"first": "a", "second": "b"}}.')
    pairs = [_pair(path.name, pair, table, examples, problems) for pair in wanted]
    if problems:
        raise InputError(problems)
    return Counts(metric, examples, table, tuple(pair for pair in pairs if pair))


def possible_discordance(first: int, second: int, examples: int) -> tuple[int, int]:
    """The least and the most examples that exactly one of the two can have had right, given both totals."""
    return abs(first - second), min(first + second, 2 * examples - first - second)


def _pair(
    file: str, pair: Mapping[str, Any], correct: Mapping[str, Sequence[int]], examples: int, problems: list[str]
) -> CountPair | None:
    first, second, discordant = str(pair.get("first")), str(pair.get("second")), pair.get("discordant")
    where = f"{file}: pair {first!r}, {second!r}"
    if first not in correct or second not in correct or first == second:
        problems.append(f"{where}: first and second must be two of {', '.join(correct)}.")
        return None
    here, there = correct[first], correct[second]
    if len(here) != len(there):
        problems.append(f"{where}: they have {len(here)} and {len(there)} seeds; only as many can be paired.")
        return None
    if discordant is None:
        return CountPair(first, second, None)
    if not isinstance(discordant, list) or len(discordant) != len(here) or not all(map(_whole, discordant)):
        problems.append(f"{where}: discordant must hold one whole number per seed, not {discordant!r}.")
        return None
    for a, b, number in zip(here, there, discordant, strict=True):
        least, most = possible_discordance(a, b, examples)
        if not least <= number <= most or (number - least) % 2:
            problems.append(
                f"{where}: {number} discordant examples are impossible with {a} and {b} of {examples} right; possible "
                f"are {least}, {least + 2}, ... up to {most}."
            )
            return None
    return CountPair(first, second, tuple(discordant))


def _once(pairs: Sequence[tuple[str, Any]], doubled: list[str]) -> dict[str, Any]:
    """The object of these pairs; keys that stand twice go to `doubled`."""
    names = [name for name, _ in pairs]
    doubled += [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return dict(pairs)


def _other_than_share_right(metric: str) -> bool:
    """Whether the name is that of a metric which no count of right answers is: `F1`, `Word Error Rate`, `macro-F1`."""
    parts = re.findall(r"[^\W_]+", metric.lower())
    return "_".join(parts) in OTHER_METRICS or bool(OTHER_WORDS.intersection(parts))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and math.isfinite(value)
