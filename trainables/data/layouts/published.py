"""Folders as well-known data sets publish them, tried before anything is guessed from names.

A format has a file of its own beside this one, with the source of its definition; `FORMATS` lists them. The first that
matches reads the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trainables.data.beside import fma, iemocap, thchs30, voxceleb
from trainables.data.layouts import (
    audacity,
    coded_names,
    kaldi,
    librispeech,
    ljspeech,
    ravdess,
    raven_tables,
    several_tables,
    sound_tables,
    speech_commands,
)
from trainables.data.layouts.tree import Tree
from trainables.data.reading import Reading, Wanted


@dataclass(frozen=True)
class Format:
    """How one data set, or one tool, lays out a folder."""

    name: str
    matches: Callable[[Tree], bool]  # opens few files: it is asked of every folder
    read: Callable[[Tree, Wanted], Reading]  # raises InputError


FORMATS: Sequence[Format] = (
    Format("Kaldi", kaldi.matches, kaldi.read),
    Format("LibriSpeech", librispeech.matches, librispeech.read),
    Format("LJSpeech", ljspeech.matches, ljspeech.read),
    Format("Speech Commands", speech_commands.matches, speech_commands.read),
    Format("ESC-50, UrbanSound8K, FSD50K", sound_tables.matches, sound_tables.read),
    Format("RAVDESS", ravdess.matches, ravdess.read),
    Format("CREMA-D, EmoDB, SAVEE, TESS, FSDD, AudioMNIST, VocalSound", coded_names.matches, coded_names.read),
    Format("IEMOCAP", iemocap.matches, iemocap.read),
    Format("FMA", fma.matches, fma.read),
    Format("VoxCeleb", voxceleb.matches, voxceleb.read),
    Format("THCHS-30", thchs30.matches, thchs30.read),
    Format("Raven", raven_tables.matches, raven_tables.read),
    Format("Audacity", audacity.matches, audacity.read),
    Format("tables by split", several_tables.matches, several_tables.read),
)


def published_format(tree: Tree, wanted: Wanted) -> Format | None:
    """None where no format matches, or where the sweep file says itself how the folders are to be taken.

    Raises InputError: the folder holds several data sets of a format.
    """
    if wanted.layout is not None:
        return None
    return next((known for known in FORMATS if known.matches(tree)), None)
