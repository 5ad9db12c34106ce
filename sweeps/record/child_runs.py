"""The child runs of a sweep in MLflow: one a training, begun once and found again after a kill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.record.background import Run
from sweeps.record.known_runs import KnownRuns, run_name
from sweeps.record.run_writer import RunWriter, as_text
from sweeps.state.workspace import CONFIRM
from trainables.records import (
    TAG_CONFIG_ID,
    TAG_FOLD,
    TAG_LOOK,
    TAG_MINIATURE,
    TAG_PARENT,
    TAG_ROLE,
    TAG_SEED,
    TAG_STAGE,
    TAG_STATUS,
    TAG_SWEEP_ID,
    TAG_TRIAL_ID,
)


@dataclass(frozen=True)
class SweepRun:
    """The parent run, and what all its children have of it."""

    experiment_id: str
    sweep_id: str
    run: Run
    look: int  # at the test data, that stage 2 is
    miniature: bool
    dataset: tuple[str, str] | None  # name, fingerprint


class ChildRuns:
    """Of one sweep, in one process."""

    def __init__(self, writer: RunWriter, sweep: SweepRun, recorded: Iterable[Any] = ()) -> None:
        """`recorded`: MLflow's runs that an earlier session has begun."""
        self._writer, self._sweep = writer, sweep
        self._known = KnownRuns()
        for run in recorded:
            self._known.remember(Run(run.info.run_id), run.data.tags, in_use=False)

    @property
    def all(self) -> list[Run]:
        return self._known.runs

    def begin(
        self,
        stage: str,
        role: str,
        config_id: str,
        trial_id: str,
        seed: int | str,
        fold: str,
        params: Mapping[str, Any],
    ) -> Run:
        """The run of this training (`KnownRuns.find` has the rule); where there is none, a new one in the
        background."""
        with self._writer.waited:
            sweep = self._sweep
            tags = {
                TAG_SWEEP_ID: sweep.sweep_id,
                TAG_PARENT: self._writer.id_of(sweep.run),
                TAG_STAGE: stage,
                TAG_ROLE: role,
                TAG_CONFIG_ID: config_id,
                TAG_TRIAL_ID: trial_id,
                TAG_SEED: str(seed),
                TAG_FOLD: fold,
                TAG_MINIATURE: as_text(sweep.miniature),
                **self._look_tag(stage),
            }
            known = self._known.find(tags)
            if known is not None:
                if not known.in_use:
                    self._take_up(known.run, trial_id, params)
                known.trial_id, known.in_use = trial_id, True
                return known.run
            run = self._writer.begin(sweep.experiment_id, tags, run_name(role, trial_id, seed, fold))
            self._known.remember(run, tags, in_use=True)
            self._writer.log_params(run, params, known={})
            self._writer.describe_data(run, sweep.dataset)
            return run

    def closed(self, stage: str, config_id: str, trial_id: str, seed: int | str, fold: str, status: str) -> Run | None:
        """The run of this trial if the record has it, over and with this status. What was handed over before a run was
        closed is in the store when the closing is: writes keep their order."""
        return self._known.closed(
            {
                TAG_STAGE: stage,
                TAG_CONFIG_ID: config_id,
                TAG_TRIAL_ID: trial_id,
                TAG_SEED: str(seed),
                TAG_FOLD: fold,
                TAG_STATUS: status,
                **self._look_tag(stage),
            }
        )

    def id_of(self, run: Run) -> str:
        """MLflow's id, waited for."""
        return self._writer.id_of(run)

    def log_epoch(self, run: Run, epoch: int, metrics: Mapping[str, float]) -> None:
        self._writer.log_epoch(run, epoch, metrics)

    def log_artifacts(self, run: Run, folder: Path, *parts: str) -> None:
        """Copies these sub-folders of `folder` (predictions, adapter) to the run, where they are there."""
        self._writer.log_artifacts(run, folder, parts or ("predictions", "adapter"))

    def tag(self, run: Run, tag: str, value: str) -> None:
        self._writer.tag(run, tag, value)

    def close(self, run: Run, status: str, reason: str | None = None) -> None:
        """`status`: completed | pruned | stopped | failed."""
        self._writer.end(run, status, reason)
        self._known.close(run, status)

    def drop_unclaimed(self) -> int:
        """Deletes runs that the journal does not know, and returns how many there were.

        A file system that lost the end of a journal takes trials back that have a run already; where they are proposed
        again these are taken up, and what is left over here was trained by nobody.
        """
        with self._writer.waited:
            self._writer.flush()
            left_over = self._known.unclaimed(str(self._sweep.look))
            for run in left_over:
                self._writer.client.delete_run(self._writer.id_of(run))
            return len(left_over)

    def _look_tag(self, stage: str) -> dict[str, str]:
        return {TAG_LOOK: str(self._sweep.look)} if stage == CONFIRM else {}

    def _take_up(self, run: Run, trial_id: str, params: Mapping[str, Any]) -> None:
        self._writer.flush()
        run_id = self._writer.id_of(run)
        found = self._writer.client.get_run(run_id)
        self._writer.reopen(run, found)
        self._writer.client.set_tag(run_id, TAG_TRIAL_ID, trial_id)
        self._writer.log_params(run, params, known=found.data.params)
