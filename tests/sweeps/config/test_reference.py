"""docs/sweep_file.md has every key, as the schema has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.config.load import parse_sweep
from sweeps.config.reference import MARK, markdown, page
from sweeps.config.schema import PATCHABLE
from trainables.config import TrialConfig

PAGE = Path(__file__).parents[3] / "docs" / "sweep_file.md"
LEAST = """
name: least
backbone: ast
task: {kind: classification}
data: {source: drum_rudiments}
search: {model_size: base, rank: {choice: [4, 8]}}
objective: {metric: val/accuracy}
trials: 2
baseline: {rank: 4}
"""


def test_the_page_is_in_step_with_the_schema() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text), "run `python -m sweeps.config.reference docs/sweep_file.md`"


def test_every_key_has_a_row_and_a_line_of_use() -> None:
    rows = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert all(row.rstrip(" |").count("|") >= 4 for row in rows), "a key without help in the schema"
    named = {row.split("`")[1] for row in rows}
    assert {key.rpartition(".")[2] for key in PATCHABLE} <= named


def test_defaults_are_those_of_a_file_that_leaves_everything_out() -> None:
    spec, text = parse_sweep(LEAST), markdown()
    for name, value in (
        ("epochs", spec.train.epochs),
        ("grace_epochs", spec.grace_epochs),
        ("reduction_factor", spec.reduction_factor),
        ("explore", list(spec.explore_seeds)),
        ("stop", spec.confirm.stop),
        ("validation", spec.data.validation),
        ("count", spec.finalists.count),
        ("packing", spec.packing),
        ("frequency_masks", TrialConfig("ast", "base").frequency_masks),
    ):
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"| `{value}` |" in row


def test_a_page_without_the_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="no line"):
        page("# A page\n")
    assert page(f"head\n{MARK}\nold").startswith(f"head\n{MARK}\n\n### The keys at the top\n")
