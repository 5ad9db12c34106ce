"""`digit_strings`: as many as promised, the same for a seed, and each says what its text says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables import registry
from trainables.data.doubts.check import check_examples
from trainables.data.examples import Example
from trainables.data.generators import digit_strings
from trainables.data.generators.digit_strings import DIGITS, generate, recorded, say
from trainables.data.generators.formants import SAMPLE_RATE_HZ, draw_voice
from trainables.data.generators.phonemes import CONSONANTS, VOWELS
from trainables.data.reading import Wanted
from trainables.data.sources import open_source
from trainables.errors import InputError


def few(folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> list[Example]:
    monkeypatch.setattr(digit_strings, "VOICES", 3)
    monkeypatch.setattr(digit_strings, "STRINGS_PER_VOICE", 4)
    folder.mkdir()
    return generate(folder, seed)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, again, other = (few(tmp_path / name, monkeypatch, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert [e.target for e in first] == [e.target for e in again] != [e.target for e in other]
    for one, two in zip(first, again, strict=True):
        assert Path(one.audio[0].path).read_bytes() == Path(two.audio[0].path).read_bytes()
    assert Counter(e.group for e in first) == {"voice00": 4, "voice01": 4, "voice02": 4}
    assert all(check_examples(first, registry.task("transcription", {})))
    for example in first:
        assert 2 <= len(example.target.split()) <= 5
        assert set(example.target.split()) <= set(DIGITS)
        waveform, rate = soundfile.read(example.audio[0].path)
        assert rate == SAMPLE_RATE_HZ
        assert 0.1 < np.abs(waveform).max() <= 10 ** (digit_strings.PEAK_DBFS[1] / 20) + 1e-4


def test_every_digit_can_be_said_and_is_told_apart() -> None:
    assert list(DIGITS) == ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert len(set(DIGITS.values())) == 10
    for syllables in DIGITS.values():
        assert all(sound in VOWELS or sound in CONSONANTS for syllable in syllables for sound in syllable)


def test_a_longer_string_takes_longer_and_hiss_is_where_an_s_is() -> None:
    """Six begins with an s, above 4 kHz; nine holds nothing there."""
    voice = draw_voice(np.random.default_rng(5))
    lengths = [len(say(voice, ["nine"] * count, np.random.default_rng(0))) for count in (1, 3, 5)]
    assert lengths == sorted(lengths)
    share = {}
    for word in ("six", "nine"):
        power = np.abs(np.fft.rfft(say(voice, [word], np.random.default_rng(1)))) ** 2
        share[word] = power[len(power) // 2 :].sum() / power.sum()
    assert share["six"] > 10 * share["nine"]
    assert np.abs(recorded(say(voice, ["six"], np.random.default_rng(1)), np.random.default_rng(2))).max() <= 1


def test_texts_are_not_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gives the column 'text' and the task needs 'label'"):
        open_source("digit_strings", Wanted("label", tmp_path), base_folder=tmp_path, seed=1)
