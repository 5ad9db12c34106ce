"""Numbers that are equal are one name: 1, 1.0 and "1" come of one class, or one speaker, in columns of mixed type."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from trainables.data.examples import Example
from trainables.data.reading import Account

_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d{1,3})?", re.ASCII)  # 007 is a name


def with_equal_numbers(examples: Sequence[Example], fields: Sequence[str], account: Account) -> list[Example]:
    """The examples with one spelling for each number among the values of a field (`target`, `group`, `fold`), the one
    of whole numbers where it is whole; texts that are no numbers stay. Said with a count, where anything changes."""
    told = list(examples)
    for field in fields:
        counts = Counter(value for example in told if isinstance(value := getattr(example, field), str))
        names = _one_for_each(counts)
        if names:
            rows = sum(counts[value] for value in names)
            shown, kept = min(names.items())
            account.guesses.append(
                f"Equal numbers are one {'label' if field == 'target' else field}: {shown} is {kept}, and so on "
                f"({rows} rows are written otherwise)."
            )
            told = [replace(e, **{field: names.get(getattr(e, field), getattr(e, field))}) for e in told]
    return told


def _one_for_each(counts: Mapping[str, int]) -> dict[str, str]:
    """Spelling -> the one that stands for it, of numbers that are written in several ways."""
    spellings: dict[float, list[str]] = defaultdict(list)
    for value in counts:
        if len(value) < 30 and _NUMBER.fullmatch(value):
            spellings[float(value)].append(value)
    names: dict[str, str] = {}
    for number, written in spellings.items():
        if len(written) > 1:
            whole = number == int(number) if abs(number) < 2**53 else False
            kept = str(int(number)) if whole else min(written, key=lambda value: (len(value), value))
            names |= {value: kept for value in written if value != kept}
    return names
