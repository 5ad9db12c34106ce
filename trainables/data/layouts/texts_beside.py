"""Transcripts in files of their own beside the sound: `a.wav` and `a.txt`, or `a.lab` as the Montreal Forced Aligner
and TIMIT (`SA1.TXT`, which begins with the first and the last sample) have them; or in folders that are called alike,
`wav48/p225/p225_001_mic1.flac` and `txt/p225/p225_001.txt`, as VCTK has them (datashare.ed.ac.uk/handle/10283/3443).
"""

from __future__ import annotations

import re
from collections import Counter

from trainables.data.beside.written_times import are_turns
from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.found import lines_of, reading, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.sound.endings import is_sound
from trainables.data.tables.table import Row

ENDINGS = (".txt", ".lab", ".normalized.txt", ".original.txt")
LEAST_SHARE = 0.5  # of the sound that has a text beside it
_MICROPHONE = re.compile(r"[-_]mic\d$")
_SAMPLES = re.compile(r"\d+ +\d+ +(?=\S)")


def read_texts_beside(tree: Tree, wanted: Wanted) -> Reading | None:
    """None where the task wants no texts, or most sound has none beside it, or what lies there are labels with times.

    Raises InputError: a text is not written in UTF-8."""
    if wanted.column != "text":
        return None
    beside = _beside(tree)
    apart = not beside
    beside = beside or _in_folders_called_alike(tree)
    if not beside:
        beside, apart = _in_folders_side_by_side(tree), False
    if not beside or len(beside) < LEAST_SHARE * len(tree.sounds):
        return None
    lines = {sound: [line for line in lines_of(tree.path(text)) if line.strip()] for sound, text in beside.items()}
    if 2 * sum(map(are_turns, lines.values())) >= len(lines):
        return None
    timed = sum(bool(of) and all(map(_SAMPLES.match, of)) for of in lines.values())
    if any(len(of) > 1 and all(map(_SAMPLES.match, of)) for of in lines.values()):
        return None
    endings = Counter(_ending(text[-1]) for text in beside.values())
    account = Account(layout=f"transcripts in files beside the sound ({', '.join(endings)})")
    account.origins["text"] = ", ".join(f"{count} {ending} files" for ending, count in endings.items())
    samples = timed == len(lines)  # TIMIT
    if samples:
        account.guesses.append(f"The two numbers before each text ({timed} of them) are samples, and not read.")
    in_folders = apart or (samples and all(len(sound) > 1 for sound in beside))
    speakers = {sound[-2] for sound in beside} if in_folders else set()
    if len(speakers) > 1:
        account.origins["group"] = "the folder that sound and text have in common"
        account.guesses.append(
            f"The {len(speakers)} folders that sound and text have in common, such as {min(speakers)}, are the groups: "
            "the speakers, as VCTK and TIMIT have them."
        )
    rows: list[Row] = []
    for sound in tree.sounds:
        if sound not in beside:
            account.not_read(shown(sound), "no text lies beside it")
            continue
        text = " ".join(line.strip() for line in lines[sound])
        row = {"audio": shown(sound), "text": _SAMPLES.sub("", text, 1) if samples else text}
        rows.append((shown(beside[sound]), row | ({"group": sound[-2]} if len(speakers) > 1 else {})))
    several = sum(len(of) > 1 for of in lines.values())
    if several:
        account.guesses.append(f"The lines of a text are joined with spaces ({several} texts have several).")
    tree.taken |= {*beside.values()}
    tree.note_tables(account, "a table, and the files beside the sound give the texts")
    return with_folder_splits(reading(tree.folder, rows, wanted, account), wanted)


def _beside(tree: Tree) -> dict[Parts, Parts]:
    """Sound -> the text beside it; of several endings the first of ENDINGS."""
    texts: dict[tuple[Parts, str], Parts] = {}
    for parts in tree.others:
        if ending := _ending(parts[-1]):
            texts[(*parts[:-1], parts[-1][: -len(ending)]), ending] = parts
    found = {}
    for sound in tree.sounds:
        stem = (*sound[:-1], sound[-1].rpartition(".")[0])
        bare = (*stem[:-1], stem[-1].rpartition(".")[0] if is_sound(stem[-1]) else stem[-1])  # SA1.WAV.wav
        keys = [(name, ending) for name in (stem, bare) for ending in ENDINGS]
        if text := next((texts[key] for key in keys if key in texts), None):
            found[sound] = text
    return found


def _in_folders_called_alike(tree: Tree) -> dict[Parts, Parts]:
    """Sound -> the one text of its name in another folder of its folder's name; microphones share one."""
    texts: dict[Parts, list[Parts]] = {}
    for parts in tree.others:
        if len(parts) > 1 and (ending := _ending(parts[-1])):
            texts.setdefault((parts[-2], parts[-1][: -len(ending)]), []).append(parts)
    found = {}
    for sound in (parts for parts in tree.sounds if len(parts) > 1):
        fits = texts.get((sound[-2], _MICROPHONE.sub("", sound[-1].rpartition(".")[0])), [])
        if len(fits) == 1:
            found[sound] = fits[0]
    return found


def _in_folders_side_by_side(tree: Tree) -> dict[Parts, Parts]:
    """Sound -> the one text of its name in a folder beside its own: `ABA/wav/1.wav`, `ABA/transcript/1.txt`."""
    texts: dict[tuple[Parts, str], list[Parts]] = {}
    for parts in tree.others:
        if len(parts) > 1 and (ending := _ending(parts[-1])):
            texts.setdefault((parts[:-2], parts[-1][: -len(ending)]), []).append(parts)
    sounds = [parts for parts in tree.sounds if len(parts) > 1]
    fits = {sound: texts.get((sound[:-2], sound[-1].rpartition(".")[0]), []) for sound in sounds}
    return {sound: of[0] for sound, of in fits.items() if len(of) == 1}


def _ending(name: str) -> str:
    """One of ENDINGS, the longest that fits; "" for none."""
    return next((end for end in sorted(ENDINGS, key=len, reverse=True) if name.lower().endswith(end)), "")
