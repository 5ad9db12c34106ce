"""A sweep file on this machine: which weights, which device, how many trials at once. No data are read for it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.config.load import Variants, load_variants, parse_variants
from sweeps.config.miniature import stand_in
from sweeps.config.spec import SweepSpec
from sweeps.machine.memory import needed_bytes
from sweeps.machine.profile import GIB, Profile, choose, probe
from sweeps.machine.weights import Decision, lacking, needs_miniature
from trainables import registry
from trainables.config import WHOLE
from trainables.conversion.folder import unpack
from trainables.errors import InputError
from trainables.miniature.makers import recipe_for
from trainables.modeling.checkpoints import names_checkpoint
from trainables.outline import outline
from trainables.sizes import is_size, size_of

if TYPE_CHECKING:
    from trainables.contract import Backbone, Size

MINIATURE_TRIAL_BYTES = 2 * GIB  # a process with torch and its CUDA context; the miniature itself is nothing beside it
RECIPE_VARIABLE, FULL_RECIPE = "AUDIO_SWEEPS_MINIATURE", "full"  # the variable may say `test`: a short one, for tests
# What a sweep that goes on takes from the command: where it writes, how much it may take, who hears, and the hardware
FROM_THE_COMMAND = ("results", "disk_gb", "memory_gb", "hours", "profile", "notify")


@dataclass(frozen=True)
class Settled:
    """Everything about a sweep that is decided before its data are read."""

    spec: SweepSpec  # on the miniature with its sizes
    profile: Profile
    weights: Decision  # miniature or published weights, and why
    backbones: Mapping[str, Backbone]  # every one that the sweep may use, by name
    miniature_recipe: str | None = None  # by which the miniature is trained; None: published weights


def settle(path: str | Path, overrides: Sequence[str], *, planning: bool) -> Settled:
    """The sweep of this file. Raises InputError with every problem of the file, or what this machine lacks for it."""
    return _settle(load_variants(path, overrides), planning=planning)


def settle_recorded(
    source_text: str,
    base_folder: str,
    *,
    like: SweepSpec,
    miniature: bool | None = None,
    recipe: str | None = None,
) -> Settled:
    """The sweep that was begun with this text; where it writes, how much it may take and the profile are those of
    `like`. `miniature`: which weights it had, `recipe`: how its miniature was trained; None leaves it to this machine.

    Raises InputError where the published weights that it had cannot be had here.
    """
    variants = parse_variants(source_text, base_folder=base_folder, recorded=True)
    taken = {name: getattr(like, name) for name in FROM_THE_COMMAND}
    variants = Variants(replace(variants.published, **taken), replace(variants.miniature, **taken))
    return _settle(variants, planning=False, miniature=miniature, recipe=recipe)


def _settle(variants: Variants, *, planning: bool, miniature: bool | None = None, recipe: str | None = None) -> Settled:
    spec = variants.published
    backbones = {name: outline(name) for name in spec.backbones}
    facts = probe()
    first_profile = choose(spec.profile, facts, planning=planning, precision=spec.precision)
    weights = decide_weights(spec, backbones, first_profile, planning=planning)
    if miniature:
        weights = Decision(True, "as it was")
    elif miniature is False and weights.miniature:
        raise InputError(f"the published weights that this was trained with cannot be had here: {weights.reason}.")
    if weights.miniature:
        spec = stand_in(
            variants.miniature,
            {name: tuple(backbone.MINIATURE_SIZES) for name, backbone in backbones.items()},
            {name: tuple(backbone.SIZES) for name, backbone in backbones.items()},
        )
    profile = choose(
        spec.profile,
        facts,
        planning=planning,
        trial_bytes=MINIATURE_TRIAL_BYTES if weights.miniature else largest_trial_bytes(spec, backbones),
        miniature=weights.miniature,
        memory_limit_bytes=None if spec.memory_gb is None else int(spec.memory_gb * 1e9),
        precision=spec.precision,
    )
    texts = registry.task_class(spec.task_kind).column == "text"
    recipe = recipe_for(recipe or os.environ.get(RECIPE_VARIABLE, FULL_RECIPE), backbones, texts=texts)
    return Settled(spec, profile, weights, backbones, recipe if weights.miniature else None)


def decide_weights(spec: SweepSpec, backbones: Mapping[str, Backbone], profile: Profile, *, planning: bool) -> Decision:
    """Published weights where the device holds one of the sweep's sizes and they can be had, else the miniature; of
    several backbones all or none, for real ones and miniatures cannot be compared."""
    known: dict[str, dict[str, Size]] = {}
    problems: list[str] = []
    for name, backbone in backbones.items():
        try:
            known[name] = known_sizes(spec, name, backbone)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    decisions = [
        needs_miniature(
            known[name],
            tuple(spec.quantizations),
            profile.precision,
            profile.facts,
            batch_size=spec.train.batch_size,
            # a plan needs no weights, so nobody asks for them where it plans for another machine
            lacks=(lambda size: None) if planning and profile.facts.assumed else partial(lacking, backbone=backbone),
        )
        for name, backbone in backbones.items()
    ]
    reasons = [decision.reason for decision in decisions if decision.miniature] or [d.reason for d in decisions]
    small = any(decision.miniature for decision in decisions)
    named = [size for sizes in known.values() for size in sizes if names_checkpoint(size)]
    if small and named:
        raise InputError(
            f"search.model_size: no miniature can stand in for {', '.join(named)}, and {'; '.join(reasons)}. Take only "
            "what can be trained here, or name published sizes alone for a rehearsal on miniatures."
        )
    found = [problem for decision in decisions for problem in decision.problems]
    return Decision(small, "; ".join(dict.fromkeys(reasons)), tuple(dict.fromkeys(found)))


def known_sizes(spec: SweepSpec, name: str, backbone: Backbone) -> dict[str, Size]:
    """The published sizes and checkpoints of a backbone that the sweep names; all published ones where it names none.
    Raises InputError: a checkpoint's configuration cannot be had or used, or none is named where there are no sizes."""
    named: dict[str, Size] = {}
    problems: list[str] = []
    asked = spec.sizes_of(name)
    for size in asked:
        if not is_size(backbone, size) and not names_checkpoint(size) and any(map(names_checkpoint, asked)):
            problems.append(f"search.model_size: {name} has no size {size}; it is no checkpoint either.")
        elif size in backbone.SIZES or (names_checkpoint(size) and not is_size(backbone, size)):
            try:
                unpack(size)
                named[size] = size_of(backbone, size)
            except InputError as error:
                problems += error.problems
    if not named and not problems and not backbone.SIZES:
        problems.append(
            f"search.model_size: {name} has no sizes of its own; name a checkpoint: a folder (./mine) or one of the "
            "hub (owner/name)."
        )
    if problems:
        raise InputError(problems)
    return named or dict(backbone.SIZES)


def largest_trial_bytes(spec: SweepSpec, backbones: Mapping[str, Backbone]) -> int:
    """What the most demanding trial needs on its device, an adapter taken as 1 % of the model."""
    parts = 1 if WHOLE in spec.adapters else 100
    return max(
        needed_bytes(
            size.total_params,
            quantization,
            "bf16",
            trainable_params=size.total_params // parts,
            batch_size=spec.train.batch_size,
        )
        for name, backbone in backbones.items()
        for size in known_sizes(spec, name, backbone).values()
        for quantization in spec.quantizations
    )
