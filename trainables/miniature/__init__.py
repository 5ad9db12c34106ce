"""Miniatures: models of a real backbone's classes, so small that a laptop makes and adapts them in minutes.

They stand in where the published weights cannot be had. Pre-trained once on generated sound (`sounds.py`), each kind of
backbone in its way (`makers.py`), kept in a cache folder under a hash of all that the weights depend on:
AUDIO_SWEEPS_CACHE, else ~/.cache/audio-sweeps.
"""

from __future__ import annotations

from pathlib import Path

from trainables import registry
from trainables.cache import cache_folder
from trainables.errors import InputError
from trainables.miniature.makers import maker


def path(backbone: str, size: str, recipe: str = "full", progress: bool = True) -> Path:
    """The folder of a miniature, for `from_pretrained`.

    Where it is absent all absent sizes of the backbone are made at the same time, one process each: a sweep over sizes
    needs them all. One caller makes them, others wait for it. `progress` shows bars (plain lines without a terminal).

    Raises:
        InputError: the cache folder cannot be written.
        RuntimeError: the training process failed; carries the end of what it said.
    """
    folder = _folder(backbone, size, recipe)
    if folder.is_dir():
        return folder
    from filelock import FileLock

    from trainables.miniature.processes import build

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.parent / f"{backbone}-{recipe}.lock")
        lock.acquire()
    except OSError as error:
        raise InputError(
            f"the miniatures cannot be kept in {folder.parent} ({error.strerror or error}): "
            "set AUDIO_SWEEPS_CACHE to a folder that you can write."
        ) from error
    with lock:
        wanted = {name: _folder(backbone, name, recipe) for name in registry.backbone(backbone).MINIATURE_SIZES}
        build(
            backbone, {name: where for name, where in wanted.items() if not where.is_dir()}, recipe, progress=progress
        )
    return folder


def is_ready(backbone: str, size: str, recipe: str = "full") -> bool:
    """Whether `path` would return at once."""
    return _folder(backbone, size, recipe).is_dir()


def _folder(backbone: str, size: str, recipe: str) -> Path:
    digest = maker(backbone).digest(backbone, size, recipe)
    return cache_folder() / "miniatures" / f"{backbone}-{size}-{recipe}-{digest}"
