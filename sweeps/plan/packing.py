"""How many trials of stage 1 one worker trains at a time, so that their lanes share batches. Loads no torch."""

from __future__ import annotations

from sweeps.config.spec import SweepSpec
from sweeps.machine.memory import clip_bytes
from sweeps.machine.profile import Profile
from sweeps.plan.prepare import Prepared
from trainables.packing.compatibility import AUTO_LANES, may_pay
from trainables.sizes import size_of

GENERATIONS = 4  # auto: a search that proposes everything at once learns nothing from what it has seen


def half_of_worker_bytes(prepared: Prepared) -> int:
    """What a worker has for warm backbones, and as much for the clips of a batch."""
    free_bytes, limit_gb = prepared.profile.facts.free_bytes, prepared.spec.memory_gb
    room_bytes = free_bytes if limit_gb is None else min(free_bytes, int(limit_gb * 1e9))
    return room_bytes // max(1, 2 * prepared.profile.concurrency)


def largest_params(prepared: Prepared) -> int:
    """Of the sizes of all backbones that the sweep may use."""
    return max(
        size_of(backbone, size).total_params
        for name, backbone in prepared.backbones.items()
        for size in prepared.spec.sizes_of(name)
    )


def trials_per_worker(prepared: Prepared) -> int:
    """At least 1."""
    spec, profile = prepared.spec, prepared.profile
    lanes = len(spec.explore_seeds) * (spec.data.inner_folds or 1)
    clips = half_of_worker_bytes(prepared) // clip_bytes(largest_params(prepared), profile.precision)
    wanted = wanted_trials(spec, profile, spec.quantizations, lanes)
    return max(1, min(wanted, clips // (spec.train.batch_size * lanes)))


def wanted_trials(spec: SweepSpec, profile: Profile, quantizations: list[str], lanes: int) -> int:
    """What the file says, or for `auto` what may pay, where memory is no limit; a trial has so many `lanes`."""
    if spec.packing == "off" or profile.precision == "fp16":
        return 1
    if spec.packing != "auto":
        return min(int(spec.packing) // lanes, spec.trials)
    pays = any(
        may_pay(profile.device, quantization, profile.precision, spec.train.batch_size)
        for quantization in quantizations
    )
    return min(AUTO_LANES // lanes, spec.trials // (GENERATIONS * profile.concurrency)) if pays else 1


def trials_at_once(prepared: Prepared) -> int:
    return prepared.profile.concurrency * trials_per_worker(prepared)
