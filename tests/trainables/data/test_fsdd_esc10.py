from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.formats.manifest import read_manifest
from trainables.data.fsdd_esc10 import main
from trainables.data.reading import Wanted
from trainables.data.sound.audio import load_waveform

NO_CACHE = Path("never-written")


@pytest.fixture
def made_up(tmp_path) -> Path:
    """Two speakers with loud middles, and three kinds of which one is broken by digital silence."""
    rng = np.random.default_rng(0)
    for speaker in ("ann", "bob"):
        for index in range(12):
            path = tmp_path / "data" / "fsdd" / "recordings" / f"{index % 10}_{speaker}_{index}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            edge = 0.0005 * rng.normal(size=800)
            soundfile.write(path, np.concatenate([edge, rng.normal(0, 0.2, 3200), edge]), 8_000)
    for kind in ("001 - Dog", "002 - Rain", "003 - Broken"):
        for index in range(4):
            path = tmp_path / "data" / "esc10" / kind / f"{index}-{1000 + index}{kind[2]}-A.ogg"
            path.parent.mkdir(parents=True, exist_ok=True)
            sound = rng.normal(0, 0.1, 5 * 44_100)
            if kind.endswith("Dog"):
                sound[2 * 44_100 :] = 0  # silence after two seconds
            if kind.endswith("Broken"):
                sound[:] = np.where(np.arange(len(sound)) % 30_000 < 15_000, sound, 0)
            soundfile.write(path, sound, 44_100)
    return tmp_path / "data"


def run(folder: Path, output: Path, *options: str) -> list[dict[str, object]]:
    assert main([str(folder), "--output", str(output), *options]) == 0
    return [json.loads(line) for line in output.read_text().splitlines()]


def test_clips_are_balanced_one_second_and_full_of_sound(made_up, tmp_path):
    rows = run(made_up, tmp_path / "lists" / "clips.jsonl", "--clips", "24")
    assert Counter(row["label"] for row in rows) == {"SPEECH": 12, "NONSPEECH": 12}
    assert Counter(row["group"] for row in rows if row["label"] == "SPEECH") == {"ann": 6, "bob": 6}
    examples = read_manifest(tmp_path / "lists" / "clips.jsonl", Wanted("label", NO_CACHE)).examples
    assert len({example.id for example in examples}) == 24
    assert not any("Broken" in piece.path for example in examples for piece in example.audio)
    for example in examples:
        waveform = load_waveform(example, 16_000)
        assert len(waveform) == 16_000
        levels = np.sqrt((waveform.reshape(20, 800) ** 2).mean(axis=1))
        assert levels.min() > 0.02, example.id
        power = np.abs(np.fft.rfft(waveform * np.hanning(16_000))) ** 2
        assert power[4_050:].sum() < 1e-6 * power.sum(), example.id


def test_the_same_seed_draws_the_same_and_uncontrolled_are_the_same_recordings(made_up, tmp_path):
    rows = run(made_up, tmp_path / "a.jsonl", "--clips", "12")
    assert rows == run(made_up, tmp_path / "b.jsonl", "--clips", "12")
    assert rows != run(made_up, tmp_path / "c.jsonl", "--clips", "12", "--seed", "1")
    whole = run(made_up, tmp_path / "d.jsonl", "--clips", "12", "--uncontrolled")
    assert [(row["id"], row["audio"]) for row in whole] == [(row["id"], row["audio"]) for row in rows]
    assert not any({"seconds", "start_seconds", "lowpass_hz"} & row.keys() for row in whole)


def test_what_is_missing_is_said(tmp_path, made_up, capsys):
    assert main([str(tmp_path), "--output", str(tmp_path / "x.jsonl")]) == 2
    assert "fsdd" in capsys.readouterr().err
    assert main([str(made_up), "--output", str(tmp_path / "x.jsonl"), "--clips", "7"]) == 2
    assert "--clips" in capsys.readouterr().err
    assert not (tmp_path / "x.jsonl").exists()


def test_real_recordings_are_told_apart_neither_by_length_nor_by_bandwidth(audio_data, tmp_path):
    if not (audio_data / "fsdd").is_dir() or not (audio_data / "esc10").is_dir():
        pytest.skip(f"{audio_data} holds no fsdd and esc10")
    run(audio_data, tmp_path / "clips.jsonl", "--clips", "120")
    examples = read_manifest(tmp_path / "clips.jsonl", Wanted("label", NO_CACHE)).examples
    assert len({e.group for e in examples if e.target == "SPEECH"}) == 6
    shares: dict[str, list[float]] = {"SPEECH": [], "NONSPEECH": []}
    for example in examples:
        waveform = load_waveform(example, 16_000)
        assert len(waveform) == 16_000
        power = np.abs(np.fft.rfft(waveform * np.hanning(16_000))) ** 2
        shares[str(example.target)].append(float(power[4_050:].sum() / power.sum()))
    assert max(shares["SPEECH"] + shares["NONSPEECH"]) < 1e-6
