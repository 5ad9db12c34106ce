"""Scores as other programs write them: prob_dog, P(dog), logit.dog, or a column called like each label.

A set of columns counts where every label of the answers' targets has one; ours, score/CLASS, is taken before any other.
Columns that bear the labels' bare names have to be probabilities: of logits nobody could tell that none is missing.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from analysis.predictions.column_names import SPELLINGS
from analysis.predictions.scores import are_probabilities
from trainables.records import SCORE_PREFIX

BEFORE = re.compile(
    r"(?:scores?|prob(?:a|s|abilit(?:y|ies))?|log_?probs?|logits?|p|conf(?:idence)?)([\s_.:/-]+|\()", re.I
)
MOST_CLASSES = 2000
Columns = dict[str, list[Any]]


def with_scores(file: str, columns: Columns) -> tuple[Columns, list[str]]:
    """The columns, scores under score/CLASS, and what is to be said of it."""
    labels = _labels(columns)
    if not labels or any(name.startswith(SCORE_PREFIX) for name in columns):
        return columns, []
    for taken in (*_by_what_stands_before(columns), {name: name for name in columns if name in labels}):
        if not labels <= set(taken) or not all(_numbers(columns[name]) for name in taken.values()):
            continue
        bare = all(name == label for label, name in taken.items())
        if bare and not are_probabilities(np.array([columns[name] for name in taken.values()], dtype=float).T):
            return columns, [
                f"{file}: columns are called like the labels, and are no probabilities that add up to 1: they were not "
                f"read. Call them {SCORE_PREFIX}LABEL where they are scores."
            ]
        ours = {name: f"{SCORE_PREFIX}{label}" for label, name in taken.items()}
        first, *_ = ours
        said = f"{file}: {len(ours)} columns were read as scores of the classes, such as {first!r}."
        return {ours.get(name, name): cells for name, cells in columns.items()}, [said]
    return columns, []


def _labels(columns: Columns) -> set[str]:
    """Of the targets; none where these are no labels."""
    labels = {str(target) for target in columns.get("target", [])}
    return labels if 2 <= len(labels) <= min(MOST_CLASSES, len(columns)) else set()


def _by_what_stands_before(columns: Columns) -> list[dict[str, str]]:
    """For every beginning (`prob_`, `P(`): label -> column."""
    found: dict[str, dict[str, str]] = {}
    ours = {spelling for spellings in SPELLINGS.values() for spelling in spellings}
    for name in columns:
        if (begun := BEFORE.match(name)) and name not in ours:
            label = name[begun.end() :]
            found.setdefault(begun[0], {})[label.removesuffix(")") if begun[1] == "(" else label] = name
    return list(found.values())


def _numbers(cells: list[Any]) -> bool:
    try:
        return bool(np.isfinite(np.array(cells, dtype=float)).all())
    except (TypeError, ValueError):
        return False
