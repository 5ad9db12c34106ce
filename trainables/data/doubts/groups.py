"""What no column `group` leaves open: whether clips of one speaker or recording stand on two sides of a split.

Names of files often tell (`rec1_seg1`, `7_jackson_0`, `speaker_03_take2`). What they seem to tell is offered in a
sentence and never taken: a guess that is wrong would move clips between splits without a word.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from trainables.data.doubts.labels import NOTHING, seen, spellings
from trainables.data.doubts.names import is_named, written_name
from trainables.data.doubts.words import counted, listed
from trainables.data.examples import Example

FEWEST_CLIPS = 6  # below, no pattern can be told from chance
MOST_GROUPS_SHARE = 0.8  # of the clips: a group holds more than one clip, or it is no group
COVERED_SHARE = 0.9  # of the clips must have a name of the pattern
MOST_TOKENS = 6

WHO = (
    "speaker|spkr|spk|subject|subj|sub|actor|voice|patient|person|participant|user|singer|player|performer|artist|"
    "animal|bird|device|mic|site|station|location|room|session|sess|recording|record|rec|tape|track|song|album|video|"
    "movie|episode|show|call|conversation|dialog|meeting|lecture|chapter|book|source|src|file"
)
WITHIN = re.compile(r"(seg|segment|clip|part|chunk|take|utt|utterance|frame|slice|window|win|no|nr|idx|v|t)\d+", re.I)
KNOWN = re.compile(rf"(?:^|[_\-. /])((?:{WHO})[_\-. ]?\d+[a-z]?)(?=$|[_\-. /])", re.I)
UUID = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", re.I)
HEX = re.compile(r"(?:^|[_\-. /])((?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,})(?=$|[_\-. /])", re.I)
EMOTIONS = re.compile(r"(?:^|/)(?:\d\d-){6}(\d\d)$")  # as RAVDESS names its files: the actor comes last
NUMBERED = re.compile(r"(?:^|/)([^/]+?)[_\-. ]+[a-z]*\d+[a-z]?$", re.I)
SEPARATORS = re.compile(r"[_\-. ]+")


_NOBODY = NOTHING | {"unknown", "unk", "other", "others", "anonymous", "anon", "various", "misc", "not available"}


@dataclass(frozen=True)
class Guess:
    """Groups that names of files seem to tell."""

    of: Mapping[str, str]  # example id -> group
    pattern: str  # the name that shows it, and the part of it: "'rec1' in rec1_seg1"

    @property
    def groups(self) -> list[str]:
        return list(dict.fromkeys(self.of.values()))


def _nobody(groups: Counter[str]) -> list[str]:
    """A sentence where one group stands for all whose group nobody knows."""
    found = {name: clips for name, clips in groups.items() if name.strip().casefold() in _NOBODY and clips > 1}
    return [
        f"{clips} of {groups.total()} clips are of the group {name!r}: they count as one speaker or recording, and "
        "stand on one side of every split together. If they are not, give each a group of its own."
        for name, clips in found.items()
    ]


def group_doubts(examples: Sequence[Example], splits: Mapping[str, str]) -> list[str]:
    """Sentences where some clip has no group of its source's; `splits` is example id -> train | validation | test."""
    unnamed = [example for example in examples if not is_named(example)]
    if not unnamed:
        groups = Counter(example.group for example in examples)
        if len(groups) == len(examples):
            return ["`group` differs for every clip: no two clips count as one speaker or recording."]
        return [*spellings(groups, _spelled, "group"), *_nobody(groups)]
    files = Counter(path for example in unnamed for path in {piece.path for piece in example.audio})
    shared = [path for path, uses in files.items() if uses > 1]
    said = "No `group` is given: every file is its own group, and the same speaker or recording may stand in training "
    said += "and test data."
    if shared:
        name = PurePosixPath(shared[0]).name
        said += f" The clips of one file are one group ({counted(len(shared), 'file')} such as {name})."
    guess = guessed(unnamed)
    if guess is None:
        return [f"{said} If clips share one, add a column `group`."]
    across = _across(guess, splits)
    leak = f"; {counted(across, 'test clip')} would share theirs with training" if across else ""
    return [
        f"{said} The names look as if they said it: {guess.pattern}, {counted(len(guess.groups), 'group')} in all "
        f"({listed(guess.groups)}){leak}. If so, add a column `group` with it, or name yours with "
        "`data.columns: {group: ITS_NAME}`."
    ]


def _spelled(group: str) -> str:
    """`1-12` is not `11-2`: what parts words counts, in whatever form."""
    return re.sub(r"[\s_\-]+", "_", seen(group).strip())


def guessed(examples: Sequence[Example]) -> Guess | None:
    """The first pattern, the surest first, that parts most names into groups of several clips."""
    if len(examples) < FEWEST_CLIPS:
        return None
    names = [PurePosixPath(written_name(example).replace("\\", "/")) for example in examples]
    for part_of in _patterns():
        parts = {
            example.id: part
            for example, name in zip(examples, names, strict=True)
            if (part := part_of(name)) is not None
        }
        if _fits(parts, examples):
            first = next(index for index, example in enumerate(examples) if example.id in parts)
            return Guess(parts, f"{parts[examples[first].id]!r} in {names[first].name}")
    return None


def _patterns() -> Iterator[Callable[[PurePosixPath], str | None]]:
    for expression in (KNOWN, EMOTIONS, UUID, HEX):
        yield lambda name, expression=expression: _found(expression, name)  # type: ignore[misc]
    for place in range(MOST_TOKENS):
        yield lambda name, place=place: _token(name, place)  # type: ignore[misc]
    yield lambda name: _found(NUMBERED, name)
    yield lambda name: name.parent.name or None


def _found(expression: re.Pattern[str], name: PurePosixPath) -> str | None:
    match = expression.search(name.with_suffix("").as_posix())
    return match[1].lower() if match else None


def _token(name: PurePosixPath, place: int) -> str | None:
    """A part of the name that may tell who or where: a word, letters with digits, or a number of three digits or more
    that more follows on; no running number (007), and no name of a part (seg3)."""
    tokens = [token for token in SEPARATORS.split(name.stem) if token]
    if len(tokens) < 2 or place >= len(tokens):
        return None
    token, last = tokens[place].lower(), place + 1 == len(tokens)
    running = token.isdigit() and (len(token) < 3 or token.startswith("0") or last)
    return None if running or WITHIN.fullmatch(token) else token


def _fits(parts: Mapping[str, str], examples: Sequence[Example]) -> bool:
    """Whether the parts name groups: several, of more than one clip, and not the labels over again."""
    groups = set(parts.values())
    if len(parts) < COVERED_SHARE * len(examples) or not 1 < len(groups) <= MOST_GROUPS_SHARE * len(parts):
        return False
    labels: dict[str, set[str]] = defaultdict(set)
    for example in examples:
        if example.id in parts:
            labels[parts[example.id]].add(str(example.target))
    of_one = [next(iter(targets)) for targets in labels.values() if len(targets) == 1]
    return not (len(of_one) == len(groups) and len(set(of_one)) == len(groups))


def _across(guess: Guess, splits: Mapping[str, str]) -> int:
    """Test clips whose guessed group is heard in training or validation."""
    heard = {group for example_id, group in guess.of.items() if splits[example_id] != "test"}
    return sum(splits[example_id] == "test" and group in heard for example_id, group in guess.of.items())
