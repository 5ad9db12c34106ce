"""Checkpoints by name: a file or folder here, one put into the folder for them, or one on the hub. Loads no torch.

Some authors publish their weights outside the hub. Such a file is downloaded by hand, keeps its name, and goes into
AUDIO_SWEEPS_CACHE/checkpoints (~/.cache/audio-sweeps/checkpoints).
"""

from __future__ import annotations

import re
from pathlib import Path

from trainables.cache import cache_folder
from trainables.errors import InputError

COMMIT = re.compile(r"[0-9a-f]{40}")
SUFFIXES = (".pt", ".pth", ".bin", ".safetensors")
CONFIG, WEIGHTS = "config.json", "model.safetensors"  # of a folder, local or on the hub


def checkpoints_folder() -> Path:
    """Where files that no hub has are looked for."""
    return cache_folder() / "checkpoints"


def is_file_name(checkpoint: str) -> bool:
    """Whether `checkpoint` names a file: no hub can be asked for it."""
    return checkpoint.endswith(SUFFIXES)


def split_revision(checkpoint: str) -> tuple[str, str | None]:
    """`owner/name@COMMIT`, as a sweep pins it, into its two parts; any other name stays whole."""
    name, _, commit = checkpoint.rpartition("@")
    return (name, commit) if COMMIT.fullmatch(commit) and name else (checkpoint, None)


def find_file(checkpoint: str) -> Path | None:
    """The file that `checkpoint` names, as a path or in the folder for checkpoints; None where there is none."""
    places = (Path(checkpoint).expanduser(), checkpoints_folder() / checkpoint)
    return next((place for place in places if place.is_file()), None) if is_file_name(checkpoint) else None


def fetch(checkpoint: str, revision: str | None = None, *, origin: str = "") -> Path:
    """The file or folder of a checkpoint; a hub id is downloaded (configuration and safetensors, nothing else).

    `origin` says where the authors publish a file that no hub has.

    Raises InputError: it is not here and cannot be had.
    """
    checkpoint, pinned = split_revision(checkpoint)
    folder = Path(checkpoint).expanduser()
    if folder.is_dir():
        return folder
    if is_file_name(checkpoint):
        if (found := find_file(checkpoint)) is not None:
            return found
        source = f" from {origin}" if origin else ""
        raise InputError(
            f"the checkpoint {checkpoint} is not here: download it{source} and put it into {checkpoints_folder()}, "
            "its name unchanged."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(checkpoint, revision=pinned or revision, allow_patterns=[CONFIG, WEIGHTS]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"the checkpoint {checkpoint} is neither a local file or folder nor can the hub give it ({reason})."
        ) from error
