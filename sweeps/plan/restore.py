"""A sweep that goes on: what it was begun with, and whether it can go on here."""

from __future__ import annotations

from dataclasses import replace

from sweeps.plan.prepare import Prepared, prepare_recorded
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
    )


def taken_up(prepared: Prepared, workspace: Workspace, extension: Extension | None) -> Prepared:
    """What the sweep in this folder was begun with or is extended to, on this machine. Raises InputError where it
    cannot go on here."""
    before, state = Manifest.read(workspace), state_of(workspace)
    changed = changes(state.source_text, prepared.spec.source_text)
    if changed and (extension is None or any(key.startswith("search.") for key in changed)):
        # what may change (see resume.MAY_CHANGE) comes from the command, all else from the sweep
        recorded = prepare_recorded(state.source_text, before.base_folder, like=prepared.spec)
        if extension is None:
            prepared = recorded
        else:
            check_meaning(workspace, recorded.spec, prepared.spec)
    seeds = state.confirm_seeds if extension is None else extension.confirm_seeds
    if seeds is not None:
        prepared = replace(prepared, spec=replace(prepared.spec, confirm_seeds=seeds))
    now = manifest_of(prepared)
    if now.data_fingerprint != before.data_fingerprint:
        raise InputError(
            f"data.source: the clips, labels or splits of {prepared.spec.data.source!r} are not those that "
            f"{workspace.sweep_id} was begun with; bring them back, or start a new sweep with --new."
        )
    if now.device == before.device == "cpu" and prepared.spec.precision == "auto":
        # a CPU computes in either, and what is faster may have been measured since
        prepared = replace(prepared, profile=replace(prepared.profile, precision=before.precision))
        now = replace(now, precision=before.precision)
    if (now.miniature, now.precision) != (before.miniature, before.precision):
        raise InputError(
            f"{workspace.sweep_id} was begun {_weights_in_words(before)} and would go on {_weights_in_words(now)}, so "
            "its runs could not be compared: go on where it was begun, or start a new sweep with --new."
        )
    return prepared


def _weights_in_words(manifest: Manifest) -> str:
    return f"on {'the miniature' if manifest.miniature else 'published weights'} in {manifest.precision}"
