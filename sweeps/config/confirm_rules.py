"""Rules about what is confirmed, under which seeds, and when that is enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeps.config.axis import axes_of
from sweeps.config.scalar_types import Problems, nearest
from sweeps.config.spec import FinalistsSpec

Values = Mapping[str, Any]

DEFAULT_SEEDS: dict[str, tuple[int, ...]] = {"explore": (42,), "confirm": (123, 456, 789, 2024, 31337)}


def seeds_rule(values: Values, problems: Problems) -> None:
    given = {stage: problems.root.at(("seeds", stage)) for stage in DEFAULT_SEEDS}
    seeds = {stage: DEFAULT_SEEDS[stage] if node is None else node.plain() for stage, node in given.items()}
    if not all(isinstance(listed, list | tuple) for listed in seeds.values()):
        return  # not even lists, which is reported
    repeated = [str(seed) for seed in seeds["confirm"] if isinstance(seed, int) and seed in seeds["explore"]]
    if repeated:
        problems.add(
            ("seeds", "confirm"),
            f"{', '.join(repeated)} also explores: the seeds that confirm must be fresh, none out of seeds.explore",
        )


def finalists_rule(values: Values, problems: Problems) -> None:
    if problems.touch("finalists") or problems.touch("trials"):
        return
    finalists, trials, axes = finalists_of(values), values.get("trials", 1), axes_of(values)
    count = finalists.count
    if finalists.per is not None:
        if problems.touch("search", finalists.per):
            return
        axis = next((axis for axis in axes if axis.name == finalists.per), None)
        if axis is None or axis.kind != "choice" or axis.when:
            choices = [other.name for other in axes if other.kind == "choice" and not other.when]
            problems.add(
                ("finalists", "per"),
                f"{finalists.per} is no unconditional choice axis of search ({nearest(finalists.per, choices)})",
            )
            return
        count = len(axis.values)
    if count > trials:
        problems.add(("finalists",), f"{count} finalists out of {trials} trials: there must be at least as many trials")


def confirm_rule(values: Values, problems: Problems) -> None:
    looks, worth = values.get("confirm", {}).get("looks", ()), values.get("confirm", {}).get("worth")
    seeds = {**DEFAULT_SEEDS, **values.get("seeds", {})}["confirm"]
    if looks and not problems.touch("confirm", "looks") and not problems.touch("seeds", "confirm"):
        if list(looks) != sorted(looks):
            problems.add(("confirm", "looks"), f"must increase, got {', '.join(map(str, looks))}")
        elif looks[-1] >= len(seeds):
            problems.add(
                ("confirm", "looks"),
                f"a look at {looks[-1]} seeds, and seeds.confirm has {len(seeds)}: looks come before the end, which is "
                f"looked at in any case; name numbers from 2 to {len(seeds) - 1}, or more seeds",
            )
    metric = values.get("objective", {}).get("metric", "")
    if worth is not None and not problems.touch("confirm", "worth"):
        from analysis.predictions.metrics import range_of  # slow to load

        least, most = range_of(metric)
        if worth >= most - least:
            problems.add(
                ("confirm", "worth"),
                f"{metric} lies between {least:g} and {most:g}, so no difference can be {worth:g}: give it in the "
                "metric's own unit, 0.01 for one point of a share",
            )


def finalists_of(values: Values) -> FinalistsSpec:
    given = values.get("finalists", {})
    return FinalistsSpec(count=given) if isinstance(given, int) else FinalistsSpec(**given)
