"""Recordings with files beside them that say what is said or heard when (`timed_files.py`): every stretch is a clip.

Files of one name with a recording belong to it, wherever they lie. Of several tiers of a TextGrid one is read.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trainables.data.beside import timed_files, written_times
from trainables.data.beside.named_lines import stem
from trainables.data.beside.timed_files import Stretch, is_htk
from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.found import first_line, reading, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.sound.audio import probe
from trainables.data.sound.problems import SoundError
from trainables.data.tables.table import Row
from trainables.errors import InputError

LEAST_SHARE = 0.5  # of the recordings have such a file
READERS = {**timed_files.READERS, ".txt": written_times.turns, ".text": written_times.switchboard}
NAMES = {
    ".textgrid": "TextGrids of Praat",
    ".vtt": "subtitles",
    ".srt": "subtitles",
    ".stm": "segments of NIST",
    ".lab": "labels of HTK",
    ".txt": "turns with their times",
    ".text": "transcripts of Switchboard",
}
# Tiers that hold what is said, from which words and phones are derived
_UTTERANCES = frozenset(
    (
        *("utterance", "utterances", "utt", "sentence", "sentences", "text", "transcript", "transcription", "ortho"),
        *("orthography", "phrase", "phrases", "ipu", "trans", "orthographic"),
    )
)
_PAUSES = frozenset(("sil", "sp", "spn", "<eps>", "<sil>", "<p>", "<p:>", "#", "xxx", "[silence]"))
_CHANNELS = {"1": 0, "2": 1, "A": 0, "B": 1}  # as NIST calls them
_LANGUAGE = re.compile(r"\.[a-z]{2,3}([-_][A-Za-z]{2,4})?$")  # talk.en.srt
# Of other tools, and what to do with them
OTHERS: Mapping[str, str] = {
    ".eaf": "ELAN's annotations: in ELAN, File > Export As > Tab-delimited Text",
    ".trs": "Transcriber's",
    ".cha": "CHAT's of TalkBank",
    ".ctm": "words with times of NIST",
    ".rttm": "speaker turns of NIST",
    ".ass": "subtitles of Aegisub: save them as .srt",
    ".lrc": "lyrics with times",
    ".sbv": "subtitles of YouTube: save them as .srt",
    ".jams": "annotations of JAMS",
    ".svl": "Sonic Visualiser's",
}


def read_timed_texts(tree: Tree, wanted: Wanted) -> Reading | None:
    """None where few recordings have such a file, or the task wants neither labels nor texts.

    Raises InputError: several tiers and no word which, a file that is none, or files of a tool that are not read.
    """
    if wanted.column not in ("label", "text") or not tree.sounds:
        return None
    files = {parts: ending for parts in tree.others if (ending := _ending(parts[-1])) in {*READERS, *OTHERS}}
    files = {parts: ending for parts, ending in files.items() if _has_times(tree, parts, ending, wanted)}
    home = _by_stem(tree.sounds)
    for kind in dict.fromkeys(files.values()):
        of_kind = [parts for parts, ending in files.items() if ending == kind]
        if kind in OTHERS:
            _refuse_others(tree, of_kind, kind, home, wanted)
            continue
        stretches = {
            parts: READERS[kind](tree.path(parts))
            for parts in of_kind
            if kind in (".stm", ".text") or _sound(parts, home)
        }
        if _recordings(stretches, home) >= LEAST_SHARE * len(tree.sounds):
            return _reading(tree, kind, stretches, home, wanted)
    return None


def advise_on_timed(tree: Tree, account: Account) -> None:
    """Adds a sentence where such files lie beside sound that is read without them."""
    home = _by_stem(tree.sounds)
    left = [
        parts
        for parts in tree.others
        if parts not in tree.taken and _ending(parts[-1]) in {*timed_files.READERS, *OTHERS}
    ]
    counts = Counter(_ending(parts[-1]) for parts in left if _sound(parts, home))
    for ending, count in counts.items():
        if count >= LEAST_SHARE * len(tree.sounds):
            account.advice.append(
                f"{count} {ending} files lie beside sound of their name and are not read: the clips are whole files. "
                "Where a stretch is meant, write a table with the columns audio, start_seconds, end_seconds and label "
                "or text."
            )


def _reading(
    tree: Tree,
    kind: str,
    stretches: Mapping[Parts, Sequence[Stretch]],
    home: Mapping[str, Sequence[Parts]],
    wanted: Wanted,
) -> Reading:
    account = Account(layout=f"{NAMES[kind]} beside their recordings ({len(stretches)} {kind} files)")
    tier = _tier(tree, stretches, wanted, account) if kind == ".textgrid" else ""
    rows: list[Row] = []
    pauses = strange = 0
    heard: set[Parts] = set()
    voices = {stretch.speaker for of_file in stretches.values() for stretch in of_file}
    stereo = _stereo(tree, stretches, home)
    for parts, of_file in stretches.items():
        for number, stretch in enumerate(of_file, start=1):
            sound = _sound(parts, home, stretch.recording)
            if sound is None:
                strange += 1
                continue
            if stretch.tier != tier:
                continue
            if wanted.column == "text" and stretch.text.lower() in _PAUSES:
                pauses += 1
                continue
            heard.add(sound)
            row: dict[str, Any] = {"audio": shown(sound), wanted.column: stretch.text}
            row |= {"start_seconds": stretch.start_seconds, "end_seconds": stretch.end_seconds}
            row |= {"channel": _CHANNELS[str(stretch.channel)]} if sound in stereo else {}
            row |= {"group": stretch.speaker} if None not in voices else {}
            rows.append((f"{shown(parts)} stretch {number}", row))
    account.guesses += [f"{pauses} stretches of silence are no clips."] if pauses else []
    account.guesses += [f"{strange} stretches are of recordings that are not here."] if strange else []
    account.origins |= {wanted.column: f"the {kind} files", "start_seconds": f"the {kind} files"}
    account.origins["group"] = f"the speaker in the {kind} files" if None not in voices else "the recording"
    tree.taken |= {*stretches}
    for sound in tree.sounds:
        if sound not in heard:
            account.not_read(shown(sound), f"no {kind} file says what is in it")
    tree.note_tables(account, f"a table, and the {kind} files say what is heard")
    return with_folder_splits(reading(tree.folder, rows, _without_tier(wanted), account), wanted)


def _stereo(
    tree: Tree, stretches: Mapping[Parts, Sequence[Stretch]], home: Mapping[str, Sequence[Parts]]
) -> set[Parts]:
    """Recordings of which two channels are named: of a telephone call, say."""
    named: dict[Parts, set[str]] = defaultdict(set)
    for parts, of_file in stretches.items():
        for stretch in of_file:
            if stretch.channel and (sound := _sound(parts, home, stretch.recording)):
                named[sound].add(stretch.channel)
    named = {sound: channels for sound, channels in named.items() if len(channels) == 2}
    return {sound for sound, channels in named.items() if channels <= _CHANNELS.keys() and _has_two(tree, sound)}


def _has_two(tree: Tree, sound: Parts) -> bool:
    """Whether the sides of a call have a channel each, and are not mixed. What cannot be opened is refused later."""
    try:
        return probe(tree.path(sound)).channels == 2
    except SoundError:
        return True


def _without_tier(wanted: Wanted) -> Wanted:
    return replace(wanted, columns={ours: name for ours, name in wanted.columns.items() if ours != wanted.column})


def _tier(tree: Tree, stretches: Mapping[Parts, Sequence[Stretch]], wanted: Wanted, account: Account) -> str:
    """The tier that is read: the one that the sweep file names, the only one, or the one with a name of utterances.

    Raises InputError: none of these."""
    counts: Counter[str] = Counter(stretch.tier for of_file in stretches.values() for stretch in of_file)
    named = wanted.columns.get(wanted.column)
    if named is not None and named in counts:
        return named
    shown_tiers = ", ".join(f"{tier!r} ({count} intervals)" for tier, count in counts.most_common(8))
    if named is not None:
        raise InputError(f"{tree.folder}: no TextGrid has the tier {named!r}; theirs are {shown_tiers}.")
    spoken = [tier for tier in counts if tier.strip().lower() in _UTTERANCES]
    chosen = [*counts] if len(counts) == 1 else spoken if wanted.column == "text" else []
    if len(chosen) != 1:
        raise InputError(
            f"{tree.folder}: its TextGrids have several tiers, {shown_tiers}: `data.columns: {{{wanted.column}: "
            "NAME}` takes the intervals of one, each a clip. For the whole text of a recording, lay a.txt beside a.wav."
        )
    if len(counts) > 1:
        account.guesses.append(
            f"Of the tiers {shown_tiers} {chosen[0]!r} is read; `data.columns: {{{wanted.column}: NAME}}` takes "
            "another."
        )
    return chosen[0]


def _refuse_others(
    tree: Tree, files: Sequence[Parts], kind: str, home: Mapping[str, Sequence[Parts]], wanted: Wanted
) -> None:
    beside = sum(_sound(parts, home) is not None for parts in files)
    if beside >= LEAST_SHARE * len(tree.sounds):
        raise InputError(
            f"{tree.folder}: {beside} {kind} files lie beside sound of their name ({OTHERS[kind]}), and these are not "
            f"read. Write a table with the columns audio, start_seconds, end_seconds and {wanted.column}."
        )


def _has_times(tree: Tree, parts: Parts, ending: str, wanted: Wanted) -> bool:
    """Whether a `.lab` holds labels with times, which may be phones and are no texts (others hold what is said), and
    whether a text has them."""
    if ending == ".lab":
        return wanted.column == "label" and is_htk(first_line(tree.path(parts)))
    if ending == ".txt":
        return written_times.holds_turns(tree.path(parts))
    return ending != ".text" or (
        parts[-1].endswith("trans.text") and written_times.is_switchboard(first_line(tree.path(parts)))
    )


def _by_stem(sounds: Sequence[Parts]) -> dict[str, list[Parts]]:
    found: dict[str, list[Parts]] = defaultdict(list)
    for sound in sounds:
        found[sound[-1].rpartition(".")[0]].append(sound)
    return found


def _sound(parts: Parts, home: Mapping[str, Sequence[Parts]], recording: str | None = None) -> Parts | None:
    """The recording of a file: of its name and in its folder, or the only one of its name."""
    name = recording or parts[-1].rpartition(".")[0]
    bare = _LANGUAGE.sub("", name)
    fits = home.get(name) or home.get(bare) or home.get(stem(bare), ())  # talk.vtt, talk.en.vtt, talk.mp3.vtt
    beside = [sound for sound in fits if sound[:-1] == parts[:-1]]
    chosen = beside or fits
    return chosen[0] if len(chosen) == 1 else None


def _recordings(stretches: Mapping[Parts, Sequence[Stretch]], home: Mapping[str, Sequence[Parts]]) -> int:
    named = {_sound(parts, home, stretch.recording) for parts, of_file in stretches.items() for stretch in of_file}
    return len(named - {None})


def _ending(name: str) -> str:
    return f".{name.rpartition('.')[2].lower()}"
