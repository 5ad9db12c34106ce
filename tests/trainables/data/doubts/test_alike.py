"""Copies that a codec, a level or a cut changed are found; other sound, however similar, is not."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from scipy.signal import lfilter, resample_poly

from trainables.data.doubts.alike import HOP_SECONDS, alike, fingerprint

RATE = 16_000


def sound(seed: int, seconds: float = 2.0) -> np.ndarray:
    """Noise whose colour and level change every 50 ms, as speech and most sounds do."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(round(seconds / 0.05)):
        pole = rng.uniform(0.5, 0.98) * np.exp(1j * rng.uniform(0.05, 1.2))
        part = lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], rng.standard_normal(RATE // 20))
        parts.append(part / np.abs(part).max() * rng.uniform(0.05, 0.5))
    return np.concatenate(parts).astype(np.float32)


def coded(samples: np.ndarray, kind: str, level: float = 0.5) -> tuple[np.ndarray, int]:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=kind, compression_level=level)
    buffer.seek(0)
    decoded, rate = soundfile.read(buffer, dtype="float32")
    return decoded, rate


CHANGES: dict[str, Callable[[np.ndarray], tuple[np.ndarray, int]]] = {
    "MP3": lambda samples: coded(samples, "MP3"),
    "Vorbis": lambda samples: coded(samples, "OGG"),
    "half as loud": lambda samples: (samples / 2, RATE),
    "5.7 ms later": lambda samples: (samples[91:], RATE),
    "silence before it": lambda samples: (np.concatenate([np.zeros(3000, np.float32), samples]), RATE),
    "another rate": lambda samples: (resample_poly(samples, 441, 160).astype(np.float32), 44_100),
    "the second half": lambda samples: (samples[len(samples) // 2 :], RATE),
    "noise 20 dB below": lambda samples: (
        (samples + samples.std() / 10 * np.random.default_rng(99).standard_normal(len(samples))).astype(np.float32),
        RATE,
    ),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_copy_is_found_and_nothing_else(how: str) -> None:
    prints = {str(seed): fingerprint(sound(seed), RATE) for seed in range(12)}
    prints["copy"] = fingerprint(*CHANGES[how](sound(5)))
    pairs = alike({name: words for name, words in prints.items() if words is not None})
    assert [(pair.one, pair.other) for pair in pairs] == [("5", "copy")]


def test_it_says_where_the_copy_begins() -> None:
    first, later = fingerprint(sound(0, 4.0), RATE), fingerprint(sound(0, 4.0)[RATE:], RATE)
    assert first is not None
    assert later is not None
    (pair,) = alike({"a": first, "b": later})
    assert pair.shift_seconds == pytest.approx(1.0, abs=HOP_SECONDS)
    assert pair.error_rate < 0.1


@pytest.mark.parametrize("kind", ["white noise", "tones", "clicks", "steady hum"])
def test_sound_of_one_kind_is_not_alike(kind: str) -> None:
    rng = np.random.default_rng(0)
    time = np.arange(2 * RATE) / RATE
    prints = {}
    for index in range(30):
        noise = rng.standard_normal(len(time))
        samples = {
            "white noise": 0.1 * noise,
            "tones": 0.3 * np.sin(2 * np.pi * (300 + 3 * index) * time) + 0.01 * noise,
            "clicks": (rng.random(len(time)) < 3e-4) * noise + 1e-3 * rng.standard_normal(len(time)),
            "steady hum": sum(np.sin(2 * np.pi * 100 * k * time + rng.uniform(0, 6)) / k for k in range(1, 20)) * 0.1
            + 0.01 * noise,
        }[kind]
        words = fingerprint(samples.astype(np.float32), RATE)
        assert words is not None
        prints[str(index)] = words
    assert alike(prints) == []


def test_what_is_too_short_or_silent_has_no_fingerprint() -> None:
    assert fingerprint(sound(0, 0.5), RATE) is None
    assert fingerprint(np.zeros(2 * RATE, np.float32), RATE) is None
    assert fingerprint(sound(0), 2000) is None
    assert alike({}) == []
