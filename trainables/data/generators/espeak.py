"""eSpeak NG, the speech synthesiser, by its C library (`speak_lib.h`): from its Python package, or from the system.

What it says depends a little on what it has said before, so it speaks in a process of its own that says everything in
order: `python -m trainables.data.generators.espeak` reads utterances (JSON, one a line) and writes WAV files.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soundfile

from trainables.errors import InputError

PACKAGE = "espeakng_loader"
SYSTEM_NAMES = ("espeak-ng", "espeak")  # of the library; both have the same interface
SYNCHRONOUS, DONT_EXIT, UTF8 = 2, 0x8000, 1
RATE, PITCH = 1, 3  # of `espeak_PARAMETER`
PACKAGE_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Utterance:
    path: str  # of the WAV file to write, mono, at eSpeak's rate
    text: str
    voice: str  # as `espeak-ng --voices` and its variants have it: en-us+f3
    words_per_minute: int  # 80 to 450
    pitch: int  # 0 to 99; 50 is the voice's own


def say(utterances: Sequence[Utterance]) -> None:
    """Writes a file for each; the same utterances in the same order give the same bytes on one version of eSpeak.

    Raises InputError where eSpeak is not installed, or does not speak.
    """
    if library() is None:
        raise InputError(
            "data.source: 'spoken_sentences' is spoken by eSpeak NG, which is not installed here: run "
            "`uv sync --extra speech`, or install your system's package espeak-ng."
        )
    lines = "\n".join(json.dumps(asdict(utterance)) for utterance in utterances)
    done = subprocess.run(
        [sys.executable, "-m", __name__], input=lines, cwd=PACKAGE_ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise InputError(f"data.source: eSpeak NG is installed and does not speak ({said}); install it anew.")


def library() -> tuple[str, str | None] | None:
    """The library, and the folder of its voices where it does not know it itself; None where there is none."""
    if find_spec(PACKAGE) is not None:
        package = import_module(PACKAGE)
        return package.get_library_path(), package.get_data_path()
    found = next(filter(None, map(ctypes.util.find_library, SYSTEM_NAMES)), None)
    return None if found is None else (found, None)


class Synthesiser:
    """eSpeak in this process. Raises OSError where the library or its voices cannot be loaded."""

    def __init__(self, path: str, data: str | None) -> None:
        self._library = ctypes.CDLL(path)
        folder = None if data is None else data.encode()
        self.sample_rate_hz: int = self._library.espeak_Initialize(SYNCHRONOUS, 0, folder, DONT_EXIT)
        if self.sample_rate_hz <= 0:
            raise OSError(f"{path} finds no voices")
        self._heard: list[np.ndarray] = []
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = callback(self._take)  # held: the library keeps a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, utterance: Utterance) -> np.ndarray:
        """(samples,) int16."""
        self._heard.clear()
        text = utterance.text.encode() + b"\0"
        steps = (
            self._library.espeak_SetVoiceByName(utterance.voice.encode()),
            self._library.espeak_SetParameter(RATE, utterance.words_per_minute, 0),
            self._library.espeak_SetParameter(PITCH, utterance.pitch, 0),
            self._library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 0, 0, UTF8, None, None),
            self._library.espeak_Synchronize(),
        )
        if any(steps) or not self._heard:
            raise OSError(f"the voice {utterance.voice} says nothing {steps}")
        return np.concatenate(self._heard)

    def _take(self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: int | None) -> int:
        del events
        if samples and count > 0:
            self._heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0  # go on


def main() -> None:
    where = library()
    assert where is not None
    synthesiser = Synthesiser(*where)
    for line in sys.stdin:
        utterance = Utterance(**json.loads(line))
        soundfile.write(utterance.path, synthesiser.say(utterance), synthesiser.sample_rate_hz, subtype="PCM_16")


if __name__ == "__main__":
    main()
