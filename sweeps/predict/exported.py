"""A folder that sweeps.export wrote: its manifest `export.json`, and the model that it means.

The manifest names every file with its hash, the card (README.md) apart, which its owner may edit. Loads no torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sweeps.machine.profile import choose, probe
from sweeps.predict.loadable import Tuned
from trainables.config import TrialConfig
from trainables.errors import InputError

EXPORT, CARD, BASE = "export.json", "README.md", "base"
LAYOUT = 1  # of the manifest; a later one may be unreadable here
ADAPTER, MERGED, CTRANSLATE2, ONNX = "peft", "transformers", "ctranslate2", "onnx"  # what `--format` calls them
OWN_MERGED = "safetensors"  # a merged network that transformers does not have
READ_BYTES = 1 << 20
SHOWN = 3


def is_export(folder: Path) -> bool:
    try:
        return (folder.expanduser() / EXPORT).is_file()
    except (OSError, RuntimeError, ValueError):
        return False


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the export says of itself. Raises InputError: no manifest, one of a later version, files that changed."""
    path = folder.expanduser() / EXPORT
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        layout, files = int(found["layout"]), dict(found["files"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise InputError(f"SWEEP: {path} is no manifest of sweeps.export; export the sweep again.") from None
    if layout > LAYOUT:
        raise InputError(f"SWEEP: {path} has the layout {layout}, and this version reads up to {LAYOUT}: update it.")
    if changed := _changed(path.parent, files):
        more = ", ..." if len(changed) > SHOWN else ""
        raise InputError(
            f"SWEEP: {len(changed)} files of {folder} have changed since they were exported: "
            f"{', '.join(changed[:SHOWN])}{more}. Export the sweep again; what it answers now was never checked."
        )
    return dict(found)


def read_export(folder: Path, *, arm: str | None, seed: int | None, ensemble: bool) -> Tuned:
    """The model in the folder; `arm` and `seed` have to be its own. Raises InputError."""
    found = read_manifest(folder)
    folder = folder.expanduser()
    kind, seeds = str(found["format"]), [int(number) for number in found["seeds"]]
    if kind in (CTRANSLATE2, ONNX):
        raise InputError(
            f"SWEEP: {folder} is an export for {kind}, which runs there (its {CARD} shows how). Export with --format "
            "peft or --merge for sweeps.predict."
        )
    _check_words(found, arm, seed, seeds, ensemble=ensemble)
    config = TrialConfig.from_dict(found["config"])
    merged = kind in (MERGED, OWN_MERGED)
    miniature = bool(found["base"]["miniature"])
    profile = choose("auto", probe(), miniature=miniature)
    chosen = [] if merged else seeds if ensemble else [seed] if seed is not None else seeds[:1]
    many = len(seeds) > 1
    return Tuned(
        sweep_id=str(found["sweep"]),
        arm=str(found["arm"]),
        task_kind=str(found["task"]["kind"]),
        task_options={name: _tuple(value) for name, value in found["task"].items() if name != "kind"},
        config=config,
        precision=str(found["precision"]) if profile.device == "cpu" else profile.precision,
        profile=profile,
        miniature=miniature,
        adapters={number: folder / f"seed-{number}" if many else folder for number in chosen if number is not None},
        revisions={found["base"]["checkpoint"]: rev} if (rev := found["base"].get("revision")) else {},
        base=folder if merged else folder / BASE if (folder / BASE).is_dir() else None,
        merged=merged,
        merged_seeds=tuple(seeds) if merged else (),
        window_seconds=float(found["window_seconds"]),
        origin=str(folder),
    )


def hashes(folder: Path, leave_out: Iterable[str] = (EXPORT, CARD)) -> dict[str, dict[str, Any]]:
    """Every file below a folder: name -> `sha256` and `bytes`."""
    left_out = set(leave_out)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {
        name: {"sha256": sha256(folder / name), "bytes": (folder / name).stat().st_size}
        for name in names
        if name not in left_out
    }


def sha256(path: Path) -> str:
    """64 hex digits."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            found.update(part)
    return found.hexdigest()


def _changed(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        name
        for name, known in sorted(files.items())
        if not (folder / name).is_file()
        or (folder / name).stat().st_size != known["bytes"]
        or sha256(folder / name) != known["sha256"]
    ]


def _check_words(
    found: Mapping[str, Any], arm: str | None, seed: int | None, seeds: list[int], *, ensemble: bool
) -> None:
    own = str(found["arm"])
    if arm is not None and arm.replace("-", " ").strip().lower() != own.lower():
        raise InputError(f"--arm: the exported folder holds {own.replace(' ', '-')} alone; leave --arm out.")
    if seed is not None and ensemble:
        raise InputError("--seed and --ensemble: one of the two, a single model or all seeds together.")
    if seed is not None and seed not in seeds:
        raise InputError(f"--seed: the exported folder has no seed {seed}; it has {', '.join(map(str, seeds))}.")
    if ensemble and len(seeds) < 2:
        raise InputError("--ensemble: the exported folder holds one seed; export with --ensemble to have several.")


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
