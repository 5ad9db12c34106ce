"""Speech against noises that differ in nothing else. Covers `formants`, `phonemes` and `noises` too."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.ensemble import GradientBoostingClassifier

from trainables.data.examples import Example
from trainables.data.generators import speech_detection
from trainables.data.generators.formants import SAMPLE_RATE_HZ, Voice, draw_voice, speak
from trainables.data.splits import draw_splits

Clips = list[tuple[Example, np.ndarray]]


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Clips:
    folder = tmp_path_factory.mktemp("speech_detection")
    start = time.process_time()
    examples = speech_detection.generate(folder, 42)
    assert time.process_time() - start < 15  # 4.5 s on a quiet core
    return [(example, soundfile.read(example.audio[0].path)[0]) for example in examples]


def test_clips_are_what_the_header_says(clips):
    assert Counter(example.target for example, _ in clips) == {"SPEECH": 200, "NONSPEECH": 200}
    assert len({example.id for example, _ in clips}) == 400
    assert set(Counter(example.group for example, _ in clips).values()) == {5}
    assert len({example.group for example, _ in clips}) == 80
    labels = defaultdict(set)
    for example, sound in clips:
        info = soundfile.info(example.audio[0].path)
        assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
        assert 1.0 <= info.duration <= 1.9
        assert 0.005 < np.sqrt(np.mean(sound**2)) < 0.11
        assert np.abs(sound).max() < 1
        labels[example.group].add(example.target)
    assert all(len(of_group) == 1 for of_group in labels.values())


def test_the_declared_splits_hold_160_80_and_160(clips):
    splits = draw_splits([example for example, _ in clips], validation=0.2, test=0.4, seed=42, stratify=True)
    assert Counter(splits.values()) == {"train": 160, "validation": 80, "test": 160}


def test_a_seed_gives_the_same_bytes_and_another_seed_other_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(speech_detection, "CLIPS_PER_GROUP", 1)

    def content(name: str, seed: int) -> list[bytes]:
        (tmp_path / name).mkdir()
        return [Path(e.audio[0].path).read_bytes() for e in speech_detection.generate(tmp_path / name, seed)]

    first = content("first", 3)
    assert first == content("second", 3)
    assert all(a != b for a, b in zip(first, content("other", 4), strict=True))
    assert len(set(first)) == len(first)


def crude(sound: np.ndarray) -> dict[str, float]:
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ)
    return {
        "length": float(len(sound)),
        "loudness": float(np.log(np.mean(sound**2))),
        "centroid": float((power * hz).sum() / power.sum()),
        "bandwidth": float(hz[np.searchsorted(np.cumsum(power) / power.sum(), 0.99)]),
    }


@pytest.mark.parametrize(
    "names",
    [["length"], ["loudness"], ["bandwidth"], ["centroid"], ["length", "loudness", "centroid", "bandwidth"]],
    ids="+".join,
)
def test_no_crude_cue_tells_the_classes_apart(clips, names):
    examples = [example for example, _ in clips]
    cues = np.array([[crude(sound)[name] for name in names] for _, sound in clips])
    speech = np.array([example.target == "SPEECH" for example in examples])
    accuracies = []
    for seed in range(4):
        splits = draw_splits(examples, validation=0.2, test=0.4, seed=seed, stratify=True)
        test = np.array([splits[example.id] == "test" for example in examples])
        trees = GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=0)
        accuracies.append(trees.fit(cues[~test], speech[~test]).score(cues[test], speech[test]))
    assert np.mean(accuracies) < 0.65, accuracies


def test_a_voice_speaks_at_its_pitch():
    voice = Voice(pitch_hz=120, tract=1.0, pace=1.0, breath=0.02, melody=0.05, tilt_hz=500)
    sound = speak(voice, 1.5, np.random.default_rng(0))
    assert sound.shape == (24_000,)
    loud = max(np.split(sound, 15), key=lambda part: float(np.sum(part**2)))  # 100 ms of a vowel
    echo = np.correlate(loud, loud, mode="full")[len(loud) :]
    shortest = SAMPLE_RATE_HZ // 300
    period = shortest + int(np.argmax(echo[shortest : SAMPLE_RATE_HZ // 60]))
    assert SAMPLE_RATE_HZ / period == pytest.approx(120, rel=0.2)


def test_a_shorter_tract_has_higher_formants():
    def centroid(tract: float) -> float:
        voice = Voice(pitch_hz=120, tract=tract, pace=1.0, breath=0.02, melody=0.05, tilt_hz=500)
        return crude(speak(voice, 3.0, np.random.default_rng(1)))["centroid"]

    assert centroid(1.3) > 1.1 * centroid(1.0)


def test_voices_of_speakers_differ():
    voices = [draw_voice(np.random.default_rng(i)) for i in range(40)]
    assert max(v.pitch_hz for v in voices) > 2 * min(v.pitch_hz for v in voices)
    assert max(v.tract for v in voices) > 1.25 * min(v.tract for v in voices)


def test_the_tilt_brings_the_centroid_where_it_shall_be():
    noise = np.random.default_rng(0).normal(size=16_000)
    for centroid_hz in (700.0, 1400.0):
        tilted = speech_detection._tilted_to(noise, centroid_hz)
        assert crude(tilted)["centroid"] == pytest.approx(centroid_hz, rel=0.03)
