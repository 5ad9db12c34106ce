"""Areas under curves with each test group left out in turn, without computing each anew.

`labels` (N,) of 0 or 1, `scores` (N,), `numbers` (N,) each row's group, `groups` how many there are. Found is
(1 + G,): of all rows, then without each group; NaN where there is nothing to tell apart. By scikit-learn's definitions.
"""

from __future__ import annotations

import numpy as np

from analysis.predictions.metrics import over

LARGE = 64  # rows of a group, from which on it is left out by itself


def roc_area(labels: np.ndarray, scores: np.ndarray, numbers: np.ndarray, groups: int) -> np.ndarray:
    """The chance that a row with the label scores above one without it, ties counting half: pairs won over pairs. Of a
    group go the pairs of its rows with all others, those within it once."""
    has = labels > 0.5
    _, levels = np.unique(scores, return_inverse=True)
    above, below = levels[has], levels[~has]
    won = _below(np.sort(below), above)  # by each row with the label
    lost = len(above) - _below(np.sort(above), below)  # by each without it
    own, others = numbers[has], numbers[~has]
    width = len(scores) + 1
    within = _below(np.sort(others * width + below), own * width + above) - np.searchsorted(np.sort(others), own)
    gone = (
        np.bincount(own, won, minlength=groups)
        + np.bincount(others, lost, minlength=groups)
        - np.bincount(own, within, minlength=groups)
    )[:groups]
    pairs = (len(above) - np.bincount(own, minlength=groups)[:groups]) * (
        len(below) - np.bincount(others, minlength=groups)[:groups]
    )
    return over(np.append(won.sum(), won.sum() - gone), np.append(len(above) * len(below), pairs))


def _below(ascending: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How many of `ascending` lie below each of `values`, equal ones counting half."""
    return (np.searchsorted(ascending, values, "left") + np.searchsorted(ascending, values, "right")) / 2.0


def average_precision(labels: np.ndarray, scores: np.ndarray, numbers: np.ndarray, groups: int) -> np.ndarray:
    """The mean, over rows with the label, of its share among the rows that score as high or higher.

    Where k rows of a group, a of them with the label, score as high or higher than a row, its share (T / N) becomes
    (T - a) / (N - k) without them: pieces of prefix sums, one for each k.
    """
    order = np.argsort(-scores, kind="stable")
    has, score, group = (labels[order] > 0.5).astype(float), scores[order], numbers[order]
    begins = np.flatnonzero(np.append(True, np.diff(score) != 0.0))
    block = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(score))))
    start, end = begins[block], np.append(begins[1:], len(score))[block]  # of the rows that score alike
    right, rows = np.cumsum(has)[end - 1], end.astype(float)
    found = np.full(1 + groups, np.nan)
    found[:1] = over((has * right / rows).sum(), has.sum())
    if not groups:
        return found
    members = np.argsort(group, kind="stable")  # by group, then as they score
    sizes = np.bincount(group, minlength=groups)
    first = np.cumsum(sizes) - sizes
    place = np.arange(len(members)) - first[group[members]] + 1  # 1 for a group's highest
    own = np.cumsum(has[members])
    own = own - np.append(0.0, own)[first[group[members]]]  # of the group's rows down to this one, those with the label
    total, small = np.zeros(groups), sizes <= LARGE
    for k in range(int(sizes[small].max(initial=0)) + 1):
        here = np.flatnonzero(small & (sizes >= k))
        at = members[np.minimum(first[here] + k - 1, len(members) - 1)]
        after = members[np.minimum(first[here] + k, len(members) - 1)]
        low = start[at] if k else np.zeros(len(here), dtype=int)
        high = np.where(sizes[here] > k, start[after], len(score))
        shares = np.append(0.0, np.cumsum(has * right / np.maximum(rows - k, 1.0)))
        ones = np.append(0.0, np.cumsum(has / np.maximum(rows - k, 1.0)))
        gone = own[first[here] + k - 1] if k else np.zeros(len(here))
        total[here] += shares[high] - shares[low] - gone * (ones[high] - ones[low])
    # the group's own rows are gone too; of those that score alike, all count as high or higher
    key = group[members] * (len(begins) + 1) + block[members]
    last = np.searchsorted(key, key, "right") - 1
    terms = has[members] * (right[members] - own[last]) / np.maximum(rows[members] - place[last], 1.0)
    total -= np.bincount(group[members], terms, minlength=groups)
    for one in np.flatnonzero(~small):
        kept = group != one
        total[one] = np.nan if not has[kept].any() else _alone(has[kept], score[kept]) * has[kept].sum()
    found[1:] = over(total, has.sum() - np.bincount(group, has, minlength=groups))
    return found


def _alone(has: np.ndarray, score: np.ndarray) -> float:
    """Of rows that come from the highest score to the lowest."""
    end = len(score) - np.searchsorted(score[::-1], score, "left")
    return float((has * np.cumsum(has)[end - 1] / end).sum() / has.sum())
