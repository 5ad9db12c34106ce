"""Clips whose header is good and whose sound cannot be decoded, found before splits are drawn where `data.skip` lets
them be left out: a clip that goes later would leave a hole in its split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from trainables.data.doubts.check import place_of
from trainables.data.doubts.listen import Heard
from trainables.data.examples import Example
from trainables.data.reading import Account, Skip


def leave_out_undecodable(
    examples: Sequence[Example],
    seconds: Sequence[float],
    account: Account,
    skip: Skip,
    hear: Callable[[Sequence[Example]], Heard],
) -> tuple[list[float], Heard | None]:
    """`seconds` of `check_examples`, with NaN for those that cannot be decoded either, which the account then holds;
    and what was heard of all others.

    `hear` decodes them, as `listen` does. Where nothing may be left out nothing is decoded, and None is what was heard:
    writing the stores says what is wrong. Raises InputError: more cannot be used than `skip` allows.
    """
    left = list(seconds)
    if skip == Skip():
        return left, None
    heard = hear([example for example, length in zip(examples, seconds, strict=True) if not math.isnan(length)])
    for number, example in enumerate(examples):
        if not math.isnan(left[number]) and example.id in heard.problems:
            account.leave_out(place_of(example), heard.problems[example.id], sound=True)
            left[number] = math.nan
    account.refuse_beyond(skip, len(examples) + len(account.left_out) - len(heard.problems))
    return left, replace(heard, problems={})
