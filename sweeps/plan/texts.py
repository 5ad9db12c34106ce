"""What a plan knows of transcripts before any compute: the files that their task names."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.config.spec import SweepSpec
from trainables.tasks.transcription import Transcription

if TYPE_CHECKING:
    from trainables.contract import Task


def with_task(spec: SweepSpec, task: Task) -> SweepSpec:
    """The sweep with the options of this task, which workers then make again."""
    made: Any = task
    return replace(spec, task_options={option.name: getattr(made, option.name) for option in fields(made)})


def read_task_files(spec: SweepSpec, task: Task) -> tuple[SweepSpec, Task]:
    """The sweep and its task with what a file holds that the task names: workers, and whoever repeats the sweep from
    its record, need that file no more. Raises InputError: it cannot be read."""
    whole: Any = task
    if isinstance(whole, Transcription):
        whole = whole.with_files(Path(spec.base_folder))
    return (spec, task) if whole is task else (with_task(spec, whole), whole)
