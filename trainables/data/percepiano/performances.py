"""What PercePiano says of its performances: who plays which bars of which piece, and how listeners rated that.

Park, Kim, Bae and others, PercePiano: Piano Performance Evaluation Dataset with Multi-level Perceptual Features, 2024,
Scientific Reports; MIDI and labels under the MIT licence, https://github.com/JonghoKimSNU/PercePiano.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.errors import InputError

# In the order of the labels, each from its low end (0) to its high end (1)
DIMENSIONS = (
    "timing_stable_unstable",
    "articulation_short_long",
    "articulation_soft_hard",
    "pedal_dry_wet",
    "pedal_clean_blurred",
    "timbre_even_colorful",
    "timbre_shallow_rich",
    "timbre_bright_dark",
    "timbre_soft_loud",
    "dynamic_mellow_raw",
    "dynamic_little_large_range",
    "music_making_fast_slow_paced",
    "music_making_flat_spacious",
    "music_making_disproportioned_balanced",
    "music_making_pure_dramatic",
    "mood_optimistic_dark",
    "mood_low_high_energy",
    "mood_honest_imaginative",
    "interpretation_doubtful_convincing",
)
# As this project's copy has them, and as the repository of the authors does
LABELS = ("labels_mean.json", "labels/label_2round_mean_reg_19_with0_rm_highstd0.json")
MIDI = ("midi", "virtuoso/data/all_2rounds")
NAME = re.compile(  # a name becomes a file's: it holds no slash
    r"(?P<piece>(?P<composer>[^\W_]+)_[\w.-]+)_(?P<bars>\d{1,4})bars_(?P<player>[^\W_]+)_(?P<segment>\d{1,4})"
)
SCORE = "score"  # the performer of deadpan renderings, in which nobody plays
MOST = 1000  # performers: what is above is no number of one
SHOWN = 5  # names in one sentence


@dataclass(frozen=True)
class Performance:
    name: str
    midi: Path
    piece: str
    composer: str
    bars: int  # how many bars it has
    segment: int  # 1, 2, ...: which stretch of so many bars of the piece
    performer: str  # `performer-07`, one name in all pieces; SCORE
    ratings: tuple[float, ...]  # of DIMENSIONS, 0 to 1: the mean of the listeners

    @property
    def score(self) -> bool:
        return self.performer == SCORE


def performances(folder: Path) -> list[Performance]:
    """All that have labels and a MIDI file, by name. Raises InputError: a part is not there, or breaks its form."""
    labels, midi = _one_of(folder, LABELS), _one_of(folder, MIDI)
    missing = [f"{folder}: holds no {' or '.join(names)}" for names, at in ((LABELS, labels), (MIDI, midi)) if not at]
    if labels is None or midi is None:
        raise InputError([f"{problem}; FOLDER is a copy of PercePiano's labels and MIDI files." for problem in missing])
    rows = _labels(labels)
    problems: dict[str, list[str]] = {}
    found = []
    for name in sorted(rows):
        wrong = _wrong(name, rows[name], midi)
        if wrong:
            problems.setdefault(wrong, []).append(name)
        else:
            found.append(_performance(name, rows[name], midi))
    if problems:
        raise InputError([f"{labels}: {len(names)} names {rule}: {some(names)}." for rule, names in problems.items()])
    return found


def unlabelled(folder: Path, known: Sequence[Performance]) -> list[str]:
    """MIDI files that no label names."""
    midi = _one_of(folder, MIDI)
    names = {performance.name for performance in known}
    return [] if midi is None else sorted(path.name for path in midi.glob("*.mid") if path.stem not in names)


def some(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _one_of(folder: Path, names: Sequence[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).exists()), None)


def _labels(path: Path) -> Mapping[str, Any]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read as JSON ({error}).") from None
    if not isinstance(rows, dict) or not rows:
        raise InputError(f"{path}: must be an object, name of a performance -> list of numbers.")
    return rows


def _wrong(name: str, row: Any, midi: Path) -> str | None:
    """Which rule a row breaks; None: none."""
    if not NAME.fullmatch(name):
        return "are not PIECE_NUMBERbars_PLAYER_SEGMENT"
    if not isinstance(row, list) or len(row) != len(DIMENSIONS) + 1 or not all(map(_is_number, row)):
        return f"have not {len(DIMENSIONS)} ratings and the number of a performer"
    if max(row[:-1]) > 1:
        return "have a rating outside 0 to 1"
    if not (midi / f"{name}.mid").is_file():
        return f"have no file NAME.mid in {midi}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < MOST


def _performance(name: str, row: Sequence[float], midi: Path) -> Performance:
    found = NAME.fullmatch(name)  # from the right: names of pieces hold underscores
    assert found is not None
    # The player in a file's name counts within a piece's recordings; the number behind the labels is the person
    performer = SCORE if found["player"].lower().startswith("score") else f"performer-{int(row[-1]):02d}"
    return Performance(
        name=name,
        midi=midi / f"{name}.mid",
        piece=found["piece"],
        composer=found["composer"],
        bars=int(found["bars"]),
        segment=int(found["segment"]),
        performer=performer,
        ratings=tuple(map(float, row[:-1])),
    )
