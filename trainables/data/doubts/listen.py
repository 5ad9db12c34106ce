"""One pass over the sound of clips: levels, silence, bandwidth, and fingerprints to find clips that sound alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from trainables.data.doubts.alike import Fingerprint, fingerprint
from trainables.data.examples import Example
from trainables.data.sound import channels
from trainables.data.sound.audio import Decoder, as_waveform
from trainables.data.sound.batches import batches
from trainables.data.sound.clip_facts import bandwidth_hz
from trainables.data.sound.measuring import decoding_threads
from trainables.data.sound.store import SplitStore
from trainables.errors import InputError

FLOOR_DB = -120.0  # below full scale: taken for silence
SILENT_DB = -60.0  # of a frame: nothing that a listener would hear beside other clips
FRAME_SECONDS = 0.05


@dataclass(frozen=True)
class ClipFacts:
    """What one clip sounds like, before it is resampled. Levels are in dB of full scale."""

    level_db: float  # of the mean energy
    peak_db: float
    silent_share: float  # of the clip's frames
    bandwidth_hz: float  # the highest frequency at which there is sound; 0 for silence
    clipped_share: float = 0.0  # of the samples of all channels, at full scale
    offset: float = 0.0  # the mean of the samples, of full scale 1
    rule: int = channels.PLAIN  # of `sound.channels`: how several channels became one
    heard_energy: float = 1.0  # share of the clip's energy, above its quietest, that a window from its start hears

    @property
    def silent(self) -> bool:
        return self.peak_db <= FLOOR_DB


@dataclass(frozen=True)
class Heard:
    """By example id. Clips that cannot be decoded are missing: what is wrong with them is said elsewhere."""

    facts: dict[str, ClipFacts] = field(default_factory=dict)
    fingerprints: dict[str, Fingerprint] = field(default_factory=dict)


def listen(
    examples: Sequence[Example],
    window_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Heard:
    """Decodes every clip once, whole. `window_seconds` is what a backbone hears of it; `progress` gets (done, all)."""
    parts = [[examples[number] for number in batch] for batch in batches(examples, range(len(examples)))]
    heard = Heard()
    done = 0
    with ThreadPoolExecutor(decoding_threads()) as pool:
        for part, found in zip(parts, pool.map(lambda part: _listen(part, window_seconds), parts), strict=True):
            heard.facts.update(found.facts)
            heard.fingerprints.update(found.fingerprints)
            done += len(part)
            if progress is not None:
                progress(done, len(examples))
    return heard


def kept_facts(store: SplitStore) -> Heard:
    """What a store kept of its clips when it decoded them; nothing where an earlier version wrote it."""
    if store.facts is None:
        return Heard()
    return Heard(
        {
            example.id: ClipFacts(
                level_db=max(FLOOR_DB, float(row["level_db"])),
                peak_db=_db(float(row["peak"])),
                silent_share=0.0,  # not kept
                bandwidth_hz=float(row["bandwidth_hz"]),
                clipped_share=float(row["clipped_share"]),
                rule=int(row["mixing"]),
            )
            for example, row in zip(store.examples, store.facts, strict=True)
        }
    )


def _listen(examples: Sequence[Example], window_seconds: float | None) -> Heard:
    found = Heard()
    with Decoder() as decoder:
        for example in examples:
            try:
                pieces = decoder.heard(example)
                rate = pieces[0].info.sample_rate_hz
                waveform = as_waveform(example, pieces, rate)
            except InputError:
                continue
            clipped = sum(piece.levels.clipped for piece in pieces) / max(1, sum(p.levels.samples for p in pieces))
            rule = max(piece.rule for piece in pieces)
            found.facts[example.id] = clip_facts(waveform, rate, window_seconds, clipped_share=clipped, rule=rule)
            words = fingerprint(waveform, rate)
            if words is not None:
                found.fingerprints[example.id] = words
    return found


def clip_facts(
    waveform: np.ndarray,
    sample_rate_hz: int,
    window_seconds: float | None = None,
    *,
    clipped_share: float = 0.0,
    rule: int = channels.PLAIN,
) -> ClipFacts:
    """Of mono sound, (samples,), one at least."""
    square = waveform.astype(np.float64) ** 2
    length = min(len(square), max(1, round(FRAME_SECONDS * sample_rate_hz)))
    frames = square[: len(square) // length * length].reshape(-1, length).mean(axis=1)
    return ClipFacts(
        level_db=_db(float(square.mean()) ** 0.5),
        peak_db=_db(float(np.abs(waveform).max())),
        silent_share=float((frames <= 10 ** (SILENT_DB / 10)).mean()),
        bandwidth_hz=bandwidth_hz(waveform, sample_rate_hz),
        clipped_share=clipped_share,
        offset=float(waveform.mean(dtype=np.float64)),
        rule=rule,
        heard_energy=_heard_energy(frames, window_seconds),
    )


def _heard_energy(frames: np.ndarray, window_seconds: float | None) -> float:
    """Noise that goes on all the time is no event: energy counts above the median of the quieter half."""
    if window_seconds is None or len(frames) * FRAME_SECONDS <= window_seconds:
        return 1.0
    above = np.maximum(0.0, frames - 2 * np.quantile(frames, 0.25))
    return float(above[: round(window_seconds / FRAME_SECONDS)].sum() / above.sum()) if above.any() else 1.0


def _db(amplitude: float) -> float:
    return max(FLOOR_DB, 20 * float(np.log10(amplitude))) if amplitude > 0 else FLOOR_DB
