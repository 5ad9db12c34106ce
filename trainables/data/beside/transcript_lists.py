"""Transcripts in one list for many sounds, without a header: `NAME TEXT` a line, with a tab, `|` or a space between.

MLS (`train/transcripts.txt` beside `train/audio/SPEAKER/BOOK/`, openslr.org/94), AISHELL-1 and 3
(`transcript/aishell_transcript_v0.8.txt`, openslr.org/33; `train/content.txt`, openslr.org/93), Google's
`line_index.tsv` and `utt_spk_text.tsv` (openslr.org/35, 70), and the lists of text-to-speech recipes
(`wavs/1.wav|SPEAKER|TEXT`).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.found import lines_of, reading, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.split_names import of_files
from trainables.data.tables.delimited import unquoted
from trainables.data.tables.table import Row
from trainables.errors import InputError

ENDINGS = (".txt", ".tsv", ".lst", ".list")
LEAST_NAMED = 0.5  # of a list's lines
MOST_OF_IT = 0.9  # or, where a part of a data set is here, of its sound
LEAST_SHARE = 0.5  # of the sound that lists name together
MOST_BYTES = 1 << 30
MOST_LISTS, MOST_COLUMNS = 2_000, 3
_DECIMAL = re.compile(r"\d+\.\d+")
_SECONDS = re.compile(r"\d+(\.\d+)?")
MOST_SPEAKERS = 0.8  # of the lines
# Names that say who speaks
_SPEAKERS = {
    "MLS": re.compile(r"(\d+)_\d+_\d{6}"),
    "AISHELL": re.compile(r"BAC\d+(S\d{4})W\d+|(SSB\d{4})\d{4}"),
    "OpenSLR": re.compile(r"[a-z]{2,3}_(\d{4,5})_\d{8,}"),
}
_PINYIN = re.compile(r"[^\sA-Za-z]\s+[a-z]+[1-5](\s.*)?")  # AISHELL-3: every character, and how it is said


@dataclass(frozen=True)
class _Line:
    where: str
    sound: Parts | None  # None: no sound of that name is here
    name: str
    middle: str | None  # a column between name and text
    text: str


def begins_with_sound(tree: Tree, parts: Parts) -> bool:
    """Whether a table has no header, but a list's first line in its place."""
    return parts[-1].lower().endswith(ENDINGS) and _is_list(tree, parts, _stems(tree))


def read_transcript_lists(tree: Tree, wanted: Wanted) -> Reading | None:
    """None where the task wants no texts, or no list names most of the sound.

    Raises InputError: two lists give one sound different texts, or a list is not written in UTF-8."""
    if wanted.column != "text" or not tree.sounds:
        return None
    stems = _stems(tree)
    found = [parts for parts in (*tree.others, *tree.tables) if parts[-1].lower().endswith(ENDINGS)]
    lists = [parts for parts in islice(found, MOST_LISTS) if _is_list(tree, parts, stems)]
    lines = {parts: list(_lines(tree, parts, stems)) for parts in lists}
    texts: dict[Parts, _Line] = {}
    for line in (line for of_list in lines.values() for line in of_list if line.sound):
        other = texts.setdefault(line.sound or (), line)
        if other.text != line.text:
            raise InputError(
                f"{tree.folder}: {other.where} and {line.where} give {line.name} different texts; name the folder of "
                "one data set as data.source, or write a table with the columns audio and text."
            )
    if len(texts) < LEAST_SHARE * len(tree.sounds):
        return None
    return _reading(tree, lines, texts, wanted)


def _reading(
    tree: Tree, lines: Mapping[Parts, Sequence[_Line]], texts: Mapping[Parts, _Line], wanted: Wanted
) -> Reading:
    names = [shown(parts) for parts in lines]
    some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    account = Account(layout=f"transcripts in lists ({some})")
    account.origins["text"] = f"the lines of {some}"
    groups = _groups(texts, account)
    splits = _splits(lines, account)
    rows: list[Row] = []
    for sound in tree.sounds:
        if sound not in texts:
            account.not_read(shown(sound), "no list gives it a text")
            continue
        line = texts[sound]
        row = {"audio": shown(sound), "text": line.text}
        row |= {"group": groups[sound]} if groups else {}
        row |= {"split": splits[sound]} if splits else {}
        rows.append((line.where, row))
    if missing := [line.name for of_list in lines.values() for line in of_list if line.sound is None]:
        account.guesses.append(
            f"{len(missing):,} lines of the lists name no sound that is here, such as {missing[0][:60]}: they are no "
            "clips."
        )
    tree.taken |= {*lines}
    for table in tree.tables:
        if table not in lines:
            account.not_read(shown(table), "a table, and the lists give the texts")
    return with_folder_splits(reading(tree.folder, rows, wanted, account), wanted)


