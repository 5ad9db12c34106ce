"""MIDI to sound with FluidSynth and a General MIDI SoundFont, without the silence at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
from rich.console import Console
from rich.progress import Progress

from trainables.data.atomic import atomic_file
from trainables.data.percepiano.performances import some
from trainables.data.recordings import FRAME_SECONDS
from trainables.errors import InputError
from trainables.limits import usable_cores

SAMPLE_RATE_HZ = 16_000
GAIN = 1.0  # of FluidSynth: its loudest piano stays below half of full scale
LONGEST_SECONDS = 120  # of work on one file: a broken one may ask for hours of silence
SILENCE_DB = 40.0  # below the loudest frame: what comes after the last louder one is cut
FONT = "TimGM6mb.sf2"
FONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts")
INSTALL = "`apt-get install fluidsynth timgm6mb-soundfont` on Debian and Ubuntu"


def synthesiser(soundfont: Path | None) -> tuple[str, Path]:
    """The program and the SoundFont; `None`: TimGM6mb, where systems keep it. Raises InputError: not there."""
    problems = []
    program = shutil.which("fluidsynth")
    if program is None:
        problems.append(f"FluidSynth, which plays the MIDI files, is not installed here: {INSTALL}.")
    font = soundfont or next((path for folder in FONT_FOLDERS if (path := Path(folder, FONT)).is_file()), None)
    if font is None:
        problems.append(
            f"no {FONT} in {', '.join(FONT_FOLDERS)}: {INSTALL}, or --soundfont FILE (another SoundFont is another "
            "piano: figures will differ)."
        )
    elif not _is_soundfont(font):
        problems.append(f"--soundfont {font}: is no SoundFont (a RIFF file of the kind sfbk).")
    if program is None or font is None or problems:
        raise InputError(problems)
    return program, font


def _is_soundfont(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"sfbk"


def render_all(files: Sequence[tuple[Path, Path]], program: str, soundfont: Path) -> int:
    """Renders each (MIDI file, sound file to write), on all cores; says how many there was work for.

    A sound file appears whole or not at all, and one that is newer than its MIDI file stays, so that the same command
    goes on after an interruption. Raises InputError: FluidSynth makes nothing of some; the others are there then.
    """
    wanted = [pair for pair in files if not _is_done(*pair)]
    problems: dict[str, list[str]] = {}
    console = Console(stderr=True)
    with (
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
        ThreadPoolExecutor(usable_cores()) as pool,
    ):
        bar = progress.add_task("rendering", total=len(wanted))
        jobs = {pool.submit(render, midi, sound, program, soundfont): midi.name for midi, sound in wanted}
        try:
            for job in as_completed(jobs):
                problem = job.result()
                if problem is not None:
                    problems.setdefault(problem, []).append(jobs[job])
                progress.advance(bar)
        finally:  # also at Ctrl-C: what has not begun does not begin
            pool.shutdown(wait=False, cancel_futures=True)
    if problems:
        raise InputError([f"{problem}: {some(sorted(names))}." for problem, names in sorted(problems.items())])
    return len(wanted)


def _is_done(midi: Path, sound: Path) -> bool:
    return sound.is_file() and sound.stat().st_mtime >= midi.stat().st_mtime


def render(midi: Path, sound: Path, program: str, soundfont: Path) -> str | None:
    """Writes a mono FLAC file of 16 bits at SAMPLE_RATE_HZ; says what was wrong where FluidSynth makes no sound."""
    with TemporaryDirectory() as folder:
        raw = Path(folder, "raw.wav")
        own_settings = ("-f", os.devnull)  # not the user's or the machine's
        # floats: FluidSynth dithers 16 bits, and a noise that goes on is no silence
        written = ("-F", str(raw), "-T", "wav", "-O", "float", "-r", str(SAMPLE_RATE_HZ), "-g", str(GAIN))
        words = [program, "-n", "-i", "-q", *own_settings, *written, str(soundfont.absolute()), str(midi.absolute())]
        try:
            subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LONGEST_SECONDS)
            samples, _ = soundfile.read(raw, dtype="float32", always_2d=True)
        except subprocess.TimeoutExpired:
            return f"FluidSynth is not done after {LONGEST_SECONDS} seconds with"
        except (OSError, soundfile.LibsndfileError):
            return "FluidSynth makes no sound of"
        heard = trimmed(samples.mean(axis=1))
    if not len(heard):
        return "FluidSynth makes only silence of"
    try:
        with atomic_file(sound) as temporary:
            soundfile.write(temporary, heard, SAMPLE_RATE_HZ, subtype="PCM_16")
    except (OSError, soundfile.LibsndfileError) as error:
        why = getattr(error, "strerror", None) or "is the disk full?"
        return f"{sound.parent}: nothing can be written there ({why}), such as the sound of"
    return None


def trimmed(waveform: np.ndarray) -> np.ndarray:
    """(samples,) without the quiet end: the last frame of FRAME_SECONDS kept is the last within SILENCE_DB of the
    loudest. Empty where all is digital silence. The beginning stays, which is the pianist's."""
    frame = round(FRAME_SECONDS * SAMPLE_RATE_HZ)
    frames = np.pad(waveform, (0, -len(waveform) % frame)).reshape(-1, frame).astype(np.float64)
    levels = (frames**2).mean(axis=1)
    if not levels.any():
        return waveform[:0]
    last = np.flatnonzero(levels >= levels.max() * 10 ** (-SILENCE_DB / 10))[-1]
    return waveform[: (last + 1) * frame]
