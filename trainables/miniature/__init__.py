"""Miniatures: models of a real backbone's classes, so small that a laptop makes and adapts them in minutes.

They stand in where the published weights cannot be had. Pre-trained once on generated sound (`sounds.py`), each kind of
backbone in its way (`makers.py`), kept in a cache folder under a hash of all that the weights depend on:
AUDIO_SWEEPS_CACHE, else ~/.cache/audio-sweeps.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trainables.cache import cache_folder
from trainables.errors import InputError
from trainables.miniature.makers import maker, own_recipe


def path(backbone: str, size: str, recipe: str = "full", progress: bool = True) -> Path:
    """The folder of a miniature, for `from_pretrained`; made where it is absent, as by `make`."""
    make([(backbone, size)], recipe, progress)
    return _folder(backbone, size, recipe)


def make(wanted: Iterable[tuple[str, str]], recipe: str = "full", progress: bool = True) -> None:
    """Makes those of the (backbone, size) that are absent, a process each, as many at a time as there are cores.

    One caller makes them, others wait for it. `progress` shows bars (a plain line without a terminal).

    Raises InputError: the cache folder cannot be written; RuntimeError: a training process failed, with the end of what
    it said.
    """
    folders = {(backbone, size): _folder(backbone, size, recipe) for backbone, size in wanted}
    if all(folder.is_dir() for folder in folders.values()):
        return
    from filelock import FileLock

    from trainables.miniature.processes import build

    kept = cache_folder() / "miniatures"
    try:
        kept.mkdir(parents=True, exist_ok=True)
        lock = FileLock(kept / f"{recipe}.lock")
        lock.acquire()
    except OSError as error:
        raise InputError(
            f"the miniatures cannot be kept in {kept} ({error.strerror or error}): "
            "set AUDIO_SWEEPS_CACHE to a folder that you can write."
        ) from error
    with lock:
        build({which: folder for which, folder in folders.items() if not folder.is_dir()}, recipe, progress=progress)


def is_ready(backbone: str, size: str, recipe: str = "full") -> bool:
    """Whether `path` would return at once."""
    return _folder(backbone, size, recipe).is_dir()


def _folder(backbone: str, size: str, recipe: str) -> Path:
    recipe = own_recipe(backbone, recipe)
    digest = maker(backbone, recipe).digest(backbone, size, recipe)
    return cache_folder() / "miniatures" / f"{backbone}-{size}-{recipe}-{digest}"
