"""Texts in a file of their own, a line for each clip of a list of the same name: fairseq's `train.tsv` beside
`train.wrd` or `train.ltr` (github.com/facebookresearch/fairseq, examples/wav2vec), and the stretches of talks of
MuST-C, `train.yaml` beside `train.en` and `train.de` (Di Gangi et al. 2019, aclanthology.org/N19-1202).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainables.data.beside.named_lines import nearest, some, stem, stems
from trainables.data.layouts.folder_splits import with_folder_splits
from trainables.data.layouts.found import first_line, lines_of, part_splits, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row
from trainables.errors import InputError

_WORDS, _LETTERS = "wrd", "ltr"  # of fairseq: `HE LLO` and `H E | L L O |`
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_SEGMENT = re.compile(r"-\s*\{.*\bwav:")  # a line of MuST-C's YAML
_FRAMES = re.compile(r"[^\t]+\t\d+")


@dataclass(frozen=True)
class _List:
    parts: Parts
    is_fairseq: bool
    texts: Mapping[str, Parts]  # the endings of the files of its name -> these


def matches(tree: Tree) -> bool:
    return any(_lists(tree))


def read(tree: Tree, wanted: Wanted) -> Reading:
    """Splits come from the names of the lists, or of folders; the group of MuST-C is the speaker.

    Raises InputError: a task that wants no texts, several languages and no word which, or lists and texts of different
    lengths."""
    lists = _lists(tree)
    name = "fairseq" if all(of.is_fairseq for of in lists) else "MuST-C"
    account = Account(layout=f"{name}: texts by the line ({some(of.parts for of in lists)})")
    require(account.layout, tree.folder, replace(wanted, columns={}), ("text",))
    ending = _ending(tree, lists, wanted, account)
    known = stems(tree)
    splits = part_splits((stem_of(of.parts) for of in lists), account) if len(lists) > 1 else {}
    rows: list[Row] = []
    for of in lists:
        entries = _entries(tree, of)
        texts = lines_of(tree.path(of.texts[ending]))
        if len(texts) != len(entries):
            raise InputError(
                f"{tree.path(of.texts[ending])}: has {len(texts):,} lines, and {of.parts[-1]} names {len(entries):,} "
                "clips; a line for each clip is wanted."
            )
        for (number, entry), text in zip(entries, texts, strict=True):
            where = f"{shown(of.parts)} line {number}"
            sound = nearest(of.parts, str(entry["audio"]), known.get(stem(str(entry["audio"])), ()))
            if sound is None:
                account.leave_out(where, "names a sound that is not here.", sound=True)
                continue
            row = {**entry, "audio": shown(sound), "text": _words(text) if ending == _LETTERS else text.strip()}
            row |= {"split": splits[stem_of(of.parts)]} if stem_of(of.parts) in splits else {}
            rows.append((where, row))
        tree.taken |= {of.parts, *of.texts.values()}
    account.origins["text"] = f"the lines of the .{ending} files"
    tree.note_tables(account, "a table, and lists and their lines of text are read")
    plain = replace(wanted, columns={ours: theirs for ours, theirs in wanted.columns.items() if ours != "text"})
    return with_folder_splits(reading(tree.folder, rows, plain, account), plain)


def stem_of(parts: Parts) -> str:
    return parts[-1].rpartition(".")[0]


def _lists(tree: Tree) -> list[_List]:
    found = []
    others = {*tree.others}
    for parts in (*tree.tables, *tree.others):
        ending = parts[-1].rpartition(".")[2].lower()
        if ending not in ("tsv", "yaml", "yml"):
            continue
        beside = {of: (*parts[:-1], f"{stem_of(parts)}.{of}") for of in (_WORDS, _LETTERS)}
        if ending != "tsv":
            same = [other for other in others if other[:-1] == parts[:-1] and stem_of(other) == stem_of(parts)]
            beside = {of: other for other in same if _LANGUAGE.fullmatch(of := other[-1].rpartition(".")[2])}
        texts = {of: other for of, other in beside.items() if other in others}
        if texts and (_is_fairseq(tree, parts) if ending == "tsv" else _SEGMENT.match(first_line(tree.path(parts)))):
            found.append(_List(parts, ending == "tsv", texts))
    return found


def _is_fairseq(tree: Tree, parts: Parts) -> bool:
    """A first line without a tab, the folder of the sound, and below it paths with their number of samples."""
    try:
        with tree.path(parts).open(encoding="utf-8") as file:
            first, second = file.readline().rstrip("\r\n"), file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        return False
    return bool(first) and "\t" not in first and _FRAMES.fullmatch(second) is not None


def _ending(tree: Tree, lists: Sequence[_List], wanted: Wanted, account: Account) -> str:
    """Which of the files of text is read."""
    shared = sorted(set.intersection(*({*of.texts} for of in lists)))
    chosen = wanted.columns.get("text")
    if chosen is None:
        chosen = next((of for of in (_WORDS, _LETTERS, "en") if of in shared), shared[0] if len(shared) == 1 else "")
        if chosen in shared and len(shared) > 1:
            account.guesses.append(
                f"Of the texts .{', .'.join(shared)} the .{chosen} is read; `data.columns: {{text: NAME}}` takes "
                "another."
            )
    if chosen not in shared:
        raise InputError(
            f"{tree.folder}: beside {some(of.parts for of in lists)} lie texts that end in .{', .'.join(shared)}: "
            "`data.columns: {text: NAME}` says which is read."
        )
    return chosen


def _entries(tree: Tree, of: _List) -> list[tuple[int, dict[str, Any]]]:
    """Clip by clip: the line, and what it says in our columns. Raises InputError: the list cannot be read."""
    if of.is_fairseq:
        lines = lines_of(tree.path(of.parts))[1:]
        return [(at, {"audio": line.split("\t")[0]}) for at, line in enumerate(lines, start=2) if line.strip()]
    found = []
    for number, line in enumerate(lines_of(tree.path(of.parts)), start=1):
        if not line.strip():
            continue
        said = dict(re.findall(r"(\w+):\s*'?\"?([^,}'\"]+)", line))
        if not {"wav", "offset", "duration"} <= said.keys():
            raise InputError(f"{tree.path(of.parts)} line {number}: has no wav, offset and duration in one line.")
        entry = {"audio": said["wav"].strip(), "start_seconds": said["offset"], "seconds": said["duration"]}
        found.append((number, entry | ({"group": said["speaker_id"].strip()} if "speaker_id" in said else {})))
    return found


def _words(letters: str) -> str:
    return " ".join("".join(letters.split()).replace("|", " ").split())
