"""Sets of acted speech whose files lie in one folder, or one for each speaker, and carry the emotion as a code in their
names: CREMA-D (`1001_DFA_ANG_XX.wav`, Cao et al. 2014), EmoDB (`03a01Fa.wav`, Burkhardt et al. 2005) and SAVEE
(`DC_a01.wav`, `DC/a01.wav`, Haq and Jackson 2009). RAVDESS has a file of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from trainables.data.layouts.found import reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.tables.table import Row

FEWEST_FILES = 4  # a few files may look like anything


@dataclass(frozen=True)
class _Corpus:
    name: str
    pattern: re.Pattern[str]  # of a path without its ending, from the speaker's folder on; names speaker and code
    emotions: Mapping[str, str]  # code -> label


_CORPORA = (
    _Corpus(
        "CREMA-D",
        re.compile(r"(?:.*/)?(?P<speaker>1\d{3})_(?P<sentence>[A-Z]{3})_(?P<code>[A-Z]{3})_(?:LO|MD|HI|XX|X)"),
        {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"},
    ),
    _Corpus(
        "EmoDB",
        re.compile(r"(?:.*/)?(?P<speaker>\d\d)(?P<sentence>[ab]\d\d)(?P<code>[WLEAFTN])[a-z]?"),
        dict(zip("WLEAFTN", ["anger", "boredom", "disgust", "fear", "happiness", "sadness", "neutral"], strict=True)),
    ),
    _Corpus(
        "SAVEE",
        re.compile(r"(?:.*/)?(?P<speaker>DC|JE|JK|KL)[/_](?P<code>sa|su|[adfhn])(?P<sentence>\d\d)"),
        {**dict(zip("adfhn", ["anger", "disgust", "fear", "happiness", "neutral"], strict=True)), "sa": "sadness"}
        | {"su": "surprise"},
    ),
)


def matches(tree: Tree) -> bool:
    return _corpus(tree) is not None


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The emotion is the label, the speaker the group. Raises InputError: a task that wants no labels."""
    corpus = _corpus(tree)
    assert corpus is not None
    account = Account(layout=f"{corpus.name}: the emotion is a code in the file's name")
    require(account.layout, tree.folder, wanted, ("label", "speaker", "sentence"))
    rows: list[Row] = []
    for path in tree.sounds:
        match = corpus.pattern.fullmatch(_plain(path))
        assert match is not None
        row = {"audio": shown(path), "label": corpus.emotions[match["code"]], "group": match["speaker"]}
        row |= {name: match[name] for name in ("speaker", "sentence") if name in wanted.columns.values()}
        rows.append((shown(path), row))
    account.origins |= {"label": "the code in the file's name", "group": "the speaker in the file's name or folder"}
    for table in tree.tables:
        account.not_read(shown(table), "a table, and the names of the files give the labels")
    return reading(tree.folder, rows, wanted, account)


def _corpus(tree: Tree) -> _Corpus | None:
    """The one that all files are called after, where their folders are no classes: one folder, or the speakers'."""
    if len(tree.sounds) < FEWEST_FILES or any(table[-1].startswith("metadata.") for table in tree.tables):
        return None
    for corpus in _CORPORA:
        found = [corpus.pattern.fullmatch(_plain(path)) for path in tree.sounds[:1]]
        if not all(found):
            continue
        found = [corpus.pattern.fullmatch(_plain(path)) for path in tree.sounds]
        if not all(match and match["code"] in corpus.emotions for match in found):
            continue
        folders = {path[:-1] for path in tree.sounds}
        speakers = {match["speaker"] for match in found if match}
        if len(folders) == 1 or all(folder and folder[-1] in speakers for folder in folders):
            return corpus
    return None


def _plain(path: Parts) -> str:
    return "/".join(path).rpartition(".")[0]
