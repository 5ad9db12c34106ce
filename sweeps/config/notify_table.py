"""`notify:` of a sweep file: who hears of the sweep's end and of trouble, each by the name of an environment variable.

The file is kept in the record and may come from a stranger: neither an address that holds a secret nor a command has a
place in it. What the variables hold stays in the environment of the process that runs the sweep.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sweeps.config.container_types import Field, Table
from sweeps.config.located_yaml import Node, Path
from sweeps.config.scalar_types import INVALID, Problems

VARIABLE = r"SWEEP_[A-Z0-9_]{1,60}"


@dataclass(frozen=True)
class Variable:
    """The name of an environment variable of this project. What stands there instead is not repeated in the problem:
    it may be a secret."""

    example: str

    @property
    def expected(self) -> str:
        return f"the name of an environment variable that begins with SWEEP_, such as {self.example}"

    def fits(self, node: Node) -> bool:
        return True  # else the value would be shown

    def read(self, node: Node, path: Path, problems: Problems) -> Any:
        if isinstance(node.value, str) and re.fullmatch(VARIABLE, node.value):
            return node.value
        problems.add(
            path,
            f"expected {self.expected}. The file is kept in the record, so that what is secret, and what is to be run, "
            f'is said by the environment: export {self.example}="..."',
        )
        return INVALID

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{VARIABLE}$"}


NOTIFY = Table(
    {
        "webhook": Field(
            Variable("SWEEP_WEBHOOK"),
            "The environment variable with an http(s) address, to which one JSON object is posted.",
        ),
        "command": Field(
            Variable("SWEEP_COMMAND"),
            "The environment variable with a command, which gets the same JSON object on standard input.",
        ),
    }
)
