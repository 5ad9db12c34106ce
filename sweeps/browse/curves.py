"""Learning curves as SVG: a line for each trial, told apart by strength and dashes first and by colour second."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from sweeps.browse.scale import rounded
from sweeps.browse.svg import Shown, linked_path, path, picture, rule, text
from sweeps.browse.trials import number, objective, state, value_text
from sweeps.state.progress import COMPLETED, TrialProgress

WIDTH, HEIGHT = 760, 320
LEFT, RIGHT, TOP, BOTTOM = 58, 96, 12, 40
MOST_LABELS, LABEL_HEIGHT, LETTER_WIDTH, MOST_LETTERS = 8, 14, 7.2, 32


def learning_curves(shown: Shown) -> Markup | None:
    """None before the first result."""
    trials = [trial for trial in shown.chosen.all if trial.results]
    if not trials:
        return None
    last_epoch = max(max(trial.last["epoch"], trial.last.get("planned_epochs") or 1) for trial in trials)
    values = rounded(result["value"] for trial in trials for result in trial.results)
    few = len(trials) <= MOST_LABELS
    labelled = {
        trial.name: _words(trial, shown)
        for trial in shown.chosen.single
        if trial is shown.best or not trial.over or few
    }
    longest = max(map(len, labelled.values()), default=0)
    end = WIDTH - max(RIGHT, round(LETTER_WIDTH * longest) + 12)  # where the lines end and their labels begin
    per_epoch = (end - LEFT) / (max(last_epoch, 2) - 1)
    floor, room = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM

    def points(trial: TrialProgress) -> list[tuple[float, float]]:
        places = ((result["epoch"], values.place(result["value"])) for result in trial.results)
        return [(LEFT + (epoch - 1) * per_epoch, floor - place * room) for epoch, place in places if place is not None]

    def steps(trial: TrialProgress) -> str:
        known = [f"{x:.0f},{y:.0f}" for x, y in points(trial)]
        return f"M{known[0]}h0" if len(known) == 1 else f"M{'L'.join(known)}" if known else ""

    parts: list[str] = []
    for place, words in values.ticks():
        height = floor - place * room
        parts += [rule(LEFT, height, end, height), text(LEFT - 8, height + 4, "tick end", words)]
    for epoch in range(1, last_epoch + 1, max(1, round(last_epoch / 8))):
        parts.append(text(LEFT + (epoch - 1) * per_epoch, floor + 18, "tick middle", epoch))
    parts.append(text((LEFT + end) / 2, HEIGHT - 4, "title middle", "epoch"))
    if faint := "".join(map(steps, shown.chosen.rest)):
        parts.append(path("line pruned", faint))
    labels: list[tuple[float, float, str, str]] = []
    best = shown.best
    order = sorted(shown.chosen.single, key=lambda trial: (trial is best, not trial.over, trial.status == COMPLETED))
    for trial in order:
        line = steps(trial)
        if not line:
            continue
        kind = "best" if trial is best else state(trial)
        title = f"{shown.name(trial)}: {shown.metric} {value_text(trial)}, {state(trial)}"
        dot = " single" if line.endswith("h0") else ""  # one epoch: a line of no length, with round ends
        parts.append(linked_path(shown.href(trial), f"line {kind}{dot}", line, title))
        if trial.name in labelled:
            x, y = points(trial)[-1]
            labels.append((y, x, labelled[trial.name], kind))
    parts += _labels(labels[-MOST_LABELS:])
    about = f"Learning curves, {len(trials)} of them: {shown.metric} by epoch."
    if best is not None and objective(best) is not None:
        about += f" The best so far is {shown.name(best)} with {value_text(best)}."
    return picture(parts, about, WIDTH, HEIGHT)


def _words(trial: TrialProgress, shown: Shown) -> str:
    """`3 best` of a search; a run of stage 2 by its arm and seed, `wav2vec2, seed 123`."""
    words = shown.name(trial) if "arm" in trial.given else number(trial)
    words = words if len(words) <= MOST_LETTERS else f"{words[: MOST_LETTERS - 1]}\u2026"
    return f"{words} best" if trial is shown.best else words


def _labels(labels: Sequence[tuple[float, float, str, str]]) -> list[str]:
    """At the lines' ends, moved apart where they would stand on one another."""
    placed: list[str] = []
    free = float("-inf")
    ordered = sorted(labels)
    over = len(ordered) * LABEL_HEIGHT
    for position, (height, right, words, kind) in enumerate(ordered):
        lowest = HEIGHT - BOTTOM - (len(ordered) - 1 - position) * LABEL_HEIGHT
        at = min(max(height, free), max(lowest, TOP + over - LABEL_HEIGHT))
        free = at + LABEL_HEIGHT
        placed.append(text(right + 7, at + 4, f"label {kind}", words))
    return placed
