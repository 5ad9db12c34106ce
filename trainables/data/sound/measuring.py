"""Decodes clips to look at them, without a store: what they are like, and which of them cannot be decoded.

Both are kept in the cache folder: the next time only clips that are new or changed are decoded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.data.examples import Example
from trainables.data.sound import kept
from trainables.data.sound.audio import Decoder
from trainables.data.sound.batches import batches
from trainables.data.sound.clip_facts import FACTS, facts_of
from trainables.data.sound.problems import SoundError
from trainables.errors import InputError

MOST_THREADS = 4


@dataclass(frozen=True)
class Measured:
    """Rows of `facts` stand for the examples, in order; rows of those that cannot be decoded are 0."""

    facts: np.ndarray  # (examples,) of FACTS
    problems: dict[int, str]  # number of the example -> one sentence without the file's name


def measure(examples: Sequence[Example], limit_seconds: float | None = None) -> Measured:
    """Decodes at most the first `limit_seconds` of each example. Raises nothing for what is wrong with the sound."""
    names = [_key(example, limit_seconds) for example in examples]
    known = kept.recall([name for name in names if name is not None])
    values: list[Any] = [known.get(name) if name is not None else None for name in names]
    unknown = [number for number, value in enumerate(values) if not _is_valid(value)]
    with ThreadPoolExecutor(decoding_threads()) as pool:
        for found in pool.map(lambda batch: _measured(examples, batch, limit_seconds), batches(examples, unknown)):
            for number, value in found.items():
                values[number] = value
    kept.keep({name: values[number] for number in unknown if (name := names[number]) is not None})
    facts = np.zeros(len(examples), dtype=FACTS)
    problems = {}
    for number, value in enumerate(values):
        if isinstance(value, str):
            problems[number] = value
        else:
            facts[number] = tuple(value)
    return Measured(facts, problems)


def decoding_threads() -> int:
    """Decoding lets go of Python's lock."""
    return max(1, min(MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


def _measured(
    examples: Sequence[Example], batch: Sequence[int], limit_seconds: float | None
) -> dict[int, list[float] | str]:
    found: dict[int, list[float] | str] = {}
    with Decoder() as decoder:
        for number in batch:
            try:
                found[number] = [float(value) for value in facts_of(decoder.heard(examples[number], limit_seconds))]
            except SoundError as error:
                found[number] = error.problem
            except InputError as error:
                found[number] = error.problems[0]
    return found


def _key(example: Example, limit_seconds: float | None) -> str | None:
    """None where a file cannot be looked at."""
    try:
        files = [
            kept.key("clip", piece.path, piece.start_seconds, piece.seconds, piece.channel) for piece in example.audio
        ]
    except OSError:
        return None
    return f"{files} {example.start_seconds} {example.seconds} {limit_seconds}"


def _is_valid(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and len(value) == len(FACTS.names or ()))
