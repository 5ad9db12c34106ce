"""Where a sweep keeps its files: one folder per sweep under `results`.

results/mlflow.db, results/mlartifacts/      the record of all sweeps
results/<sweep id>/sweep.yaml                the file as run, overrides applied
results/<sweep id>/verdict.json              of the latest look: what uses the winner needs no record
results/<sweep id>/task.json                 the task with what the data decided, such as how long answers may become
results/<sweep id>/revisions.json            checkpoint -> commit of its hub repository
results/<sweep id>/data/{train,validation,test}/
results/<sweep id>/{explore,confirm}/        journals, resume points, adapters; confirm-2/ of an extended sweep
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sweeps.state.journal import JOURNAL
from trainables.errors import InputError
from trainables.records import NO_FOLD

EXPLORE, CONFIRM = "explore", "confirm"  # the two stages
VERDICT, REVISIONS, TASK = "verdict.json", "revisions.json", "task.json"


@dataclass(frozen=True)
class Workspace:
    results: Path
    sweep_id: str
    outer_fold: str = NO_FOLD
    look: int = 1  # at the test data; every look has a stage 2 of its own

    @property
    def folder(self) -> Path:
        return self.results / self.sweep_id

    @property
    def round(self) -> Path:
        """Where one round of outer cross-validation keeps its things; the sweep's folder without."""
        return self.folder if self.outer_fold == NO_FOLD else self.folder / f"fold-{file_name(self.outer_fold)}"

    def store(self, split: str) -> Path:
        return self.round / "data" / split

    def stage(self, name: str) -> Path:
        return self.round / (name if name == EXPLORE or self.look == 1 else f"{name}-{self.look}")

    def stages(self) -> list[Path]:
        """The folders of all stages that have begun, in every round and look."""
        found = [*self.folder.glob(f"*/{JOURNAL}"), *self.folder.glob(f"fold-*/*/{JOURNAL}")]
        return sorted(journal.parent for journal in found)


@contextmanager
def private_files() -> Iterator[None]:
    """Whatever is written inside, by this process and those that it starts, only this user can read."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def check_results(results: str, *, needed_bytes: int) -> Path:
    """The results folder, made if need be. Raises InputError where it cannot be written or the disk is too full."""
    try:
        folder = Path(results).expanduser().absolute()
    except RuntimeError:
        raise InputError(f"results: {results!r} names the home folder of nobody here; give another folder") from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".write-test-{os.getpid()}"
        probe.write_bytes(b"\0")
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"results: cannot write to {str(folder)!r} ({error.strerror}): choose another folder with results=FOLDER"
        ) from error
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise InputError(
            f"results: {str(folder)!r} has {free / 1e9:.2f} GB free and this sweep needs about "
            f"{needed_bytes / 1e9:.2f} GB: free some space or choose another folder with results=FOLDER"
        )
    return folder


def new_workspace(results: Path, name: str) -> Workspace:
    sweep_id = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    workspace = Workspace(results, sweep_id)
    workspace.folder.mkdir(parents=True)
    return workspace


def lane_folder(seed: int | str, fold: str) -> str:
    return f"seed-{seed}" + ("" if fold == NO_FOLD else f"-fold-{file_name(fold)}")


def file_name(text: str) -> str:
    """`text` as part of a file's name: as it is where that is safe, else what is safe of it and a hash. Names of folds
    and groups come from manifests, and may hold slashes."""
    if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", text):
        return text
    return f"{re.sub('[^A-Za-z0-9_-]+', '_', text)[:40]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def size_bytes(folder: Path) -> int:
    """What the files below a folder hold; files that go while it is counted are passed over."""
    total = 0
    pending = [folder]
    while pending:
        try:
            for path in pending.pop().iterdir():
                if path.is_dir() and not path.is_symlink():
                    pending.append(path)
                else:
                    total += path.lstat().st_size
        except OSError:
            continue
    return total


def relative(path: Path) -> str:
    """Short where it lies under the current directory."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
