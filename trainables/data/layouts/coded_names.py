"""Sets whose files lie in one folder, or one for each speaker, and carry the label as a code in their names: acted
speech of CREMA-D (`1001_DFA_ANG_XX.wav`, Cao et al. 2014), EmoDB (`03a01Fa.wav`, Burkhardt et al. 2005), SAVEE
(`DC_a01.wav`, `DC/a01.wav`, Haq and Jackson 2009) and TESS (`OAF_Fear/OAF_back_fear.wav`, Pichora-Fuller and Dupuis
2020), digits of FSDD (`7_jackson_32.wav`) and AudioMNIST (`01/0_01_0.wav`, Becker et al. 2018), and sounds of the voice
of VocalSound (`f0003_0_cough.wav`, Gong et al. 2022). RAVDESS has a file of its own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from trainables.data.layouts import ravdess
from trainables.data.layouts.found import lines_of, reading, require, shown
from trainables.data.layouts.tree import Parts, Tree
from trainables.data.reading import Account, Reading, Wanted
from trainables.data.split_names import split_name
from trainables.data.tables.table import Row
from trainables.errors import InputError

_SHORT = {"tr": "train", "te": "test", "val": "validation"}
FEWEST_FILES = 4  # a few files may look like anything


@dataclass(frozen=True)
class _Corpus:
    name: str
    pattern: re.Pattern[str]  # of a path without its ending, from the speaker's folder on; names speaker and code
    emotions: Mapping[str, str]  # code -> label
    what: str = "the emotion"
    in_class_folders: bool = False  # one for each emotion of each speaker
    group: str = "speaker"  # or sentence, where two speakers fill no three splits


_DIGITS = {str(digit): str(digit) for digit in range(10)}
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
    _Corpus(
        "TESS",
        re.compile(r"(?:.*/)?(?P<speaker>OAF?|YAF)_(?P<sentence>[a-z]+)_(?P<code>[a-z]+)"),
        {name: name for name in ("angry", "disgust", "fear", "happy", "neutral", "sad")} | {"ps": "pleasant surprise"},
        in_class_folders=True,
        group="sentence",
    ),
    _Corpus(
        "FSDD", re.compile(r"(?:.*/)?(?P<code>\d)_(?P<speaker>[a-z]+)_(?P<sentence>\d+)"), _DIGITS, "the digit spoken"
    ),
    _Corpus(
        "AudioMNIST",
        re.compile(r"(?:.*/)?(?P<code>\d)_(?P<speaker>\d\d)_(?P<sentence>\d+)"),
        _DIGITS,
        "the digit spoken",
    ),
    _Corpus(
        "VocalSound",
        re.compile(r"(?:.*/)?(?P<speaker>[fm]\d{4})_(?P<sentence>\d)_(?P<code>[a-z]+)"),
        {name: name for name in ("laughter", "sigh", "cough", "throatclearing", "sneeze", "sniff")},
        "the sound",
    ),
)


def matches(tree: Tree) -> bool:
    return _corpus(tree) is not None


def are_codes(tree: Tree) -> bool:
    """Whether the names of the sound say what the folders above it do not."""
    return matches(tree) or ravdess.matches(tree)


def read(tree: Tree, wanted: Wanted) -> Reading:
    """The emotion is the label, the speaker the group. Raises InputError: a task that wants no labels."""
    corpus = _corpus(tree)
    assert corpus is not None
    account = Account(layout=f"{corpus.name}: {corpus.what} is a code in the file's name")
    require(account.layout, tree.folder, wanted, ("label", "speaker", "sentence"))
    matches = [corpus.pattern.fullmatch(_plain(path)) for path in tree.sounds]
    sides = _splits_of_speakers(tree, {match["speaker"] for match in matches if match}, account)
    rows: list[Row] = []
    for path, match in zip(tree.sounds, matches, strict=True):
        assert match is not None
        row = {"audio": shown(path), "label": corpus.emotions[match["code"]], "group": match[corpus.group]}
        row |= {"split": sides[match["speaker"]]} if sides else {}
        row |= {name: match[name] for name in ("speaker", "sentence") if name in wanted.columns.values()}
        rows.append((shown(path), row))
    by = "speaker" if corpus.group == "speaker" else "word"
    account.origins |= {"label": "the code in the file's name", "group": f"the {by} in the file's name or folder"}
    if by == "word":
        account.guesses.append("Two speakers fill no three splits: the groups are the words, and both stand in each.")
    return reading(tree.folder, rows, wanted, account)


def _splits_of_speakers(tree: Tree, speakers: Collection[str], account: Account) -> dict[str, str]:
    """Speaker -> split, where lists that are called as splits (`tr_meta.csv`, `val_meta.csv`, `te_meta.csv` of
    VocalSound) begin their lines with speakers, and name each once; else nothing."""
    sides: dict[str, set[str]] = defaultdict(set)
    lists: dict[Parts, str] = {}
    for parts in (*tree.tables, *tree.others):
        word = re.split(r"[\W_]", parts[-1])[0].lower()
        if (split := _SHORT.get(word) or split_name(word)) and parts[-1].lower().endswith((".csv", ".txt")):
            with suppress(InputError):
                named = {line.split(",")[0].strip() for line in lines_of(tree.path(parts))} & {*speakers}
                lists |= {parts: split} if named else {}
                for speaker in named:
                    sides[speaker].add(split)
    if len({*lists.values()}) < 2 or sides.keys() != {*speakers} or any(len(of) > 1 for of in sides.values()):
        return {}
    tree.taken |= {*lists}
    account.origins["split"] = ", ".join(f"{shown(parts)} is {split}" for parts, split in lists.items())
    return {speaker: next(iter(of)) for speaker, of in sides.items()}


def _corpus(tree: Tree) -> _Corpus | None:
    """The one that all files are called after, where their folders are no classes: one folder, or the speakers'."""
    if len(tree.sounds) < FEWEST_FILES:
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
        if len(folders) == 1 or corpus.in_class_folders or all(of and of[-1] in speakers for of in folders):
            return corpus
    return None


def _plain(path: Parts) -> str:
    return "/".join(path).rpartition(".")[0]
