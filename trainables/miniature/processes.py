"""Trains several miniatures at once, one single-threaded process each, and shows how far they are.

`python -m trainables.miniature.processes BACKBONE SIZE RECIPE FOLDER` is such a process: it writes the share done, a
line each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from trainables.data.atomic import atomic_folder

PACKAGE_ROOT = Path(__file__).resolve().parent.parent.parent


def build(backbone: str, folders: Mapping[str, Path], recipe: str, *, progress: bool) -> None:
    """Makes the miniatures of the given sizes; each folder appears when it is complete.

    One thread per process and no accelerator: the same weights on every machine of a kind, however busy it is.
    """
    with ExitStack() as stack:
        bars = stack.enter_context(_bars(progress))
        running: list[tuple[str, subprocess.Popen[str], IO[str], Thread]] = []
        for size, folder in folders.items():
            staging = stack.enter_context(atomic_folder(folder))
            errors: IO[str] = stack.enter_context(tempfile.TemporaryFile("w+"))
            process = _start(backbone, size, recipe, staging, errors)
            stack.callback(_end, process)
            task = bars.add_task(f"Making the miniature {size}", total=1.0)
            watcher = Thread(target=_watch, args=(process, bars, task), daemon=True)
            watcher.start()
            running.append((size, process, errors, watcher))
        while any(process.poll() is None for _, process, _, _ in running):
            if any(process.poll() not in (None, 0) for _, process, _, _ in running):
                break
            time.sleep(0.05)
        for size, process, said, watcher in running:
            if process.poll() not in (None, 0):
                said.seek(0)
                raise RuntimeError(f"making the miniature {size} failed:\n{said.read()[-2000:]}")
            watcher.join()


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
        console.print("Making the miniatures: about a minute, once on this machine.")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal))


def main() -> None:
    from trainables.miniature.makers import maker

    backbone, size, name, folder = sys.argv[1:]
    recipe = maker(backbone).recipes[name]
    import torch
    from transformers.utils import logging

    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    pretrain = maker(backbone).pretrain(backbone)
    pretrain(size, recipe, Path(folder), lambda done: print(f"{done:.3f}", flush=True))


if __name__ == "__main__":
    main()
