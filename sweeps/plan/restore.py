"""A sweep that goes on: what it was begun with, and whether it can go on here."""

from __future__ import annotations

from dataclasses import replace

from sweeps.plan.left_out import left_out_rows
from sweeps.plan.prepare import Prepared
from sweeps.plan.settle import Settled, settle_recorded
from sweeps.state.extend import Extension, check_meaning
from sweeps.state.manifest import Manifest, state_of
from sweeps.state.resume import changes
from sweeps.state.workspace import Workspace
from trainables.errors import InputError


def manifest_of(prepared: Prepared) -> Manifest:
    from sweeps.machine.provenance import changing_facts

    spec = prepared.spec
    return Manifest(
        name=spec.name,
        source_text=spec.source_text,
        base_folder=spec.base_folder,
        data_fingerprint=prepared.data_fingerprint,
        miniature=prepared.weights.miniature,
        device=prepared.profile.device,
        precision=prepared.profile.precision,
        versions=changing_facts(),
        left_out=len(left_out_rows(prepared)),
    )


def settle_again(settled: Settled, workspace: Workspace, extension: Extension | None) -> Settled:
    """What the sweep in this folder was begun with or is extended to, on this machine; no data are read for it.

    `settled` is what the command means: what may change (see FROM_THE_COMMAND) comes from there, all else from the
    sweep. Raises InputError where its weights or precision cannot be had here, so that its runs could not be compared.
    """
    before, state = Manifest.read(workspace), state_of(workspace)
    changed = changes(state.source_text, settled.spec.source_text)
    if changed and (extension is None or any(key.startswith("search.") for key in changed)):
        recorded = settle_recorded(state.source_text, before.base_folder, like=settled.spec)
        if extension is None:
            settled = recorded
        else:
            check_meaning(workspace, recorded.spec, settled.spec)
    seeds = state.confirm_seeds if extension is None else extension.confirm_seeds
    if seeds is not None:
        settled = replace(settled, spec=replace(settled.spec, confirm_seeds=seeds))
    if settled.profile.device == before.device == "cpu" and settled.spec.precision == "auto":
        # a CPU computes in either, and what is faster may have been measured since
        settled = replace(settled, profile=replace(settled.profile, precision=before.precision))
    miniature, precision = settled.weights.miniature, settled.profile.precision
    if (miniature, precision) != (before.miniature, before.precision):
        raise InputError(
            f"{workspace.sweep_id} was begun {_in_words(before.miniature, before.precision)} and would go on "
            f"{_in_words(miniature, precision)}, so its runs could not be compared: go on where it was begun, or start "
            "a new sweep with --new."
        )
    return settled


def check_same_data(prepared: Prepared, workspace: Workspace) -> None:
    """Raises InputError where clips, targets or splits are not those that the sweep was begun with, or where another
    number of clips is left out (of a sweep whose manifest does not say how many, nothing is known)."""
    before, source = Manifest.read(workspace), prepared.spec.data.source
    if prepared.data_fingerprint != before.data_fingerprint:
        raise InputError(
            f"data.source: the clips, labels or splits of {source!r} are not those that "
            f"{workspace.sweep_id} was begun with; bring them back, or start a new sweep with --new."
        )
    left_out = len(left_out_rows(prepared))
    if before.left_out not in (None, left_out):
        raise InputError(
            f"data.source: {left_out} clips of {source!r} are left out now, and {before.left_out} were when "
            f"{workspace.sweep_id} was begun; bring the data back, or start a new sweep with --new."
        )


def _in_words(miniature: bool, precision: str) -> str:
    return f"on {'the miniature' if miniature else 'published weights'} in {precision}"
