"""Names of splits as people write them: `Train`, `dev`, `test-other`, `train.clean.100`, `TestSet`.

A name is cut into words; a word says the split. What `eval` means shows only beside the other names: it is the test
split, as in Hugging Face's `datasets`, but where a test split stands beside it, it is the validation split. Where no
name says `train`, a development set is what is trained on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trainables.errors import InputError

_EVAL = "eval"
_HELD_OUT = "heldout"
_DEVELOPMENT = ("dev", "devel", "development")
_WORDS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("validation", "validate", "valid", "val", "vali", *_DEVELOPMENT), "validation"),
    **dict.fromkeys(("test", "testing", "tst"), "test"),
    **dict.fromkeys(("eval", "evaluate", "evaluation", _HELD_OUT), _EVAL),
}
# Words that stand beside a split's name and say nothing of what is heard
_BESIDE = frozenset(
    (
        *("set", "sets", "split", "data", "dataset", "subset", "part", "folder", "dir", "file", "files", "segments"),
        *(
            "audio",
            "audios",
            "clip",
            "clips",
            "sound",
            "sounds",
            "speech",
            "samples",
            "recordings",
            "wav",
            "wavs",
            "flac",
        ),
        *("mp", "clean", "other", "balanced", "unbalanced", "seen", "unseen", "small", "large", "full", "mini", "tiny"),
        *("public", "private", "final", "official"),
    )
)
_GLUED = re.compile(rf"({'|'.join(sorted(_WORDS, key=len, reverse=True))})(set|split|data|dataset|clip|audio|wav)s?")


@dataclass(frozen=True)
class SplitNames:
    """Names that were found together: what each means (names of no split are not in `of`), and what was guessed."""

    of: Mapping[str, str] = field(default_factory=dict)  # as written -> train | validation | test
    said: Sequence[str] = ()  # one sentence for each guess


def split_name(written: str) -> str | None:
    """The split that a name on its own gives; None for a name of no split, or of two, and for `held-out`, of which only
    the names beside it tell what it is held out from."""
    kind = _kind(written)
    if kind == _EVAL:
        return None if _HELD_OUT in _words(written) else "test"
    return kind


def is_plain(written: str) -> bool:
    """Whether a name says nothing but a split: `train`, `test-other`, `TrainSet_2`, and not `train whistle`."""
    return _kind(written) is not None and all(word in _WORDS or word in _BESIDE for word in _words(written))


def split_names(names: Iterable[str]) -> SplitNames:
    """What names mean that were found together.

    Raises InputError: `eval` stands beside both validation and test.
    """
    kinds = {name: kind for name in sorted(set(names)) if (kind := _kind(name))}
    if not {*kinds.values()} - {_EVAL}:
        kinds = {name: kind for name, kind in kinds.items() if split_name(name)}
    of = dict(kinds)
    said = []
    evals = [name for name, kind in kinds.items() if kind == _EVAL]
    if evals:
        meant = "validation" if "test" in kinds.values() else "test"
        shown = ", ".join(evals)
        if meant in kinds.values() and "validation" in kinds.values():
            raise InputError(
                f"The split {shown} stands beside {_shown(kinds, 'validation')} and {_shown(kinds, 'test')}: is it for "
                "choosing or for the test? Give it the name of the one that it belongs to."
            )
        of |= dict.fromkeys(evals, meant)
        beside = f", since {_shown(kinds, 'test')} stands beside it" if meant == "validation" else ""
        said.append(f"{shown} is taken for the {meant} split{beside}")
    development = [name for name, kind in kinds.items() if kind == "validation" and {*_words(name)} & {*_DEVELOPMENT}]
    only = all(name in development for name, split in of.items() if split == "validation")
    if development and "train" not in kinds.values() and (not only or len({*of.values()}) > 1):
        of |= dict.fromkeys(development, "train")
        said.append(f"{', '.join(development)} is taken for the train split: no name says train")
    return SplitNames(of, tuple(said))


def among_siblings(names: Collection[str]) -> SplitNames:
    """Names of folders that stand side by side. `train whistle` is a split's only where all of them are and several
    splits occur; beside `car horn` it is a class. Raises InputError: as `split_names`."""
    kinds = {kind for name in names if (kind := _kind(name))}
    every = len(kinds) > 1 and all(_kind(name) for name in names)
    return split_names(name for name in names if every or is_plain(name))


def are_splits(names: Collection[str]) -> bool:
    """Whether all names that stand side by side are those of splits."""
    return len(among_siblings(names).of) == len(set(names))


def of_files(names: Sequence[str]) -> SplitNames:
    """What names of files mean that are the parts of one data set, such as `speech_test-train-00000-of-00002`: where a
    name says two splits, the words that all names begin with do not count. Raises InputError: as `split_names`."""
    cut = {name: _words(name) for name in names}
    common = 0
    while len(cut) > 1 and len({words[common] if len(words) > common + 1 else None for words in cut.values()}) == 1:
        if any(len(words) <= common + 1 for words in cut.values()):
            break
        common += 1
    plain = {name: name if _kind(name) else " ".join(words[common:]) for name, words in cut.items()}
    found = split_names(plain.values())
    return SplitNames({name: found.of[short] for name, short in plain.items() if short in found.of}, found.said)


def _kind(written: str) -> str | None:
    kinds = {_WORDS[word] for word in _words(written) if word in _WORDS}
    return kinds.pop() if len(kinds) == 1 else None


def _words(written: str) -> list[str]:
    """Small letters; digits and signs part words, and so does a capital after a small letter."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", written))
    text = re.sub(r"(?<![a-z])(held|hold)[-_ ]?out(?![a-z])", _HELD_OUT, text.lower())
    return [part for word in re.findall(r"[^\W\d_]+", text) for part in _parts(word)]


def _parts(word: str) -> tuple[str, ...]:
    glued = _GLUED.fullmatch(word)
    return (glued[1], glued[2]) if glued else (word,)


def _shown(kinds: Mapping[str, str], kind: str) -> str:
    return ", ".join(name for name, other in kinds.items() if other == kind)
