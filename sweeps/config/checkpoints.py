"""Folders of checkpoints, wherever a sweep names one as a `model_size`: as absolute paths, which every worker finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sweeps.config.axis import Axis
from sweeps.config.miniature import SIZE
from sweeps.config.spec import SweepSpec
from trainables.modeling.checkpoints import from_folder


def with_folders(spec: SweepSpec) -> SweepSpec:
    """The spec with relative paths made absolute: they begin at the sweep file's folder, else at the current one."""
    whole = partial(from_folder, base_folder=Path(spec.base_folder))

    def point(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: whole(value) if name == SIZE else value for name, value in values.items()}

    def several(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(map(whole, values)))

    def axis(found: Axis) -> Axis:
        when = {name: several(values) if name == SIZE else values for name, values in found.when.items()}
        return replace(found, values=several(found.values) if found.name == SIZE else found.values, when=when)

    return replace(
        spec,
        axes=tuple(map(axis, spec.axes)),
        fixed=point(spec.fixed),
        baseline=point(spec.baseline),
        warm_start=tuple(map(point, spec.warm_start)),
    )
