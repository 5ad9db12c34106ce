"""Clips that sound alike though their samples differ: encoded again, louder, shifted, cut out of one another.

Audio fingerprints after Haitsma and Kalker (A Highly Robust Audio Fingerprinting System, ISMIR 2002): 33 bands between
300 and 2,000 Hz, frames of 0.37 s every 11.6 ms, and for each frame 32 signs of differences between neighbouring bands
and frames. A level does not matter to them, a codec changes few. Clips that share words are compared bit by bit at the
shift that these words tell, so that the cost grows with the words that are shared and not with the pairs of clips.

A bit error rate that lies ERROR_SIGMAS standard errors below 1/2 is no accident; the standard error is the one measured
in the paper for 256 frames, larger for fewer. Less than half a second says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

FRAME_SECONDS = 0.37
HOP_SECONDS = FRAME_SECONDS / 32
LOWEST_HZ, HIGHEST_HZ, BANDS = 300.0, 2000.0, 33
RATE_HZ = 5000  # sound is thinned out to this rate, or somewhat more
LONGEST_SECONDS = 60.0  # of a clip, from its start
FEWEST_FRAMES = 24  # that two clips have in common
QUIET = 1e-7  # of the loudest frame's energy: below, signs are those of rounding
COMMON = 64  # a word in more places than that tells nothing
WEAK_BITS = 3  # of each frame that are tried the other way too
MOST_ERRORS = 0.32
ERROR_SIGMAS = 9.0
PAPER_SIGMA, PAPER_FRAMES = 0.0148, 256


@dataclass(frozen=True)
class Fingerprint:
    """One word for each frame after the first."""

    words: np.ndarray  # (frames,) uint32
    weak: np.ndarray  # (frames, WEAK_BITS) uint8: the bits that were decided by least
    heard: np.ndarray  # (frames,) bool: loud enough to say something


@dataclass(frozen=True)
class Pair:
    one: str  # ids
    other: str
    shift_seconds: float  # how much later the other's sound begins in `one`
    error_rate: float  # of the bits


def fingerprint(waveform: np.ndarray, sample_rate_hz: int) -> Fingerprint | None:
    """Of mono sound, (samples,); None where it is too short or too low for one."""
    from scipy.fft import rfft
    from scipy.signal import resample_poly

    step = max(1, sample_rate_hz // RATE_HZ)
    sound = waveform[: int(LONGEST_SECONDS * sample_rate_hz)]
    rate = sample_rate_hz / step
    length = round(FRAME_SECONDS * rate)
    frames = int((len(sound) / step - length) / (HOP_SECONDS * rate)) + 1
    if frames - 1 < FEWEST_FRAMES or rate < 2 * HIGHEST_HZ:
        return None
    thinned = resample_poly(sound, 1, step).astype(np.float32) if step > 1 else sound
    starts = np.round(np.arange(frames) * HOP_SECONDS * rate).astype(int)
    starts = starts[starts + length <= len(thinned)]
    framed = np.lib.stride_tricks.sliding_window_view(thinned, length)[starts] * np.hanning(length).astype(np.float32)
    power = np.abs(rfft(framed, axis=1)) ** 2
    edges = np.round(np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * length / rate).astype(int)
    energy = np.add.reduceat(power, edges, axis=1)[:, :BANDS]  # (frames, bands)
    across = energy[:, :-1] - energy[:, 1:]
    change = across[1:] - across[:-1]  # (frames - 1, 32)
    words = np.packbits(change > 0, axis=1, bitorder="little").view("<u4")[:, 0]
    weak = np.argsort(np.abs(change), axis=1)[:, :WEAK_BITS].astype(np.uint8)
    loud = energy.sum(axis=1)
    heard = (loud[1:] > QUIET * loud.max()) & (loud[:-1] > QUIET * loud.max())
    return Fingerprint(words, weak, heard) if heard.sum() >= FEWEST_FRAMES else None


def alike(fingerprints: Mapping[str, Fingerprint]) -> list[Pair]:
    """Pairs of clips with a stretch in common, the surest first; each pair once."""
    names = list(fingerprints)
    prints = [fingerprints[name] for name in names]
    if len(prints) < 2:
        return []
    found = []
    for one, other, shift in _candidates(prints):
        rates = [(_error_rate(prints[one], prints[other], shift + near), shift + near) for near in (-1, 0, 1)]
        (errors, frames), best = min(rates)
        if errors <= _most_errors(frames):
            found.append(Pair(names[one], names[other], best * HOP_SECONDS, errors))
    return sorted(found, key=lambda pair: pair.error_rate)


def _candidates(prints: list[Fingerprint]) -> list[tuple[int, int, int]]:
    """(clip, later clip, shift in frames) of pairs that share a word, at the shift at which they share most."""
    words = np.concatenate([of.words[of.heard] for of in prints])
    clip = np.concatenate([np.full(int(of.heard.sum()), index, np.int32) for index, of in enumerate(prints)])
    place = np.concatenate([np.flatnonzero(of.heard).astype(np.int32) for of in prints])
    weak = np.concatenate([of.weak[of.heard] for of in prints])
    order = np.argsort(words, kind="stable")
    ordered = words[order]
    votes: dict[tuple[int, int], dict[int, int]] = {}
    flips = [
        np.zeros(len(words), np.uint32),
        *(np.uint32(1) << weak[:, bit].astype(np.uint32) for bit in range(WEAK_BITS)),
    ]
    for flip in flips:
        asked = words ^ flip
        first = np.searchsorted(ordered, asked, "left")
        uses = np.searchsorted(ordered, asked, "right") - first
        uses[uses > COMMON] = 0
        query = np.repeat(np.arange(len(words)), uses)
        within = np.arange(len(query)) - np.repeat(np.cumsum(uses) - uses, uses)
        hit = order[np.repeat(first, uses) + within]
        kept = clip[query] < clip[hit]
        pairs = np.stack([clip[query[kept]], clip[hit[kept]], place[query[kept]] - place[hit[kept]]], axis=1)
        for (one, other, shift), count in zip(*_counted(pairs), strict=True):
            shifts = votes.setdefault((one, other), {})
            shifts[shift] = shifts.get(shift, 0) + count
    return [(one, other, max(shifts, key=lambda shift: shifts[shift])) for (one, other), shifts in votes.items()]


def _counted(rows: np.ndarray) -> tuple[list[tuple[int, ...]], list[int]]:
    unique, counts = np.unique(rows, axis=0, return_counts=True)
    return [tuple(row) for row in unique.tolist()], counts.tolist()


def _error_rate(one: Fingerprint, other: Fingerprint, shift: int) -> tuple[float, int]:
    """(share of the bits that differ, frames that are compared) where `other` begins `shift` frames into `one`."""
    first, last = max(0, shift), min(len(one.words), len(other.words) + shift)
    if last - first < FEWEST_FRAMES:
        return 1.0, 0
    mine, theirs = slice(first, last), slice(first - shift, last - shift)
    both = one.heard[mine] & other.heard[theirs]
    frames = int(both.sum())
    if frames < FEWEST_FRAMES:
        return 1.0, 0
    differ = np.bitwise_count(one.words[mine][both] ^ other.words[theirs][both]).sum()
    return float(differ) / (32 * frames), frames


def _most_errors(frames: int) -> float:
    """The bit error rate up to which two clips are alike."""
    if not frames:
        return 0.0
    sigma = PAPER_SIGMA * float(np.sqrt(PAPER_FRAMES / frames))
    return min(MOST_ERRORS, 0.5 - ERROR_SIGMAS * sigma)