def _groups(texts: Mapping[Parts, _Line], account: Account) -> dict[Parts, str]:
    """The speaker of each sound: what stands between name and text, or what the names of a published set say."""
    middles = {line.middle for line in texts.values()}
    if None not in middles and 1 < len(middles) <= MOST_SPEAKERS * len(texts):
        account.origins["group"] = "the column between name and text"
        account.guesses.append(
            f"The column between name and text has {len(middles)} values, which are taken for speakers: they are the "
            "groups."
        )
        return {sound: str(line.middle) for sound, line in texts.items()}
    for whose, pattern in _SPEAKERS.items():
        found = {sound: pattern.fullmatch(sound[-1].rpartition(".")[0]) for sound in texts}
        if texts and all(found.values()):
            speakers = {sound: next(filter(None, match.groups())) for sound, match in found.items() if match}
            account.origins["group"] = "the speaker in the names of the files"
            account.guesses.append(
                f"The names of the files are those of {whose}: the {len({*speakers.values()})} speakers that they name "
                f"are the groups, such as {next(iter(speakers.values()))}."
            )
            return speakers
    return {}


def _splits(lines: Mapping[Parts, Sequence[_Line]], account: Account) -> dict[Parts, str]:
    """What the names of several lists in one folder say, where all say it; other splits are those of folders."""
    stems = [parts[-1].rpartition(".")[0] for parts in lines]
    if len(lines) < 2 or len({parts[:-1] for parts in lines}) > 1:
        return {}
    of = of_files(stems).of
    if len(of) < len(stems) or len({*of.values()}) < 2:
        return {}
    account.origins["split"] = ", ".join(f"{shown(parts)} is {of[parts[-1].rpartition('.')[0]]}" for parts in lines)
    return {line.sound: of[parts[-1].rpartition(".")[0]] for parts in lines for line in lines[parts] if line.sound}


def _stems(tree: Tree) -> dict[str, list[Parts]]:
    """A sound's name without its ending -> the sounds that are called so."""
    found: dict[str, list[Parts]] = defaultdict(list)
    for sound in tree.sounds:
        found[sound[-1].rpartition(".")[0]].append(sound)
    return found


def _is_list(tree: Tree, parts: Parts, stems: Mapping[str, Sequence[Parts]]) -> bool:
    """Lines begin with names of sound, and the first is no header; a text for one sound is no list."""
    path = tree.path(parts)
    if parts[-1].rpartition(".")[0] in stems:
        return False
    try:
        cut = [] if path.stat().st_size > MOST_BYTES else [cells for line in lines_of(path) if (cells := _cut(line))]
    except (OSError, InputError):
        return False
    names = [_stem(cells[0]) for cells in cut]
    named = {name for name in names if name in stems}
    if not named or max(map(len, cut)) > MOST_COLUMNS:
        return False
    if all(_DECIMAL.fullmatch(cells[-1]) or not cells[-1] for cells in cut):  # no text, or how long each sound is
        return False
    if len({cells[0] for cells in cut}) < len(cut) or _shape(names[0]) not in {_shape(name) for name in named}:
        return False
    return len(named) >= LEAST_NAMED * len(names) or len(named) >= MOST_OF_IT * len(stems)


def _shape(name: str) -> str:
    """What names of one data set have in common: `BAC000S0000W0000`."""
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"\d+", "0", name))


def _cut(line: str) -> list[str] | None:
    """Name, perhaps a column between, and text; None for an empty line."""
    for divider in "\t|":
        if divider in line:
            cells = [unquoted(cell.strip()) for cell in line.split(divider)]
            timed = (
                divider == "|" and len(cells) > MOST_COLUMNS and _SECONDS.fullmatch(cells[-1])
            )  # CSS10: how long it is
            return cells[:-1] if timed else cells
    words = line.split(maxsplit=1)
    return [words[0], words[1].strip() if len(words) > 1 else ""] if words else None


def _lines(tree: Tree, parts: Parts, stems: Mapping[str, Sequence[Parts]]) -> Iterator[_Line]:
    lines = lines_of(tree.path(parts))
    cut = [(number, cells) for number, line in enumerate(lines, start=1) if (cells := _cut(line))]
    spelled = all(_PINYIN.fullmatch(cells[-1]) for _, cells in cut if cells[-1])
    for number, cells in cut:
        text = " ".join(cells[-1].split()[::2]) if spelled else cells[-1]
        sound = _nearest(parts, cells[0], stems.get(_stem(cells[0]), ()))
        middle = cells[1] if len(cells) == 3 else None
        yield _Line(f"{shown(parts)} line {number}", sound, cells[0], middle, text if len(cells) > 1 else "")


def _stem(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.rpartition(".")[0] if is_sound(last) else last


def _nearest(listing: Parts, name: str, sounds: Sequence[Parts]) -> Parts | None:
    """Of several sounds of one name the one whose folders are those that the line names, or nearest to the list."""
    folders = [part for part in name.replace("\\", "/").split("/")[:-1] if part not in ("", ".")]
    fits = [sound for sound in sounds if [*sound[-len(folders) - 1 : -1]] == folders] if folders else []
    ranked = Counter({sound: _common(listing, sound) for sound in fits or sounds}).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _common(one: Parts, other: Parts) -> int:
    return next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
