"""Clips whose header is good and whose sound cannot be decoded, found before splits are drawn where `data.skip` lets
them be left out: a clip that goes later would leave a hole in its split."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainables.data.doubts.check import place_of
from trainables.data.examples import Example
from trainables.data.reading import Account, Skip
from trainables.data.sound.measuring import measure

HEARD_SECONDS = 60.0  # of each clip: more than any backbone hears at once


def leave_out_undecodable(
    examples: Sequence[Example], seconds: Sequence[float], account: Account, skip: Skip
) -> list[float]:
    """`seconds` of `check_examples`, with NaN for those that cannot be decoded either, which the account then holds.

    Decodes every clip once; what it found is kept for the next time. Where nothing may be left out it decodes nothing:
    writing the stores says what is wrong. Raises InputError: more cannot be used than `skip` allows.
    """
    if skip == Skip():
        return list(seconds)
    usable = [number for number, length in enumerate(seconds) if not math.isnan(length)]
    found = measure([examples[number] for number in usable], HEARD_SECONDS)
    left = list(seconds)
    for number, problem in found.problems.items():
        account.leave_out(place_of(examples[usable[number]]), problem, sound=True)
        left[usable[number]] = math.nan
    account.refuse_beyond(skip, len(examples) + len(account.left_out) - len(found.problems))
    return left
