"""How a sweep speaks: to a person, in few words to one who wants none, or to a program that reads along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from sweeps.plan.parts import make_console
from sweeps.stage.events import Events


@dataclass(frozen=True)
class Voice:
    console: Console  # shows nothing where it is quiet
    events: Events | None = None
    quiet: bool = False

    @classmethod
    def of(cls, *, quiet: bool = False, events: bool = False) -> Voice:
        return cls(make_console(quiet=quiet or events), Events() if events else None, quiet)

    def tell(self, event: str, **values: Any) -> None:
        """For a program, and nobody else."""
        if self.events is not None:
            self.events.write(event, **values)

    def last(self, text: str) -> None:
        """What also one who wants no words has to hear."""
        if self.quiet:
            print(text, flush=True)
