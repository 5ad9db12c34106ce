"""Digit strings: what is written is what is heard, of one speaker."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables import registry
from trainables.data.doubts.check import check_examples
from trainables.data.formats.manifest import read_manifest
from trainables.data.fsdd_digits import WORDS, main
from trainables.data.reading import Wanted
from trainables.data.sound.audio import load_waveform

NO_CACHE = Path("never-written")

RATE = 8_000


@pytest.fixture
def made_up(tmp_path: Path) -> Path:
    """Two speakers, three recordings of each digit: a tone of 300 Hz plus 100 Hz per digit between quiet edges."""
    folder = tmp_path / "data" / "fsdd" / "recordings"
    folder.mkdir(parents=True)
    time = np.arange(round(0.4 * RATE)) / RATE
    for speaker in ("ann", "bob"):
        for digit in range(10):
            for index in range(3):
                tone = 0.3 * np.sin(2 * np.pi * (300 + 100 * digit) * time)
                edge = np.full(800, 1e-4)
                soundfile.write(folder / f"{digit}_{speaker}_{index}.wav", np.concatenate([edge, tone, edge]), RATE)
    return tmp_path / "data"


def run(folder: Path, output: Path, *options: str) -> list[dict[str, object]]:
    assert main([str(folder), "--output", str(output), *options]) == 0
    return [json.loads(line) for line in output.read_text().splitlines()]


def test_the_sound_says_what_the_text_says(made_up: Path, tmp_path: Path) -> None:
    output = tmp_path / "lists" / "digits.jsonl"
    rows = run(made_up, output, "--strings", "12")
    assert Counter(row["group"] for row in rows) == {"ann": 6, "bob": 6}
    examples = read_manifest(output, Wanted("text", NO_CACHE)).examples
    assert all(check_examples(examples, registry.task("transcription", {})))
    for example in examples:
        words = example.target.split()
        assert 2 <= len(words) <= 5
        assert all(example.group in piece.path for piece in example.audio)
        waveform = load_waveform(example, RATE)
        parts = np.array_split(waveform, len(words))  # all made-up digits are equally long
        loudest = [np.abs(np.fft.rfft(part)).argmax() * RATE / len(part) for part in parts]
        assert [WORDS[round((hz - 300) / 100)] for hz in loudest] == words


def test_no_recording_twice_before_every_other_and_the_same_for_a_seed(made_up: Path, tmp_path: Path) -> None:
    rows = run(made_up, tmp_path / "a.jsonl", "--strings", "60", "--seed", "3")
    uses: dict[str, Counter[str]] = {}
    for row in rows:
        for piece in row["audio"]:  # type: ignore[attr-defined]
            digit = Path(piece["path"]).name[0]
            uses.setdefault(f"{row['group']} {digit}", Counter())[piece["path"]] += 1
    for counts in uses.values():
        assert max(counts.values()) - (min(counts.values()) if len(counts) == 3 else 0) <= 1
    assert rows == run(made_up, tmp_path / "b.jsonl", "--strings", "60", "--seed", "3")
    assert rows != run(made_up, tmp_path / "c.jsonl", "--strings", "60", "--seed", "4")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fewest", "3", "--most", "2"), "--most at least as much (is 2)"),
        (("--strings", "0"), "--strings must be at least 1 (is 0)"),
    ],
)
def test_digit_strings_refuse_numbers_out_of_range(
    made_up: Path, tmp_path: Path, options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(made_up), "--output", str(tmp_path / "x.jsonl"), *options]) == 2
    assert message in capsys.readouterr().err


def test_missing_recordings_are_named(made_up: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere"), "--output", str(tmp_path / "x.jsonl")]) == 2
    assert "FOLDER must hold fsdd/recordings" in capsys.readouterr().err
    for path in made_up.rglob("7_bob_*"):
        path.unlink()
    assert main([str(made_up), "--output", str(tmp_path / "x.jsonl")]) == 2
    assert "no recording of 7 by bob" in capsys.readouterr().err


def test_real_recordings(audio_data: Path, tmp_path: Path) -> None:
    if not (audio_data / "fsdd").is_dir():
        pytest.skip(f"{audio_data} holds no fsdd")
    rows = run(audio_data, tmp_path / "digits.jsonl", "--strings", "18")
    assert len({row["group"] for row in rows}) == 6
    seconds = [
        len(load_waveform(e, RATE)) / RATE
        for e in read_manifest(tmp_path / "digits.jsonl", Wanted("text", NO_CACHE)).examples
    ]
    assert min(seconds) > 0.25
    assert max(seconds) < 4.0
