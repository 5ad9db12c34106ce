"""The settings that `benchmarks.false_winners` simulates, family by family."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from benchmarks.simulation.settings import Setting
from benchmarks.simulation.worlds import World

SEEDS = (1, 2, 3, 5, 10)
CLIPS = (32, 200, 2000)
SEED_SPREADS = (0.0, 0.5, 1.0)
ACCURACIES = (0.6, 0.8, 0.95)
WITHIN_GROUP = (0.0, 0.3)
GROUP_CLIPS = 4  # where clips come in groups
TRIALS = (8, 24, 64)
DIFFERENCES = (0.02, 0.05, 0.1)
NULLS = ("equal", "tied")
UNEVEN = ("steady", "restless")  # baselines whose seed effects are not like the others'
COLLAPSING = ("finalist collapses", "baseline collapses")

FAMILIES = {
    "search": "a whole sweep: search, choice of finalists, confirm runs",
    "groups": "6 to 50 equal test groups",
    "unequal": "test groups of unequal size: one has half of all clips, or sizes go as 1 / rank",
    "ceiling": "accuracies from 0.97 to 0.99",
    "tails": "difficulty and taste of Student's t with two degrees of freedom",
    "collapse": "runs that fall to chance",
    "wer": "word error rate; some answers run on",
    "macro_f1": "macro F1 with rare classes",
    "counts": "counts of right answers alone",
    "resampling": "bootstraps and permutation",
    "correlation": "correlations with a target",
}


def grid(*, quick: bool = False) -> Iterator[Setting]:
    """Every family's settings; `quick`: a few of each."""
    for family in (search, groups, unequal, ceiling, tails, collapse, words, classes, counts, resampling, correlation):
        settings = list(family())
        yield from settings[:: max(1, len(settings) // 6)] if quick else settings


def search() -> Iterator[Setting]:
    """Both nulls at every combination of the factors, and true differences; besides, equal configurations of which
    the baseline alone has no spread over seeds, or alone has one. On the most clips, and where there is a difference,
    clips in groups and clips on their own stand in turn.

    The number of trials is in turn too, balanced against every other factor.
    """
    levels = product(enumerate(CLIPS), enumerate(SEED_SPREADS), enumerate(ACCURACIES), enumerate(WITHIN_GROUP))
    for (i, clips), (j, spread), (k, accuracy), (m, within) in levels:
        world = World(clips, GROUP_CLIPS if within else 1, within, spread)
        trials = TRIALS[(i + j + k + m) % len(TRIALS)]
        its_turn = (i + j + k) % 2 == m
        if its_turn or clips < CLIPS[-1]:
            for landscape in NULLS:
                yield Setting("search", world, accuracy, landscape, trials=trials)
        if spread and not within:
            for landscape in UNEVEN:
                yield Setting("search", world, accuracy, landscape, trials=trials)
        if its_turn:
            for difference in DIFFERENCES:
                yield Setting("search", world, accuracy, "better", difference, trials)


def groups() -> Iterator[Setting]:
    for count, size, within, spread in product((6, 9, 12, 16, 20, 21, 25, 31, 50), (5, 20), (0.3, 0.9), (0.0, 0.5)):
        world = World(count * size, size, within, spread)
        yield Setting("groups", world, 0.8)
        if size == 20:
            yield Setting("groups", world, 0.85, "better", 0.1)
    for count, accuracy, spread in product((9, 16, 21, 31), (0.8, 0.95), (0.0, 0.5)):
        yield Setting("groups", World(count, 1, 0.0, spread), accuracy)


def unequal() -> Iterator[Setting]:
    for shape, count, within, spread in product(("half", "zipf"), (9, 16, 30, 60), (0.1, 0.5, 0.9), (0.0, 0.5)):
        world = World(8 * count, 8, within, spread, shape=shape)
        yield Setting("unequal", world, 0.8)
        if within == 0.5:
            yield Setting("unequal", world, 0.85, "better", 0.1)


def ceiling() -> Iterator[Setting]:
    for clips, spread, within in product((100, 300, 1000), (0.0, 0.5, 1.0), (0.0, 0.3)):
        world = World(clips, 5 if within else 1, within, spread)
        for accuracy in (0.97, 0.99):
            yield Setting("ceiling", world, accuracy)
        for accuracy, difference in ((0.99, 0.03), (0.99, 0.09), (0.97, 0.07)):
            if not within:
                yield Setting("ceiling", world, accuracy, "better", difference)


def tails() -> Iterator[Setting]:
    for clips, spread, accuracy, within in product((32, 200, 1000), (0.0, 0.5), (0.6, 0.8, 0.95), (0.0, 0.5)):
        world = World(clips, 4 if within else 1, within, spread, tails="t2")
        yield Setting("tails", world, accuracy)
        if accuracy == 0.8:
            yield Setting("tails", world, accuracy, "better", 0.1)


def collapse() -> Iterator[Setting]:
    for clips, spread, q, who in product((200, 1000), (0.0, 0.5), (0.05, 0.1, 0.2), ("equal", *COLLAPSING)):
        yield Setting("collapse", World(clips, 1, 0.0, spread), 0.85, who, collapse=q)


def words() -> Iterator[Setting]:
    shapes = ((60, 1, 0.0), (300, 1, 0.0), (1000, 1, 0.0), (300, 15, 0.3), (200, 25, 0.3))
    for (clips, size, within), spread, detail in product(shapes, (0.0, 1.0), ("", "runaway")):
        world = World(clips, size, within, spread)
        yield Setting("wer", world, 0.15, metric="wer", detail=detail)
        yield Setting("wer", world, 0.15, "better", 0.05, metric="wer", detail=detail)


def classes() -> Iterator[Setting]:
    for (clips, size, within), spread in product(((200, 1, 0.0), (400, 4, 0.3)), (0.0, 0.5)):
        for accuracy in (0.7, 0.9):
            world = World(clips, size, within, spread)
            yield Setting("macro_f1", world, accuracy, metric="macro_f1")
            yield Setting("macro_f1", world, accuracy, "better", 0.1, metric="macro_f1")


def counts() -> Iterator[Setting]:
    for clips, spread, accuracy in product((32, 200), (0.0, 0.5, 1.0), (0.8, 0.95)):
        yield Setting("counts", World(clips, 1, 0.0, spread), accuracy)


def resampling() -> Iterator[Setting]:
    for clips, spread in product((64, 200, 1000), (0.0, 0.5, 1.0)):
        yield Setting("resampling", World(clips, 1, 0.0, spread), 0.8)


def correlation() -> Iterator[Setting]:
    """Levels are correlations with the target, the clips examples, `within_group` what both models' errors share."""
    for clips, shared, tail in product((20, 50, 200), (0.0, 0.7), ("normal", "t2")):
        world = World(clips, 1, shared, 0.0, tails=tail)
        yield Setting("correlation", world, 0.6)
        yield Setting("correlation", world, 0.9, "better", 0.2)
