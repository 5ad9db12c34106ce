"""What decoded sound says: silence, channels that cancel, clipping, clips that sound alike, levels that tell classes
apart, and events behind the window that is heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from trainables.data.doubts.alike import alike
from trainables.data.doubts.listen import Heard
from trainables.data.doubts.shortcuts import Property
from trainables.data.doubts.words import listed
from trainables.data.examples import Example
from trainables.data.sound import channels
from trainables.data.sound.clip_facts import ClipFacts

CLIPPED_SHARE = 0.01  # of the samples at full scale, from which on a clip is distorted
OFFSET = 0.05  # of full scale
MOSTLY_SILENT = 0.95  # of a clip's frames
BEHIND = 0.1  # of the energy, at most, that is heard of a clip whose event lies behind the window
SOUND_GAIN = 0.6  # levels and bandwidths are of the sound too: only what tells classes nearly by itself is named
RECORDING = "It may be the sound itself, or how each class was recorded: listen to some."


def facts_doubts(facts: Mapping[str, ClipFacts], of: str = "clips") -> list[str]:
    """`facts` by example id; `of` is what the clips are called, such as `clips that were decoded for this`."""
    kinds: tuple[tuple[Callable[[ClipFacts], bool], str], ...] = (
        (lambda clip: clip.silent, "silent throughout"),
        (lambda clip: not clip.silent and clip.silent_share >= MOSTLY_SILENT, "silent for 95% or more of their length"),
        (lambda clip: clip.rule == channels.CANCELLING, "of channels that cancel: only the first is heard"),
        (lambda clip: clip.rule == channels.DEAD, "of a dead channel and live ones: the live ones are heard"),
        (lambda clip: clip.clipped_share >= CLIPPED_SHARE, "clipped in 1% or more of their samples"),
        (lambda clip: abs(clip.offset) >= OFFSET, "shifted from zero by 5% of full scale or more (a DC offset)"),
    )
    found = []
    for holds, what in kinds:
        names = [name for name, clip in facts.items() if holds(clip)]
        if names:
            are = "is" if len(names) == 1 else "are"
            found.append(f"{len(names):,} of {len(facts):,} {of} {are} {what} ({listed(names)}).")
    behind = [name for name, clip in facts.items() if clip.heard_energy <= BEHIND]
    if behind:
        found.append(
            f"In {len(behind):,} of {len(facts):,} {of} nine tenths or more of what stands out lies behind the part "
            f"that is heard ({listed(behind)}): name the stretch with `start_seconds` and `seconds`."
        )
    return found


def alike_doubts(heard: Heard, examples: Sequence[Example], splits: Mapping[str, str]) -> list[str]:
    """Pairs of different groups that sound alike; `splits` is example id -> train | validation | test."""
    group = {example.id: example.group for example in examples}
    target = {example.id: str(example.target) for example in examples}
    pairs = [pair for pair in alike(heard.fingerprints) if group[pair.one] != group[pair.other]]
    if not pairs:
        return []
    across = [pair for pair in pairs if splits[pair.one] != splits[pair.other]]
    shown = listed([f"{pair.one} and {pair.other}" for pair in [*across, *(p for p in pairs if p not in across)]])
    sides = f"{len(across):,} of them on two sides of a split" if across else "none of them on two sides of a split"
    contrary = sum(target[pair.one] != target[pair.other] for pair in pairs)
    labels = f", {contrary:,} under different targets" if contrary else ""
    are = "pair of clips sounds" if len(pairs) == 1 else "pairs of clips sound"
    return [
        f"{len(pairs):,} {are} alike though the samples differ (encoded again, shifted, louder, cut out of one "
        f"recording?), {sides}{labels}: {shown}. If they are copies, give them one `group`."
    ]


def sound_properties(facts: Sequence[ClipFacts]) -> list[Property]:
    """One value for each example."""
    return [
        Property("the level", [clip.level_db for clip in facts], " dB", RECORDING, SOUND_GAIN),
        Property("the peak", [clip.peak_db for clip in facts], " dB", RECORDING, SOUND_GAIN),
        Property("the bandwidth", [clip.bandwidth_hz for clip in facts], " Hz", RECORDING, SOUND_GAIN),
        Property("the share of silence", [clip.silent_share for clip in facts], "", RECORDING, SOUND_GAIN),
    ]
