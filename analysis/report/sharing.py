"""What of a sweep's clips a report shows: their names, and their sound up to a bound; to be shared, neither."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MOST_SOUND_BYTES = 1_000_000  # of all sound on a page, before it is written as text
LONGEST_ID, LONGEST_GROUP = 60, 24  # characters shown of an id, and of a group that is no word a person chose
HASHED = re.compile(r"[0-9a-f]{16,}", re.IGNORECASE)
SHOWN_OF_HASH = 8
LEFT_OUT = "(left out)"

Sound = Callable[[str], bytes | None]  # clip -> an MP3 file; None where there is none


@dataclass
class Shared:
    """`private`: for the people who have the data; else paths, names of clips and groups, and sound stay away."""

    private: bool = True
    sound: Sound | None = None
    _numbers: dict[str, dict[str, int]] = field(default_factory=dict)

    def clip(self, name: str) -> str:
        return _ends(name, LONGEST_ID) if self.private else self._counted("clip", name)

    def group(self, name: str) -> str:
        if not self.private:
            return self._counted("group", name)
        if HASHED.fullmatch(name):
            return f"{name[:SHOWN_OF_HASH]}\u2026"
        return _ends(name, LONGEST_GROUP)

    def path(self, name: str) -> str:
        """A source of data: a name without folders stays, it is a built-in or a file's."""
        return name if self.private or not re.search(r"[\\/~]", name) else LEFT_OUT

    def sounds(self, clips: Sequence[str]) -> list[bytes | None]:
        """Of these clips, as many from the first on as the bound allows."""
        found: list[bytes | None] = []
        left = MOST_SOUND_BYTES
        for clip in clips:
            sound = self.sound(clip) if self.private and self.sound is not None else None
            fits = sound is not None and len(sound) <= left
            found.append(sound if fits else None)
            left -= len(sound) if sound is not None and fits else 0
        return found

    def text(self, text: str) -> str:
        """A command or a file: in a shared report without what looks like a path."""
        return text if self.private else PATH.sub(LEFT_OUT, text)

    def params(self, found: Mapping[str, str]) -> dict[str, str]:
        return {name: self.text(value) for name, value in found.items()}

    def _counted(self, kind: str, name: str) -> str:
        known = self._numbers.setdefault(kind, {})
        return f"{kind} {known.setdefault(name, len(known) + 1)}"


# from a slash, a tilde or a drive on, or with a slash inside, up to what ends a word of a command or of YAML
PATH = re.compile(r"(?:~|\b[A-Za-z]:)?(?:[\w.\-\u2026]*[\\/])+[^\s,;'\"\]}]*")


def _ends(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}\u2026"
