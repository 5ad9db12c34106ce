"""Trains miniatures, one single-threaded process each, as many at a time as there are cores, and shows progress.

`python -m trainables.miniature.processes BACKBONE SIZE RECIPE FOLDER` is such a process: it writes the share done, a
line each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event, Thread
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from trainables.data.atomic import atomic_folder
from trainables.limits import usable_cores

PACKAGE_ROOT = Path(__file__).resolve().parent.parent.parent


def build(folders: Mapping[tuple[str, str], Path], recipe: str, *, progress: bool) -> None:
    """Makes the miniatures of the given (backbone, size); each folder appears when it is complete.

    One thread per process and no accelerator: the same weights on every machine of a kind, however busy it is.
    """
    with _bars(progress and bool(folders)) as bars, ThreadPoolExecutor(usable_cores()) as at_once:
        stop = Event()
        tasks = [
            at_once.submit(_build, backbone, size, recipe, folder, bars, stop)
            for (backbone, size), folder in folders.items()
        ]
        try:
            for task in as_completed(tasks):
                task.result()
        finally:
            stop.set()  # on an error, or Ctrl-C, the others end too


def _build(backbone: str, size: str, recipe: str, folder: Path, bars: Progress, stop: Event) -> None:
    if stop.is_set():
        return
    with atomic_folder(folder) as staging, tempfile.TemporaryFile("w+") as errors:
        process = _start(backbone, size, recipe, staging, errors)
        bar = bars.add_task(f"Making the miniature {backbone} {size}", total=1.0)
        watcher = Thread(target=_watch, args=(process, bars, bar), daemon=True)
        watcher.start()
        try:
            while process.poll() is None and not stop.wait(0.05):
                pass
        finally:
            _end(process)
        watcher.join()
        if process.returncode != 0:
            errors.seek(0)
            raise RuntimeError(f"making the miniature {backbone} {size} failed:\n{errors.read()[-2000:]}")


def _start(backbone: str, size: str, recipe: str, folder: Path, errors: IO[str]) -> subprocess.Popen[str]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    found = os.pathsep.join(filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
    settings = threads | {"PYTHONPATH": found, "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "trainables.miniature.processes", backbone, size, recipe, str(folder)],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()


def _watch(process: subprocess.Popen[str], bars: Progress, task: TaskID) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        bars.update(task, completed=float(line))


def _bars(shown: bool) -> Progress:
    console = Console(stderr=True)
    if shown and not console.is_terminal:
        console.print("Making the miniatures: a minute or two, once on this machine.")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal))


def main() -> None:
    from trainables.miniature.makers import maker, own_recipe

    backbone, size, name, folder = sys.argv[1:]
    name = own_recipe(backbone, name)
    recipe = maker(backbone, name).recipes[name]
    import torch
    from transformers.utils import logging

    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    pretrain = maker(backbone, name).pretrain(backbone)
    pretrain(size, recipe, Path(folder), lambda done: print(f"{done:.3f}", flush=True))


if __name__ == "__main__":
    main()
