"""One arm of `benchmarks.sweep`, in a process of its own: trains the same configurations for the same epochs.

The first run of this project's way searches with Optuna and ASHA; what it proposed and where it stopped (`decisions`)
is what every arm trains. So arms differ in how, never in what.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.arms.arm import ARMS, Arm, Decisions, summary
from benchmarks.arms.documented_arm import documented
from benchmarks.arms.own_arm import ours
from sweeps.plan.prepare import prepare


def measure(arm: Arm, file: str, overrides: Sequence[str], folder: Path, decisions: Decisions | None) -> dict[str, Any]:
    """What an arm did and what it took. `decisions` None: searches (this project's way only)."""
    places = prepare(file, overrides, planning=False)
    prepared = arm.on(replace(places, spec=replace(places.spec, results=str(folder))))
    run = documented if arm.documented else ours
    found = run(prepared, decisions, folder, arm)
    return summary(found, places.profile)


def main() -> None:
    """Reads an arm's orders from a file, writes its figures to another."""
    orders = json.loads(Path(sys.argv[1]).read_text())
    arm, folder = ARMS[orders["arm"]], Path(orders["folder"])
    found = measure(arm, orders["file"], orders["overrides"], folder, orders.get("decisions"))
    Path(sys.argv[2]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
