"""Some test clips in full: what was said, and what the best arm, the baseline and the untuned backbone wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from sweeps.confirm import Confirmed
from trainables.records import Predictions

SAMPLES = 5
STREAM = 42  # of the draw: the same sweep, the same clips


def samples_table(confirmed: Sequence[Confirmed], best: str) -> Table:
    """Clips drawn at random, as the first seed of each arm answered them."""
    shown = {arm: _first_answers(confirmed, arm) for arm in dict.fromkeys((best, "baseline", "untuned"))}
    answers = {arm: found for arm, found in shown.items() if found}
    table = Table(title="Test clips, drawn at random", title_justify="left", box=None, pad_edge=False)
    for column in ("said", *answers):
        table.add_column(column, header_style="bold", overflow="fold")
    known = set.intersection(*(set(found) for found in answers.values())) if answers else set()
    first = [(example, said) for example, (said, _) in next(iter(answers.values()), {}).items() if example in known]
    for row in sorted(np.random.default_rng(STREAM).permutation(len(first))[:SAMPLES]):
        example, said = first[row]
        table.add_row(Text(said), *(Text(found[example][1]) for found in answers.values()))
    return table


def _first_answers(confirmed: Sequence[Confirmed], arm: str) -> Mapping[str, tuple[str, str]]:
    """Clip -> what it says, what was heard; by the first of the arm's runs."""
    run = next((run for run in confirmed if run.arm == arm), None)
    if run is None:
        return {}
    found = Predictions.read_parquet(run.folder / "predictions" / "test.parquet")
    return {
        example: (str(target), str(output))
        for example, target, output in zip(found.example_ids, found.targets, found.outputs, strict=True)
    }
