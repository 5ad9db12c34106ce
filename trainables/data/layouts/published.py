"""Folders as well-known data sets publish them, tried before anything is guessed from names.

A format has a file of its own beside this one, with the source of its definition; `FORMATS` lists them. The first that
matches reads the folder. Formats that are known by names of files alone give way to tables that a person wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from trainables.data.beside import fma, iemocap, parallel_lines, thchs30, voxceleb
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
from trainables.data.layouts.folder_tables import name_most_sound
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Reading, Wanted
from trainables.errors import InputError


@dataclass(frozen=True)
class Format:
    """How one data set, or one tool, lays out a folder."""

    name: str
    matches: Callable[[Tree], bool]  # opens few files: it is asked of every folder
    read: Callable[[Tree, Wanted], Reading]  # raises InputError
    gives_way: bool = False  # to tables that name the sound and have the task's column


FORMATS: Sequence[Format] = (
    Format("Kaldi", kaldi.matches, kaldi.read),
    Format("fairseq, MuST-C", parallel_lines.matches, parallel_lines.read),
    Format("LibriSpeech", librispeech.matches, librispeech.read, gives_way=True),
    Format("LJSpeech", ljspeech.matches, ljspeech.read),
    Format("Speech Commands", speech_commands.matches, speech_commands.read, gives_way=True),
    Format("ESC-50, UrbanSound8K, FSD50K", sound_tables.matches, sound_tables.read),
    Format("RAVDESS", ravdess.matches, ravdess.read, gives_way=True),
    Format(
        "CREMA-D, EmoDB, SAVEE, TESS, FSDD, AudioMNIST, VocalSound",
        coded_names.matches,
        coded_names.read,
        gives_way=True,
    ),
    Format("IEMOCAP", iemocap.matches, iemocap.read, gives_way=True),
    Format("FMA", fma.matches, fma.read),
    Format("VoxCeleb", voxceleb.matches, voxceleb.read, gives_way=True),
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
    matching = (known for known in FORMATS if known.matches(tree))
    return next((known for known in matching if not (known.gives_way and _told_by_tables(tree, wanted))), None)


def _told_by_tables(tree: Tree, wanted: Wanted) -> bool:
    """Whether tables at the top, or one for each split, say of most of the sound what the task learns."""
    inner = tree.unwrapped()
    tables: set[Parts] = {parts for parts in inner.tables if len(parts) == 1}
    with suppress(InputError):
        tables |= several_tables.tables_by_split(inner).keys()
    return name_most_sound(inner, sorted(tables), wanted)
