"""Checkpoints by name: a file or folder here, one put into the folder for them, or one on the hub. Loads no torch.

A folder is written as a path: `./mine`, `../mine`, `~/mine`, `/data/mine`. `owner/name` is always the hub's, and a name
without a slash is a size's, whatever lies in the current directory. `owner/name@REVISION` is a branch, tag or commit.
`package:NAME` are the weights that an installed Python package brings in CTranslate2's layout: they are converted once,
into the folder for checkpoints.

Some authors publish their weights outside the hub. Such a file is downloaded by hand, keeps its name, and goes into
AUDIO_SWEEPS_CACHE/checkpoints (~/.cache/audio-sweeps/checkpoints).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trainables.cache import cache_folder
from trainables.errors import InputError

COMMIT = re.compile(r"[0-9a-f]{40}")
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@[A-Za-z0-9][\w./-]{0,200})?")
PATH_BEGINNINGS = ("./", "../", "~", "/")
PACKAGE = re.compile(r"package:([A-Za-z0-9][\w.-]*)")
SUFFIXES = (".pt", ".pth", ".bin", ".safetensors")
CONFIG, WEIGHTS = "config.json", "model.safetensors"  # of a folder, local or on the hub
FILES = ("*.json", WEIGHTS, "model-*-of-*.safetensors", "*.txt", "*.model")  # what transformers reads


def checkpoints_folder() -> Path:
    """Where files that no hub has are looked for."""
    return cache_folder() / "checkpoints"


def is_path(checkpoint: str) -> bool:
    """Whether `checkpoint` is written as a path."""
    return checkpoint.startswith(PATH_BEGINNINGS) or checkpoint in (".", "..") or Path(checkpoint).is_absolute()


def names_checkpoint(model_size: str) -> bool:
    """Whether a value of `model_size` names a checkpoint; else it is the name of one of a backbone's sizes."""
    return any((is_path(model_size), HUB_NAME.fullmatch(model_size), PACKAGE.fullmatch(model_size)))


def from_folder(model_size: str, base_folder: Path) -> str:
    """A value of `model_size`, a relative path made absolute: it is looked for in `base_folder`, then in the current
    directory. Of an installed package the folder that its weights are converted into."""
    if packaged := PACKAGE.fullmatch(model_size):
        try:
            return str(checkpoints_folder() / f"{packaged[1]}-{version(packaged[1])}")
        except PackageNotFoundError:
            return model_size  # found out when its weights are asked for
    if not is_path(model_size):
        return model_size
    written = Path(model_size).expanduser()
    candidates = [(home / written).resolve() for home in (base_folder.absolute(), Path.cwd())]
    return str(next((folder for folder in candidates if folder.is_dir()), candidates[0]))


def is_file_name(checkpoint: str) -> bool:
    """Whether `checkpoint` names a file: no hub can be asked for it."""
    return checkpoint.endswith(SUFFIXES)


def split_revision(checkpoint: str) -> tuple[str, str | None]:
    """`owner/name@REVISION` into its two parts; any other name, and a path, stays whole."""
    if is_path(checkpoint) or HUB_NAME.fullmatch(checkpoint) is None:
        return checkpoint, None
    name, _, revision = checkpoint.partition("@")
    return name, revision or None


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
    if is_path(checkpoint) and folder.is_dir():
        return folder
    if is_file_name(checkpoint):
        if (found := find_file(checkpoint)) is not None:
            return found
        source = f" from {origin}" if origin else ""
        raise InputError(
            f"the checkpoint {checkpoint} is not here: download it{source} and put it into {checkpoints_folder()}, "
            "its name unchanged."
        )
    return snapshot(checkpoint, pinned or revision, files=(CONFIG, WEIGHTS))


def snapshot(checkpoint: str, revision: str | None, *, files: Sequence[str] = FILES) -> Path:
    """The folder of a hub's repository in the cache, downloaded where it is not. Raises InputError: not to be had."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(checkpoint, revision=revision, allow_patterns=list(files)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"the checkpoint {checkpoint} is neither a local file or folder nor can the hub give it ({reason})."
        ) from error
