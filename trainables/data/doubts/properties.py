"""What headers tell of clips that may give a class away: sample rate, length, channels and how the sound was coded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainables.data.doubts.files import PLAIN, FileTraits
from trainables.data.doubts.shortcuts import Property
from trainables.data.examples import Example
from trainables.data.sound.endings import ending_of

LOSSLESS = "without loss"
CROPPED = 1.2  # times the window: what is lost of shorter ones hardly matters
FULL_BITS = 12  # of a sample in a plain file: what has fewer was compressed, or sounds like it
RATE_REMEDY = "`lowpass_hz` in the table, at half the lowest rate, takes away what only the others have."
LENGTH_REMEDY = "`seconds` in the table crops all to one length."
CHANNELS_REMEDY = "Convert all files to one channel in the same way."
CODING_REMEDY = "Code all files in the same way, the lossless ones included."


def header_properties(
    examples: Sequence[Example], traits: Mapping[str, FileTraits], window_seconds: float
) -> list[Property]:
    """One value for each example, as it is heard: cropped to `window_seconds`, and below its `lowpass_hz`. Of joined
    pieces the first one counts."""
    first = [traits[example.audio[0].path] for example in examples]
    rates = [
        min(float(of.sample_rate_hz), 2 * (example.lowpass_hz or float("inf")))
        for example, of in zip(examples, first, strict=True)
    ]
    lengths = [round(min(_seconds(example, traits), window_seconds), 3) for example in examples]
    channels = [
        1.0 if example.audio[0].channel is not None else float(of.channels)
        for example, of in zip(examples, first, strict=True)
    ]
    codings = [_coding(example.audio[0].path, of) for example, of in zip(examples, first, strict=True)]
    names = sorted(set(codings))
    return [
        Property("the sample rate", rates, " Hz", RATE_REMEDY),
        Property("the length", lengths, " s", LENGTH_REMEDY),
        Property("the number of channels", channels, "", CHANNELS_REMEDY),
        Property("the coding", [float(names.index(coding)) for coding in codings], "", CODING_REMEDY, names=names),
    ]


def cropped_doubts(examples: Sequence[Example], traits: Mapping[str, FileTraits], window_seconds: float) -> list[str]:
    """A sentence where most clips are longer than what is heard of them."""
    lengths = [_seconds(example, traits) for example in examples]
    longer = [length for length in lengths if length > window_seconds * CROPPED]
    if len(longer) <= len(lengths) / 2:
        return []
    share = len(longer) * window_seconds / sum(longer)
    return [
        f"{len(longer):,} of {len(lengths):,} clips are longer than the {window_seconds:g} s that are heard of each, "
        f"from its start: {share:.0%} of their sound. Where a label is for something that comes later, cut the clips, "
        "or name the stretch with `start_seconds` and `seconds`."
    ]


def _seconds(example: Example, traits: Mapping[str, FileTraits]) -> float:
    joined = 0.0
    for piece in example.audio:
        rest = traits[piece.path].seconds - piece.start_seconds
        joined += rest if piece.seconds is None else min(rest, piece.seconds)
    rest = joined - example.start_seconds
    return rest if example.seconds is None else min(rest, example.seconds)


def _coding(path: str, traits: FileTraits) -> str:
    """The file's ending, and `LOSSLESS` for all whose samples come back as they were: WAV or FLAC cannot be heard."""
    ending = ending_of(path)
    if ending == ".flac":
        return LOSSLESS
    if ending not in PLAIN:
        return ending or "no ending"
    samples = max(1, traits.frames * traits.channels)
    return LOSSLESS if 8 * traits.size_bytes / samples >= FULL_BITS else f"{ending} of 8 bits or fewer"
