"""Decodes clips for a store, some at a time: samples, how long each is, and what decoding showed of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainables.data.examples import Example
from trainables.data.sound.audio import Decoder, as_waveform
from trainables.data.sound.clip_facts import FACTS, as_row, facts_of
from trainables.errors import InputError

FULL_SCALE = np.float32(2.0**15)
WAITING_BYTES = 1 << 20  # of decoded clips, before they are handed on
ROW = np.dtype([("number", "<i4"), ("samples", "<i4"), ("is_16_bit", "?"), ("facts", FACTS)])


@dataclass(frozen=True)
class Decoded:
    """Clips in the order of `rows`; the samples of those of 16 bits and of all others one behind the other."""

    rows: np.ndarray  # (clips,) of ROW
    integers: bytes = b""  # int16, little-endian
    floats: bytes = b""  # float32, little-endian
    problems: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # number of a clip -> what is wrong with it


def decode(
    clips: Sequence[tuple[int, Example]], sample_rate_hz: int, window_seconds: float, *, as_floats: bool = False
) -> Iterator[Decoded]:
    """(number, example) of each clip, those of one file one behind the other. Samples that are whole multiples of
    1/32768 come as integers, or, with `as_floats`, all as they are. Raises nothing for what is wrong with the sound."""
    rows: list[tuple[int, int, bool, tuple[Any, ...]]] = []
    integers: list[np.ndarray] = []
    floats: list[np.ndarray] = []
    problems: dict[int, tuple[str, ...]] = {}
    waiting_bytes = 0
    with Decoder() as decoder:
        for number, example in clips:
            try:
                heard = decoder.heard(example, window_seconds)
                waveform = as_waveform(example, heard, sample_rate_hz, window_seconds)
            except InputError as error:
                problems[number] = error.problems
                continue
            whole = None if as_floats else as_integers(waveform)
            if whole is None:
                floats.append(waveform)
            else:
                integers.append(whole)
            rows.append((number, len(waveform), whole is not None, as_row(facts_of(waveform, sample_rate_hz, heard))))
            waiting_bytes += waveform.nbytes
            if waiting_bytes >= WAITING_BYTES:
                yield _decoded(rows, integers, floats, problems)
                rows, integers, floats, problems, waiting_bytes = [], [], [], {}, 0
    if rows or problems:
        yield _decoded(rows, integers, floats, problems)


def _decoded(
    rows: Sequence[tuple[int, int, bool, tuple[Any, ...]]],
    integers: Sequence[np.ndarray],
    floats: Sequence[np.ndarray],
    problems: Mapping[int, tuple[str, ...]],
) -> Decoded:
    return Decoded(
        np.array(rows, dtype=ROW),
        b"".join([clip.data for clip in integers]),
        b"".join([np.ascontiguousarray(clip, "<f4").data for clip in floats]),
        problems,
    )


def as_integers(waveform: np.ndarray) -> np.ndarray | None:
    """(samples,) int16 from which `as_floats` gives the same float32, to the last bit; None where there are none."""
    scaled = waveform * FULL_SCALE
    if scaled.max() > 32767 or scaled.min() < -32768:
        return None
    integers = scaled.astype("<i2")
    return integers if np.array_equal(as_floats(integers).view(np.int32), waveform.view(np.int32)) else None


def as_floats(integers: np.ndarray) -> np.ndarray:
    """(samples,) int16 -> (samples,) float32, in units of full scale."""
    floats = integers.astype(np.float32)
    floats /= FULL_SCALE
    return floats
