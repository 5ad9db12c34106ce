"""Train, validation and test sides, and inner folds: drawn by group, stratified by label, the same for the same seed.

Method: groups are handed out one at a time, in random order and the large ones first, each to the side that lacks its
labels most (the greedy rule of iterative stratification, Sechidis et al. 2011, on groups instead of examples); then
groups move to sides that lack a label altogether, where another side can spare one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainables.data.examples import SPLITS, Example
from trainables.errors import InputError


@dataclass(frozen=True)
class SplitRow:
    """How much of one label a split holds. A row with 0 examples: the split lacks the label."""

    split: str
    label: str  # "-" where targets are no labels
    examples: int
    groups: int


def draw_splits(
    examples: Sequence[Example], *, validation: float, test: float, seed: int, stratify: bool
) -> dict[str, str]:
    """Example id -> train | validation | test. `validation` and `test` are shares in [0, 1) of each label's examples,
    met as nearly as whole groups allow; a share of 0 draws no such split.

    Where every example has a split of its own, those stand; a split that they lack is drawn from their training
    examples. Raises InputError: shares that leave no training data, a group on two sides, fewer groups than splits, an
    empty split, and, with `stratify`, a split with one class only.
    """
    if not examples:
        raise InputError("The data source has no examples.")
    if validation < 0 or test < 0 or validation + test >= 1:
        raise InputError(
            f"data.splits: validation {validation:g} and test {test:g} must be at least 0 and their sum below 1, "
            "so that something is left for training."
        )
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    wanted = {name: share for name, share in shares.items() if share > 0}
    given = [example.split for example in examples]
    if all(given):
        splits = _with_given(examples, wanted, seed, stratify)
    elif any(given):
        lacking = [example.id for example in examples if example.split is None]
        raise InputError(
            f"The column 'split' is filled for {len(examples) - len(lacking)} of {len(examples)} examples "
            f"(not for {lacking[0]!r}); fill it for all or for none."
        )
    else:
        splits = _draw(examples, wanted, seed, stratify)
    problems = _problems(examples, splits, tuple(wanted), stratify)
    if problems:
        raise InputError(problems)
    return splits


def draw_folds(examples: Sequence[Example], inner: int, seed: int, stratify: bool = True) -> dict[str, str]:
    """Example id -> fold "0" to str(inner - 1): by group, stratified, of nearly equal size. Hand over no test examples.

    Raises InputError: fewer than 2 folds, or fewer groups than folds.
    """
    if inner < 2:
        raise InputError(f"data.folds.inner must be at least 2, is {inner}.")
    groups = {example.group for example in examples}
    if len(groups) < inner:
        raise InputError(
            f"data.folds.inner is {inner} and the examples outside the test split have {len(groups)} groups."
        )
    return _draw(examples, {str(fold): 1 / inner for fold in range(inner)}, seed, stratify)


def summarise(examples: Sequence[Example], splits: Mapping[str, str], stratify: bool = True) -> list[SplitRow]:
    """One row for every split that occurs and every label, also where the split lacks the label (0 examples)."""
    present = set(splits.values())
    names = [name for name in SPLITS if name in present] + sorted(present - set(SPLITS))
    counts: Counter[tuple[str, str]] = Counter()
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for example in examples:
        key = (splits[example.id], _label(example, stratify))
        counts[key] += 1
        groups[key].add(example.group)
    labels = sorted({_label(example, stratify) for example in examples})
    return [SplitRow(name, label, counts[name, label], len(groups[name, label])) for name in names for label in labels]


def _label(example: Example, stratify: bool) -> str:
    return str(example.target) if stratify else "-"


def _with_given(examples: Sequence[Example], wanted: Mapping[str, float], seed: int, stratify: bool) -> dict[str, str]:
    splits = {example.id: str(example.split) for example in examples}
    unknown = sorted(set(splits.values()) - set(SPLITS))
    if unknown:
        raise InputError(f"The column 'split' holds {unknown[0]!r}; it may hold {', '.join(SPLITS)}.")
    sides: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        sides[example.group].add(splits[example.id])
    torn = sorted(group for group, of_group in sides.items() if len(of_group) > 1)
    if torn:
        raise InputError(
            f"The data's own split puts group {torn[0]!r} on several sides ({', '.join(sorted(sides[torn[0]]))})"
            f"{f' and {len(torn) - 1} further groups' if len(torn) > 1 else ''}; a group must stand on one side. Where "
            'sides are meant to share speakers, say `data.columns: {group: ""}`, and scores are of known speakers.'
        )
    missing = {name: share for name, share in wanted.items() if name not in splits.values()}
    if missing and "train" not in missing:
        rest = [example for example in examples if splits[example.id] == "train"]
        shares = {"train": 1 - sum(missing.values()), **missing}
        splits.update(_draw(rest, shares, seed, stratify))
    return splits


def _draw(examples: Sequence[Example], shares: Mapping[str, float], seed: int, stratify: bool) -> dict[str, str]:
    """Example id -> a name in `shares`. The order of `examples` does not matter."""
    group_names = sorted({example.group for example in examples})
    labels = sorted({_label(example, stratify) for example in examples})
    names = list(shares)
    if len(group_names) < len(names):
        raise InputError(
            f"{len(group_names)} group{'s' if len(group_names) > 1 else ''} cannot fill {len(names)} splits "
            f"({', '.join(names)}): a group stands on one side only. Give more groups or fewer splits."
        )
    row = {group: index for index, group in enumerate(group_names)}
    column = {label: index for index, label in enumerate(labels)}
    counts = np.zeros((len(group_names), len(labels)))  # (G, L): examples of a label in a group
    for example in examples:
        counts[row[example.group], column[_label(example, stratify)]] += 1
    side = _assign(counts, np.array([shares[name] for name in names]), np.random.default_rng(seed))
    _fill_gaps(counts, side, len(names))
    return {example.id: names[side[row[example.group]]] for example in examples}


def _assign(counts: np.ndarray, shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """counts (G, L), shares (S,) -> the side of each group, (G,) int."""
    weights = 1 / counts.sum(axis=0)  # rare labels weigh as much as common ones
    lacks = np.outer(shares, counts.sum(axis=0))  # (S, L): what each side still has to get
    side = np.zeros(len(counts), dtype=int)
    shuffled = rng.permutation(len(counts))
    sizes = (counts * weights).max(axis=1)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        need = (lacks * counts[group] * weights**2).sum(axis=1)
        best = np.flatnonzero(need >= need.max() - 1e-12)
        chosen = best[np.argmax(lacks[best].sum(axis=1))]
        side[group] = chosen
        lacks[chosen] -= counts[group]
    return side


def _fill_gaps(counts: np.ndarray, side: np.ndarray, sides: int) -> None:
    """Moves a group into every side that lacks a label, from the side that has most groups of it; changes `side`."""
    for label in np.argsort((counts > 0).sum(axis=0), kind="stable"):
        for target in range(sides):
            if counts[side == target, label].any():
                continue
            holders = [np.flatnonzero((side == s) & (counts[:, label] > 0)) for s in range(sides)]
            donor = max(range(sides), key=lambda s: len(holders[s]))
            spare = [group for group in holders[donor].tolist() if _can_leave(counts, side, group)]
            if spare:
                side[min(spare, key=lambda group: counts[group].sum())] = target


def _can_leave(counts: np.ndarray, side: np.ndarray, group: int) -> bool:
    """Whether every label of `group` stays on its side without it."""
    others = side == side[group]
    others[group] = False
    return bool((counts[others].sum(axis=0)[counts[group] > 0] > 0).all()) and bool(others.any())


def _problems(
    examples: Sequence[Example], splits: Mapping[str, str], wanted: Sequence[str], stratify: bool
) -> list[str]:
    problems = []
    labels = {_label(example, stratify) for example in examples}
    if stratify and len(labels) < 2:
        problems.append(f"Every example has the label {labels.pop()!r}; at least two labels are needed.")
        return problems
    for name in wanted:
        of_split = [example for example in examples if splits[example.id] == name]
        found = {_label(example, stratify) for example in of_split}
        if not of_split:
            problems.append(f"The {name} split is empty.")
        elif stratify and len(found) < 2:
            label = found.pop()
            others = {example.group for example in examples if _label(example, stratify) != label}
            problems.append(
                f"The {name} split holds the label {label!r} only ({len(of_split)} examples); the other labels have "
                f"{len(others)} group{'s' if len(others) != 1 else ''} in all, and a group stands on one side only."
            )
    return problems
