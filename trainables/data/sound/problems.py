"""A file of sound that cannot be used, with a sentence that is the same for all files that have the same fault."""

from __future__ import annotations

from pathlib import Path

from trainables.errors import InputError

DAMAGED = "cannot be decoded: is the file cut off or damaged?"
CUT_OFF = "is cut off: part of the sound that its header promises is missing."


class SoundError(InputError):
    """`problem` is the sentence without the file's name: readers count the files that share one."""

    def __init__(self, path: str | Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path, self.problem = str(path), problem

    def __reduce__(self) -> tuple[type[SoundError], tuple[str, str]]:  # type: ignore[override]
        return (SoundError, (self.path, self.problem))
