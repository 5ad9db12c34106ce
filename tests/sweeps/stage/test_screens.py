"""A run as a terminal shows it, at three sizes, as text: the head and the live table of a search and of stage 2.

`python -m tests.sweeps.stage.test_screens` writes the frames again; look at them before they are kept. Frames of a real
terminal (tmux) were compared with these by eye.
"""

from __future__ import annotations

import time
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from sweeps.plan.head import print_head
from sweeps.stage.live_table import Row
from sweeps.stage.view import StageView
from sweeps.state.progress import COMPLETED, PRUNED
from trainables.data.understood import Understood

GOLDEN = Path(__file__).parents[2] / "golden" / "screens"
SIZES = [(80, 24), (120, 40), (200, 60)]
AXES = ["backbone", "model_size", "target_modules", "rank", "alpha_ratio", "learning_rate", "lora_dropout"]
MOST_HEAD_LINES = 6  # with the dashboard's


def plan() -> Any:
    """As of a sweep of three backbones over clips in class folders."""
    splits = [
        SimpleNamespace(split=split, label="x", examples=clips, groups=clips)
        for split, clips in (("train", 200), ("validation", 80), ("test", 120))
    ]
    return SimpleNamespace(
        name="audio_backbones",
        objective="val/accuracy (max)",
        task="classification",
        backbone="ast, efficientat, wav2vec2",
        profile="cpu (x86_64, 24 GiB), fp32, 2 trials at once, 1 thread each",
        miniature=True,
        weights_reason="the weights of MIT/ast-finetuned-audioset-10-10-0.4593 are neither in the local cache nor can "
        "the hub be reached",
        splits=splits,
        groups={"train": 200, "validation": 80, "test": 120},
        source="/data/my sounds",
        understood=Understood(columns_unread={"take": 400}, rows_left_out=3, guesses=("a", "b")),
        stages=SimpleNamespace(
            trials=6, explore_seeds=(42,), inner_folds=1, outer_folds=1, epochs=5, finalists=3, confirm_seeds=(1, 2),
            looks=(2,), most_epochs=70,
        ),
        warnings=("6 trials for 3 values of backbone are 2 each: the best of so few is mostly luck.", "Two seeds."),
        advice=(),
    )  # fmt: skip


def trials() -> list[Row]:
    common = {"alpha_ratio": 2, "learning_rate": 3.2e-4, "lora_dropout": 0.0456}
    ast = {"backbone": "ast", "model_size": "mini-900k", "target_modules": "attention+mlp", "rank": 4, **common}
    efficientat = {**ast, "backbone": "efficientat", "model_size": "mini-200k", "target_modules": "pointwise+se"}
    wav2vec2 = {**ast, "backbone": "wav2vec2", "model_size": "mini-300k", "target_modules": "qv", "rank": 32}
    return [
        Row("trial 0", ast, 5, 5, 0.125, None, 0.125, COMPLETED),
        Row("trial 1", efficientat, 5, 5, 0.575, None, 0.575, COMPLETED),
        Row("trial 2", wav2vec2, 1, 5, 0.2, 0.013, 0.2, PRUNED),
        Row("trial 3", {**ast, "learning_rate": 1.1e-3}, 2, 5, 0.25, None, 0.25),
        Row("trial 10", {**efficientat, "rank": 16}),
    ]


def runs() -> list[Row]:
    return [
        Row(f"{arm}, seed {seed}", {**row.values}, 5, 5, row.value, None, row.value, COMPLETED)
        for arm, row in zip(("finalist 1", "finalist 2", "baseline"), trials()[:3], strict=True)
        for seed in (123, 31337)
    ]


def screen(width: int, height: int) -> str:
    written = StringIO()
    console = Console(file=written, width=width, height=height, force_terminal=True, color_system=None)
    print_head(console, plan(), "results/audio_backbones-20261130-075046-2813/plan.txt")
    for title, rows, ranked in (("Explore: 6 trials", trials(), True), ("Confirm: 6 runs", runs(), False)):
        view = StageView(console, title, "val/accuracy", "max", 6, AXES, ranked=ranked)
        view.rows = {row.name: row for row in rows}
        view._since = time.monotonic() - 93.0
        console.print(title)
        console.print(view.render())
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()) + "\n"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_screen_is_as_it_was_looked_at(width: int, height: int) -> None:
    shown = screen(width, height)
    assert shown == (GOLDEN / f"{width}x{height}.txt").read_text(encoding="utf-8")
    # whoever types `control SWEEP stop 10` reads the number here, at every width
    assert all(part in shown for part in ("10", "0.575", "5/5", "0.125", "pruned", "starting"))
    head, _, table = shown.partition("Explore: 6 trials")
    assert len(head.splitlines()) <= MOST_HEAD_LINES - 1
    # the plan's path is not cut; everything else keeps to the terminal
    assert all(len(line) <= width for line in shown.splitlines())
    assert len(table.splitlines()) <= height


def write() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        (GOLDEN / f"{width}x{height}.txt").write_text(screen(width, height), encoding="utf-8")


if __name__ == "__main__":
    write()
