"""Transcripts in one list for many sounds, without a header: `NAME TEXT` a line, with a tab, `|` or a space between.

MLS (`train/transcripts.txt` beside `train/audio/SPEAKER/BOOK/`, openslr.org/94), AISHELL-1 and 3
(`transcript/aishell_transcript_v0.8.txt`, openslr.org/33; `train/content.txt`, openslr.org/93), Google's
`line_index.tsv` and `utt_spk_text.tsv` (openslr.org/35, 70), and the lists of text-to-speech recipes
(`wavs/1.wav|SPEAKER|TEXT`); VoxForge (`SUBMISSION/etc/PROMPTS` beside `SUBMISSION/wav/`, voxforge.org), KSS (Korean,
`transcript.v.1.4.txt` with six columns), LibriTTS (`*.trans.tsv` with two forms of a text) and ESD (`0001.txt` with an
emotion behind the text).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from trainables.data.beside.named_lines import (
    LEAST_NAMED,
    MOST_BYTES,
    MOST_LISTS,
    column_number,
    header_in,
    nearest,
    reading_of_lists,
    shape,
    some,
    splits_of,
    stem,
    stems,
)
from trainables.data.layouts.found import lines_of, lines_within, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.delimited import unquoted
from trainables.data.tables.spellings import meaning
from trainables.errors import InputError

ENDINGS = (".txt", ".tsv", ".lst", ".list")
_WITHOUT_ENDING = ("prompts", "transcripts")  # VoxForge: etc/PROMPTS
MOST_OF_IT = 0.9  # or, where a part of a data set is here, of its sound
LEAST_SHARE = 0.5  # of the sound that lists name together
MOST_COLUMNS = 3
_DECIMAL = re.compile(r"\d+\.\d+")
_SECONDS = re.compile(r"\d+(\.\d+)?")
MOST_SPEAKERS = 0.8  # of the lines
LEAST_WORDS = 3  # of a text, beside what is a speaker's name
# Names that say who speaks
_SPEAKERS = {
    "MLS": re.compile(r"(\d+)_\d+_\d{6}"),
    "LibriTTS": re.compile(r"(\d+)_\d+_\d{6}_\d{6}"),
    "AISHELL": re.compile(r"BAC\d+(S\d{4})W\d+|(SSB\d{4})\d{4}"),
    "OpenSLR": re.compile(r"[a-z]{2,3}_(\d{4,5})_\d{8,}"),
}
# Names and folders that do
_FOLDERS = {
    "VoxForge": re.compile(r"(?:.*/)?(anonymous-\d{8}-\w+|[^/]+(?=-\d{8}-\w+/))(?:-\d{8}-\w+)?/(?:wav|flac)/[^/]+"),
}
_TAKEN = "the {} is read (`data.columns: {{text: '{}'}}` takes the other)."
_KSS = re.compile(r"[1-9]/[1-9]_\d{4}\.wav")  # as written, with numbers written out, letter by letter, seconds, English
_COLON = re.compile(r"\s*([^\s:/\\]{2,}):\s*([^\s/\\].*)")  # JSUT, JVS: NAME:TEXT
_PINYIN = re.compile(r"[^\sA-Za-z]\s+[a-z]+[1-5](\s.*)?")  # AISHELL-3: every character, and how it is said


@dataclass(frozen=True)
class _Line:
    where: str
    sound: Parts | None  # None: no sound of that name is here
    name: str
    middle: str | None  # a column between name and text
    text: str
    chosen: str = ""  # which of several columns is the text


def begins_with_sound(tree: Tree, parts: Parts) -> bool:
    """Whether a table has no header, but a list's first line in its place."""
    return _may_be_list(parts) and _is_list(tree, parts, stems(tree), Wanted("text", tree.folder))


def read_transcript_lists(tree: Tree, wanted: Wanted) -> Reading | None:
    """None where the task wants no texts, or no list names most of the sound.

    Raises InputError: two lists give one sound different texts, or a list is not written in UTF-8."""
    if wanted.column != "text" or not tree.sounds:
        return None
    known = stems(tree)
    found = [parts for parts in (*tree.others, *tree.tables) if _may_be_list(parts)]
    lists = [parts for parts in islice(found, MOST_LISTS) if _is_list(tree, parts, known, wanted)]
    lines = {parts: list(_lines(tree, parts, known, wanted)) for parts in lists}
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
    account = Account(layout=f"transcripts in lists ({some(lines)})")
    account.origins["text"] = f"the lines of {some(lines)}"
    account.guesses += sorted({line.chosen for line in texts.values() if line.chosen})
    groups = _groups(texts, account)
    sounds = {parts: [line.sound for line in of_list if line.sound] for parts, of_list in lines.items()}
    splits = splits_of(sounds, account)
    if missing := [line.name for of_list in lines.values() for line in of_list if line.sound is None]:
        account.guesses.append(
            f"{len(missing):,} lines of the lists name no sound that is here, such as {missing[0][:60]}: they are no "
            "clips."
        )
    said = {sound: (line.where, line.text) for sound, line in texts.items()}
    return reading_of_lists(tree, lines, said, groups, splits, wanted, account)


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
    for whose, pattern in (_SPEAKERS | _FOLDERS).items():
        found = {sound: pattern.fullmatch(shown(sound) if whose in _FOLDERS else stem(sound[-1])) for sound in texts}
        if texts and all(found.values()):
            speakers = {sound: next(filter(None, match.groups())) for sound, match in found.items() if match}
            account.origins["group"] = "the speaker in the names of the files"
            account.guesses.append(
                f"The names of the files are those of {whose}: the {len({*speakers.values()})} speakers that they name "
                f"are the groups, such as {next(iter(speakers.values()))}."
            )
            return speakers
    return {}


