"""How other people call our columns. A name counts without case, spaces, `_`, `-` and brackets: `File Name` is
`filename`.

Names that mean several things (`target`, `duration`, `offset`) are weighed in `columns.py` and `stretches.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

OPTIONAL = (
    "id",
    "group",
    "split",
    "fold",
    "start_seconds",
    "seconds",
    "end_seconds",
    "lowpass_hz",
    "channel",
    "language",
    "weight",
)

QUESTION = "question"  # beside these, where a task asks

SPELLINGS: Mapping[str, Sequence[str]] = {
    "audio": (
        "path", "file", "filename", "filepath", "audiofilepath", "audiofile", "audiofilename", "audiopath", "wav",
        "wavpath", "wavfile", "wavfilename", "clip", "clippath", "soundfile", "fname", "mp3path", "flacpath",
    ),
    "label": (
        "class", "classname", "category", "categoryname", "labels", "labelname", "target", "targets",
        "scenelabel", "eventlabel", "primarylabel", "species", "genre", "emotion", "command", "choice",
    ),
    "labels": ("label", "tags", "classes", "events", "eventlabels", "positivelabels"),
    "text": (
        "sentence", "transcript", "transcription", "transcripts", "transcriptions", "normalizedtext", "normalisedtext",
        "wrd", "words", "utterance", "txt",
    ),
    "targets": ("target", "ratings", "scores", "rating", "score", "mos"),
    "group": ("speaker", "speakerid", "clientid", "spk", "spkid", "speakername"),
    "split": ("subset", "set", "partition", "datasplit"),
    "fold": ("folds", "foldid", "cvfold"),
    "language": ("lang", "locale"),
    "channel": ("channels", "audiochannel"),
    "weight": ("sampleweight", "clipweight"),
}  # fmt: skip

# What keeps clips together: such a column is offered as the group, and never taken
GROUP_HINTS = frozenset(
    name + end
    for name, end in product(
        (
            *(
                "subject",
                "patient",
                "participant",
                "person",
                "user",
                "actor",
                "singer",
                "performer",
                "artist",
                "author",
            ),
            *("recordist", "animal", "individual", "session", "recording", "record", "file", "source", "srcfile"),
            *("site", "station", "location", "device", "recorder", "album", "track", "song", "video", "episode"),
            *("dialogue", "conversation", "call", "chapter", "book", "instrument", "machine", "identifier"),
        ),
        ("", "id", "name", "no", "nr", "number"),
    )
)
STARTS, ENDS, LENGTHS = ("start", "begin", "onset", "from"), ("end", "stop", "to"), ("duration", "dur", "length")
OFFSET = "offset"  # a start beside a duration (NeMo, Lhotse), an end beside an onset
# Praat's and others' limits of a time axis
_ENDS_OF_AXES = {STARTS[0]: ("tmin", "xmin", "mint", "timestart"), ENDS[0]: ("tmax", "xmax", "maxt", "timeend")}
_BEFORE, _AFTER = ("", "segment", "event", "clip", "t"), ("", "time", "timestamp")
UNITS: Mapping[str, float] = {
    "": 1.0,
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "ssmsec"), 1.0),  # ELAN: 1.250
    **dict.fromkeys(("minute", "minutes"), 60.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), 1e-3),
}  # unit -> seconds


def plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _times(heads: Sequence[str]) -> dict[str, float]:
    parts = product(_BEFORE, heads, _AFTER, UNITS)
    named = {before + head + after + unit: UNITS[unit] for before, head, after, unit in parts}
    if heads != LENGTHS:  # `length_min` may be the shortest length
        named |= {before + head + "min": 60.0 for before, head in product(_BEFORE, heads)}
    return {**named, **dict.fromkeys(_ENDS_OF_AXES.get(heads[0], ()), 1.0)}


SPLIT_FLAG_NAMES = frozenset(  # columns of yes and no, see `split_flags.py`
    before + name
    for before, name in product(
        ("", "is", "in"), ("train", "training", "valid", "validation", "val", "dev", "test", "testing", "heldout")
    )
)
# plain name -> seconds in its unit
START_NAMES, END_NAMES, LENGTH_NAMES, OFFSET_NAMES = (
    _times(heads) for heads in (STARTS, ENDS, LENGTHS, (OFFSET,))
)  # fmt: skip
SAMPLE_NAMES = frozenset(  # times that only a file's rate makes seconds
    name
    for before, head, after, unit in product(
        _BEFORE, (*STARTS, *ENDS, OFFSET), _AFTER, ("sample", "samples", "frame", "frames")
    )
    for name in (before + head + after + unit, unit + head)  # start_sample, frame_offset
)
TIME_NAMES: Mapping[str, float] = {**START_NAMES, **END_NAMES, **LENGTH_NAMES, **OFFSET_NAMES}


def meaning(name: str) -> str | None:
    """Which of our columns a name may stand for; None where it says nothing to us."""
    name = plain(name)
    for ours in (*SPELLINGS, *OPTIONAL):
        if name == plain(ours) or name in SPELLINGS.get(ours, ()):
            return ours
    for ours, names in (("start_seconds", START_NAMES), ("end_seconds", END_NAMES), ("seconds", LENGTH_NAMES)):
        if name in names:
            return ours
    return "start_seconds" if name in OFFSET_NAMES else None
