"""Labels that look like slips: two spellings of one class, several labels in one, ratings, words for nothing."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from trainables.data.doubts.encodings import encoding_doubts
from trainables.data.doubts.words import counted, listed

RARE_CLIPS = 2  # a class of so few clips may be a slip of the pen ...
COMMON_CLIPS = 5  # ... for a class of so many, or more
FEWEST_LETTERS = 3  # of a label that is looked at for slips: of two letters, any is one letter from many
SINGLE_SHARE = 0.5  # of the classes with one clip each, from which on they look like ratings or names
FEWEST_SINGLE = 5
FEWEST_RATINGS = 4  # labels that are numbers with a fraction: two or three may be settings of a device
MAJORITY_SHARE = 0.8
JOINTS = (",", ";", "|", "/", "+", "&", " and ", "_and_")
SURE_JOINTS = (",", ";", "|")  # which stand in a class's name hardly ever
NOTHING = frozenset(
    (
        "nan",
        "n/a",
        "#n/a",
        "na",
        "null",
        "none",
        "<na>",
        "-",
        "--",
        "?",
        "??",
        "tbd",
        "todo",
        "unlabeled",
        "unlabelled",
        "undefined",
    )
)
AS_RATINGS = (
    "`task: {kind: regression}` learns them as numbers, which stand in a column `targets` (`data.columns: {targets: "
    "NAME}`); or make a few classes of them (such as low, middle, high)."
)


def label_doubts(labels: Sequence[str]) -> list[str]:
    """`labels`: one for each clip. A sentence for each kind of slip that is found."""
    counts = Counter(labels)
    found = [
        *spellings(counts, _key, "class"),
        *encoding_doubts(counts, "classes"),
        *_slips(counts),
        *several_in_one(counts),
        *_products(counts),
        *(_single(counts) or _ratings(counts)),
    ]
    nothing = {label: clips for label, clips in counts.items() if label.strip().casefold() in NOTHING}
    if {"-1"} < counts.keys() and all(label == "-1" or label.isdecimal() for label in counts):
        nothing["-1"] = counts["-1"]
    if nothing:
        found.append(f"{listed(nothing, _with_clips(counts))}: is that a class, or a clip without a label?")
    return found


def _products(counts: Counter[str]) -> list[str]:
    """Labels of two parts, of which every first one stands before every second one: OAF_angry, OAF_happy, YAF_angry,
    YAF_happy."""
    for joint in ("_", "-", " ", "/"):
        for cut in (str.partition, str.rpartition):
            parts = [cut(label, joint) for label in counts]
            first, second = {one for one, _, _ in parts}, {other for _, _, other in parts}
            whole = all(one and other for one, _, other in parts) and len(first) * len(second) == len(counts)
            if whole and min(len(first), len(second)) >= 2:
                return [
                    f"The {len(counts)} classes are {len(first)} names ({listed(sorted(first))}) before each of "
                    f"{len(second)} ({listed(sorted(second))}): if one of the two is the speaker or the place, classes "
                    "are the other, and it is the `group`."
                ]
    return []


def absent_doubts(labels: Sequence[str], splits: Sequence[str]) -> list[str]:
    """Classes that the data set's own splits lack; `labels` and `splits` have one for each clip."""
    counts = Counter(zip(labels, splits, strict=True))
    found = []
    for split in sorted({*splits} - {"train"}) if "train" in splits else ():
        unlearnt = {
            label: counts[label, split] for label in labels if counts[label, split] and not counts[label, "train"]
        }
        if unlearnt:
            found.append(
                f"No training clip has the class {listed(unlearnt, _with_clips(Counter(unlearnt)))}, which clips "
                f"of the {split} split have: what is never heard in training is never answered."
            )
        unseen = {
            label: counts[label, "train"] for label in labels if counts[label, "train"] and not counts[label, split]
        }
        if unseen:
            found.append(
                f"No {split} clip has the class {listed(unseen, _with_clips(Counter(unseen)))}: is it a class, or "
                "a folder or a mark of something else?"
            )
    return found


def majority_doubt(labels: Sequence[str], objective: str | None, metrics: Sequence[str]) -> list[str]:
    """A sentence where the largest class alone gives a high accuracy, and accuracy decides; `objective` is as
    `val/accuracy`, `metrics` those of the task."""
    counts = Counter(labels)
    label, clips = counts.most_common(1)[0]
    share = clips / len(labels)
    if share < MAJORITY_SHARE or objective is None or objective.rpartition("/")[2] != "accuracy":
        return []
    better = objective.replace("accuracy", "balanced_accuracy")
    advice = f"search by {better}" if "balanced_accuracy" in metrics else "look at each class by itself"
    return [f"{label!r} has {share:.0%} of the clips: always answering it has an accuracy of {share:.2f}; {advice}."]