def _may_be_list(parts: Parts) -> bool:
    return parts[-1].lower().endswith(ENDINGS) or parts[-1].lower() in _WITHOUT_ENDING


def _is_list(tree: Tree, parts: Parts, known: Mapping[str, Sequence[Parts]], wanted: Wanted) -> bool:
    """Lines begin with names of sound, and the first is no header; a text for one sound is no list."""
    if parts[-1].rpartition(".")[0] in known:
        return False
    cut = [cells for line in lines_within(tree.path(parts), MOST_BYTES) if (cells := _cut(line))]
    header = header_in(parts, cut[0], "text", known) if cut else ()
    cut = cut[1:] if header else cut
    names = [stem(cells[0]) for cells in cut]
    named = {name for name in names if name in known}
    widest = max(map(len, cut), default=0)
    chosen = column_number(wanted, "text")
    told = header or _is_kss(cut) or (chosen and 2 <= chosen <= widest)
    if not named or (widest > MOST_COLUMNS and not told):
        return False
    if all(_DECIMAL.fullmatch(cells[-1]) or not cells[-1] for cells in cut):  # no text, or how long each sound is
        return False
    if len({cells[0] for cells in cut}) < len(cut) or shape(names[0]) not in {shape(name) for name in named}:
        return False
    return len(named) >= LEAST_NAMED * len(names) or len(named) >= MOST_OF_IT * len(known)


def _cut(line: str) -> list[str] | None:
    """Name, perhaps a column between, and text; None for an empty line."""
    for divider in "\t|":
        if divider in line:
            cells = [unquoted(cell.strip()) for cell in line.split(divider)]
            timed = (
                divider == "|" and len(cells) > MOST_COLUMNS and _SECONDS.fullmatch(cells[-1])
            )  # CSS10: how long it is
            return cells[:-1] if timed else cells
    if named := _COLON.match(line):
        return [*named.groups()]
    words = line.split(maxsplit=1)
    return [words[0], words[1].strip() if len(words) > 1 else ""] if words else None


def _is_kss(cut: Sequence[Sequence[str]]) -> bool:
    return all(len(cells) == 6 and _KSS.fullmatch(cells[0]) and _SECONDS.fullmatch(cells[4]) for cells in cut)


def _columns(header: Sequence[str], cut: Sequence[Sequence[str]], wanted: Wanted) -> tuple[int, int | None, str]:
    """Where text and speaker stand in the lines, counted from 0; -1 is the last column. And why."""
    if chosen := column_number(wanted, "text"):
        group = column_number(wanted, "group")
        return chosen - 1, group - 1 if group else None, ""
    if header:
        of = {meaning(cell): at for at, cell in reversed([*enumerate(header)])}
        return of["text"], of.get("group"), f"The first line names the columns: {', '.join(header)}."
    if _is_kss(cut):
        return 2, None, "KSS writes every text four times; the third column, with numbers written out, is read."
    if any(len(cells) != 3 for cells in cut):
        return -1, None, ""
    middles, lasts = ([cells[at] for cells in cut] for at in (1, 2))
    if sum(map(_is_same_text, middles, lasts)) > len(cut) / 2:
        return 2, None, f"The second and the third column are two forms of one text; {_TAKEN.format('third', 2)}"
    spoken = sum(len(text.split()) >= LEAST_WORDS for text in middles)
    if 2 * spoken > len(cut) and 2 * len({*lasts}) <= len({*middles}):  # ESD: an emotion behind the text
        return 1, None, f"The third column has {len({*lasts})} values and is no text; {_TAKEN.format('second', 3)}"
    return 2, 1, ""


def _is_same_text(one: str, other: str) -> bool:
    """Whether two texts share half of their words, as two spellings of what is said do."""
    words, others = ({word.strip(".,;:!?\"'").lower() for word in text.split()} for text in (one, other))
    return len(words) >= LEAST_WORDS and 2 * len(words & others) >= max(len(words), len(others))


def _lines(tree: Tree, parts: Parts, known: Mapping[str, Sequence[Parts]], wanted: Wanted) -> Iterator[_Line]:
    lines = lines_of(tree.path(parts))
    cut = [(number, cells) for number, line in enumerate(lines, start=1) if (cells := _cut(line))]
    header = header_in(parts, cut[0][1], "text", known) if cut else ()
    cut = cut[1:] if header else cut
    spelled = all(_PINYIN.fullmatch(cells[-1]) for _, cells in cut if cells[-1])
    text_at, middle_at, chosen = _columns(header, [cells for _, cells in cut], wanted)
    for number, cells in cut:
        text = cells[text_at] if 1 < len(cells) > text_at else ""
        sound = nearest(parts, cells[0], known.get(stem(cells[0]), ()))
        middle = cells[middle_at] if middle_at is not None and len(cells) > middle_at else None
        text = " ".join(text.split()[::2]) if spelled else text
        yield _Line(f"{shown(parts)} line {number}", sound, cells[0], middle, text, chosen)
