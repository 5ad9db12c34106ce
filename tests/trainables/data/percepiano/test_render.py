from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.percepiano import render
from trainables.data.percepiano.render import SAMPLE_RATE_HZ, render_all, synthesiser, trimmed
from trainables.errors import InputError

# Plays what the "MIDI" file says, in place of FluidSynth: so many seconds of a tone, then silence
PLAYER = f"""#!{sys.executable}
import sys, numpy, soundfile
words = sys.argv
text = open(words[-1]).read()
assert open(words[-2], "rb").read(4) == b"RIFF"
if text != "broken":
    seconds, rate = float(text), int(words[words.index("-r") + 1])
    tone = 0.3 * numpy.sin(numpy.arange(int(seconds * rate)) * 0.3)
    sound = numpy.concatenate([tone, numpy.zeros(3 * rate)])
    soundfile.write(words[words.index("-F") + 1], numpy.stack([sound, sound], 1), rate, subtype="PCM_16")
"""


@pytest.fixture
def player(tmp_path: Path) -> str:
    path = tmp_path / "fluidsynth"
    path.write_text(PLAYER)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture
def font(tmp_path: Path) -> Path:
    path = tmp_path / "piano.sf2"
    path.write_bytes(b"RIFF\0\0\0\0sfbk")
    return path


def pairs(folder: Path, contents: dict[str, str]) -> list[tuple[Path, Path]]:
    for name, text in contents.items():
        (folder / f"{name}.mid").write_text(text)
    return [(folder / f"{name}.mid", folder / "sounds" / f"{name}.flac") for name in contents]


def test_the_silence_at_the_end_goes_and_what_is_quiet_before_it_stays() -> None:
    loud, quiet = np.full(8000, 0.5, np.float32), np.full(8000, 0.01, np.float32)  # 34 dB below
    pause = np.zeros(16_000, np.float32)
    waveform = np.concatenate([pause, loud, pause, quiet, 0.1 * quiet, pause])
    assert np.array_equal(trimmed(waveform), waveform[: 16_000 + 8000 + 16_000 + 8000])
    assert len(trimmed(pause)) == 0
    assert len(trimmed(np.ones(10, np.float32))) == 10


def test_files_are_rendered_once_and_again_where_the_notes_are_newer(tmp_path, player, font) -> None:
    files = pairs(tmp_path, {"a": "1.0", "b": "0.5"})
    assert render_all(files, player, font) == 2
    for (_, sound), seconds in zip(files, (1.0, 0.5), strict=True):
        info = soundfile.info(sound)
        assert (info.samplerate, info.channels, info.subtype) == (SAMPLE_RATE_HZ, 1, "PCM_16")
        assert info.duration == seconds
    assert render_all(files, player, font) == 0
    later = files[0][1].stat().st_mtime + 10
    os.utime(files[0][0], (later, later))
    assert render_all(files, player, font) == 1


def test_a_broken_file_is_named_and_the_others_are_there(tmp_path, player, font) -> None:
    files = pairs(tmp_path, {"a": "broken", "b": "0.5", "c": "0"})
    with pytest.raises(InputError) as raised:
        render_all(files, player, font)
    assert raised.value.problems == (
        "FluidSynth makes no sound of: a.mid.",
        "FluidSynth makes only silence of: c.mid.",
    )
    assert sorted(path.name for path in (tmp_path / "sounds").iterdir()) == ["b.flac"]


def test_one_reason_is_said_once_for_all_files(tmp_path, player, font) -> None:
    files = pairs(tmp_path, {f"n{number}": "1.0" for number in range(7)})
    (tmp_path / "sounds").write_text("a file where the folder should be")
    with pytest.raises(InputError) as raised:
        render_all(files, player, font)
    (problem,) = raised.value.problems
    assert "nothing can be written" in problem
    assert problem.endswith("n0.mid, n1.mid, n2.mid, n3.mid, n4.mid and 2 more.")


def test_a_file_that_never_ends_is_given_up(tmp_path, player, font, monkeypatch) -> None:
    Path(player).write_text(f"#!{sys.executable}\nimport time; time.sleep(60)\n")
    monkeypatch.setattr(render, "LONGEST_SECONDS", 0.2)
    with pytest.raises(InputError, match="not done after"):
        render_all(pairs(tmp_path, {"a": "1"}), player, font)


def test_what_is_not_installed_is_said_at_once(tmp_path, monkeypatch, player, font) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(render, "FONT_FOLDERS", (str(tmp_path / "none"),))
    with pytest.raises(InputError) as raised:
        synthesiser(None)
    assert len(raised.value.problems) == 2
    assert all("apt-get install fluidsynth timgm6mb-soundfont" in problem for problem in raised.value.problems)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert synthesiser(font) == (player, font)
    with pytest.raises(InputError, match="is no SoundFont"):
        synthesiser(Path(player))