def spellings(counts: Counter[str], key: Callable[[str], str], what: str) -> list[str]:
    """Labels, or other names of `what`, that differ and have one key: equal for a reader, or as numbers."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in counts:
        alike[key(label)].append(label)
    found = []
    for labels in alike.values():
        if len(labels) > 1:
            names = listed(sorted(labels, key=lambda label: -counts[label]), _with_clips(counts))
            found.append(f"{names} differ in {_difference(labels)} only: are they one {what}?")
    if what == "class" and ({"true", "1"} <= alike.keys() or {"false", "0"} <= alike.keys()):
        found.append("Labels are words (true, false) in some rows and numbers (1, 0) in others: are they the same?")
    return _shortened(found, f"{'labels' if what == 'class' else f'{what}s'} that differ so")


def _key(label: str) -> str:
    number = _number(label)
    if number is not None:
        return f"{number:.15g}" if abs(number) < 1e15 else label
    return re.sub(r"[\s_\-]+", "", seen(label)) or label


def seen(name: str) -> str:
    """What a reader sees of a name: without marks of no width, in small letters."""
    composed = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in composed if unicodedata.category(c) not in ("Cf", "Cc"))


def _difference(labels: Sequence[str]) -> str:
    if len({unicodedata.normalize("NFC", label) for label in labels}) == 1:
        return "how an accent is written (composed or not)"
    if all(_number(label) is not None for label in labels):
        return "how the number is written"
    if len({label.casefold() for label in labels}) == 1:
        return "case"
    if len({"".join(c for c in label if unicodedata.category(c) not in ("Cf", "Cc")) for label in labels}) == 1:
        return "characters that are not seen"
    if len({re.sub(r"[\s_\-]+", "", label) for label in labels}) == 1:
        return "spaces, _ or -"
    return "case, spaces, _, - or marks"


def _slips(counts: Counter[str]) -> list[str]:
    """Rare labels that are one letter, or an s at the end, from a common one."""
    from rapidfuzz.distance import OSA

    rare = [label for label, clips in counts.items() if clips <= RARE_CLIPS and len(label) >= FEWEST_LETTERS]
    common = [label for label, clips in counts.items() if clips >= COMMON_CLIPS]
    found = []
    for label in rare:
        folded = label.casefold()
        for other in common:
            near = other.casefold()
            if _key(label) == _key(other) or _digits(folded) != _digits(near):
                continue
            if OSA.distance(folded, near, score_cutoff=1) <= 1 or {folded + "es", near + "es"} & {folded, near}:
                found.append(f"{label} has {counted(counts[label], 'clip')}: is it {other} ({counts[other]})?")
                break
    return _shortened(found, "labels that are near others")


def _digits(label: str) -> str:
    """Names that differ in a number are no slips."""
    return "".join(re.findall(r"\d", label))


def several_in_one(counts: Counter[str], joints: Sequence[str] = JOINTS) -> list[str]:
    """Labels that read as several: lists, or parts with one of `joints` between them that are labels themselves."""
    lists = [label for label in counts if re.fullmatch(r"\s*(\[.*\]|\{.*\}|\(.*,.*\))\s*", label, re.DOTALL)]
    if lists:
        return [f"{listed(lists, _with_clips(counts))} read as lists: one label for each clip is wanted."]
    folded = {label.casefold() for label in counts}
    parts = {label: _parts(label, joints) for label in counts}
    uses = Counter(part for label in counts for part in parts[label])
    joined = [
        label
        for label, found in parts.items()
        if len(found) > 1
        and (
            all(part in folded for part in found)
            or (_surely(label) and any(part in folded or uses[part] > 1 for part in found) and _number(label) is None)
        )
    ]
    if not joined:
        return []
    clips = sum(counts[label] for label in joined)
    classes = [part for part in parts[joined[0]] if part in folded]
    which = f": {' and '.join(classes)} {'are classes' if len(classes) > 1 else 'is a class'} too" if classes else ""
    return [
        f"{counted(clips, 'clip')} have labels that read as several in one, {listed(joined, _with_clips(counts))}"
        f"{which}. Each such text is a class of its own; where it is several, say `task: {{kind: multilabel}}` and "
        "what stands between them (`data.separator`)."
    ]


def _parts(label: str, joints: Sequence[str]) -> list[str]:
    for joint in joints:
        if joint in label:
            return [part.strip().casefold() for part in label.split(joint) if part.strip()]
    return [label]


def _surely(label: str) -> bool:
    return any(joint in label for joint in SURE_JOINTS)


def _single(counts: Counter[str]) -> list[str]:
    """Classes of one clip each."""
    single = [label for label, clips in counts.items() if clips == 1]
    if len(single) < FEWEST_SINGLE or len(single) < SINGLE_SHARE * len(counts):
        return []
    clips = sum(counts.values())
    what = f"{len(counts)} classes for {clips} clips, {len(single)} of them with one clip"
    if all(_number(label) is not None for label in counts):
        return [f"{what}: are these ratings? Every number is a class of its own. {AS_RATINGS}"]
    if sum(len(label.split()) > 2 for label in counts) > len(counts) / 2:
        return [f"{what}: are these transcripts? Those stand in a column `text` (task.kind: transcription)."]
    return [f"{what}: are these names, or texts, where classes are wanted?"]


def _ratings(counts: Counter[str]) -> list[str]:
    """Numbers with a fraction are measured or averaged, and no names of classes."""
    numbers = [_number(label) for label in counts]
    if len(counts) < FEWEST_RATINGS or any(number is None for number in numbers):
        return []
    broken = [label for label, number in zip(counts, numbers, strict=True) if number and not number.is_integer()]
    if not broken:
        return []
    return [
        f"The {len(counts)} labels are numbers, some with a fraction ({listed(broken)}): are these ratings? Every "
        f"number is a class of its own, however near another. {AS_RATINGS}"
    ]


def _number(label: str) -> float | None:
    try:
        number = float(label.replace(",", ".")) if re.fullmatch(r"\s*[+-]?[\d.,]+([eE][+-]?\d+)?\s*", label) else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _with_clips(counts: Counter[str]) -> Mapping[str, str]:
    return {label: f"{label!r} ({clips})" for label, clips in counts.items()}


def _shortened(sentences: list[str], what: str, most: int = 4) -> list[str]:
    if len(sentences) <= most:
        return sentences
    return [*sentences[: most - 1], f"... and {len(sentences) - most + 1} more {what}."]
