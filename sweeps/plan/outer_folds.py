"""Outer cross-validation: the whole sweep once per fold, and that fold is its test data.

Nested cross-validation (Varma and Simon 2006, BMC Bioinformatics 7:91): nothing chosen with a clip is tested on it, and
the pooled test predictions estimate what the whole procedure (search, choice of finalists, training) achieves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sweeps.config.spec import SweepSpec
from trainables.data.splits import draw_folds
from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.data.examples import Example

OFFICIAL, LEAVE_ONE_GROUP_OUT = "official", "leave_one_group_out"


def outer_folds(spec: SweepSpec, examples: Sequence[Example], *, stratify: bool) -> dict[str, str]:
    """Example id -> outer fold; empty where the file asks for none.

    Raises InputError: `official` without a fold for every example, or fewer than 2 folds.
    """
    wanted = spec.data.outer_folds
    if wanted is None:
        return {}
    if isinstance(wanted, int):
        return draw_folds(examples, wanted, spec.explore_seeds[0], stratify)
    folds = {e.id: e.group if wanted == LEAVE_ONE_GROUP_OUT else e.fold for e in examples}
    without = sum(fold is None for fold in folds.values())
    if without:
        raise InputError(
            f"data.folds.outer: official takes the folds from a column `fold`, and {without} of {len(folds)} examples "
            "have none; add the column, or write a number of folds."
        )
    crossing = _groups_in_several(examples, folds)
    if crossing:
        raise InputError(
            f"data.folds.outer: group {crossing[0]!r} stands in several folds ({len(crossing)} such groups), so a fold "
            "would be tested on what its sweep was trained on; correct `fold` or `group`."
        )
    named = {example_id: str(fold) for example_id, fold in folds.items()}
    if len(set(named.values())) < 2:
        raise InputError(f"data.folds.outer: {wanted} gives one fold only; at least 2 are needed.")
    return named


def fold_splits(
    spec: SweepSpec, examples: Sequence[Example], outer: Mapping[str, str], fold: str, *, stratify: bool
) -> dict[str, str]:
    """`fold` is the test split; of the rest, validation gets its share of the groups."""
    rest = [example for example in examples if outer[example.id] != fold]
    parts = draw_folds(rest, max(2, round(1 / spec.data.validation)), spec.explore_seeds[0], stratify)
    named = {example_id: "validation" if part == "0" else "train" for example_id, part in parts.items()}
    return {example.id: named.get(example.id, "test") for example in examples}


def _groups_in_several(examples: Sequence[Example], folds: Mapping[str, str | None]) -> list[str]:
    seen: dict[str, set[str | None]] = {}
    for example in examples:
        seen.setdefault(example.group, set()).add(folds[example.id])
    return [group for group, names in seen.items() if len(names) > 1]
