"""The live table at three widths of a terminal, as text."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from sweeps.stage.live_table import Row, live_table, short
from sweeps.state.progress import COMPLETED, PRUNED

AXES = ["backbone", "model_size", "target_modules", "rank", "learning_rate", "lora_dropout"]


def row(number: int, **more: object) -> Row:
    values = {
        "backbone": "efficientat",
        "model_size": "mini-200k",
        "target_modules": "pointwise+se",
        "rank": 16,
        "learning_rate": 3e-3,
        "lora_dropout": 0.0456,
    }
    changed = {name: more.pop(name) for name in list(more) if name in values}
    return Row(f"trial {number}", values | changed, **more)  # type: ignore[arg-type]


ROWS = [
    row(3, epoch=5, planned_epochs=5, value=0.575, objective=0.575, status=COMPLETED),
    row(
        4,
        epoch=1,
        planned_epochs=5,
        value=0.25,
        value_se=0.013,
        objective=0.25,
        status=PRUNED,
        rank=4,
        target_modules="pointwise",
    ),
    row(12, epoch=2, planned_epochs=5, value=0.5, objective=0.5, model_size="mini-600k"),
    row(13, learning_rate=1.2e-3),
]


def drawn(width: int, rows: list[Row] = ROWS) -> list[str]:
    written = StringIO()
    console = Console(file=written, width=width)
    console.print(live_table(rows, AXES, "val/accuracy", best=rows[0] if rows else None, width=width))
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_at_80_columns_a_trial_is_one_line() -> None:
    assert drawn(80) == [
        "* 3   5/5          0.575  completed  mini-200k pointwise+se r=16 lr=3.0e-03",
        "  4   1/5  0.250 ± 0.013  pruned     mini-200k pointwise r=4 lr=3.0e-03",
        "  12  2/5          0.500  running    mini-600k pointwise+se r=16 lr=3.0e-03",
        "  13    -              -  starting   mini-200k pointwise+se r=16 lr=1.2e-03",
    ]


def test_at_120_columns_what_matters_is_whole() -> None:
    lines = drawn(120)
    assert lines[0].split() == [
        "trial", "epoch", "val/accuracy", "state", "size", "modules", "rank", "lr"
    ]  # fmt: skip
    assert lines[1].split() == [
        "*", "trial", "3", "5/5", "0.575", "completed", "mini-200k", "pointwise+se", "16", "3.0e-03",
    ]  # fmt: skip
    assert all(len(line) <= 120 for line in lines)


@pytest.mark.parametrize("width", [60, 80, 99, 100, 110, 120, 200])
def test_number_epoch_value_and_state_are_never_cut(width: int) -> None:
    lines = [line.split() for line in drawn(width)]
    for own in ROWS:
        number = own.name.split()[1]
        (line,) = [words for words in lines if number in words[: 3 if "trial" in words else 2]]
        assert own.state in line
        assert ("-" if own.value is None else f"{own.value:.3f}") in line
        assert (f"{own.epoch}/5" if own.epoch else "-") in line


def test_names_of_stage_2_are_whole() -> None:
    rows = [Row(f"finalist 1, seed {seed}", {"rank": 16}, 1, 3, 0.5) for seed in (123, 456)]
    for width in (80, 120):
        text = "\n".join(drawn(width, rows))
        assert "finalist 1, seed 123" in text
        assert "finalist 1, seed 456" in text


def test_before_the_first_trial_something_is_said() -> None:
    assert drawn(80, []) == ["workers are starting"]


def test_numbers_are_short() -> None:
    assert [short(found) for found in (None, 3.2e-4, 0.0456, 0.0, 16, "attention")] == [
        "-", "3.2e-04", "0.0456", "0", "16", "attention"
    ]  # fmt: skip
