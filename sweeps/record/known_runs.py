"""Which runs a sweep has in its record already, so that nothing is recorded twice. Loads no mlflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sweeps.record.background import Run
from sweeps.state.workspace import EXPLORE
from trainables.records import (
    NO_FOLD,
    NO_SEED,
    TAG_CONFIG_ID,
    TAG_FOLD,
    TAG_LOOK,
    TAG_SEED,
    TAG_STAGE,
    TAG_STATUS,
    TAG_TRIAL_ID,
)

Training = tuple[str, ...]


@dataclass
class KnownRun:
    run: Run
    stage: str
    look: str
    trial_id: str
    status: str | None  # completed | pruned | failed; None: not over
    in_use: bool  # made or taken up by this process
    claimed: bool  # by a trial that the journal has


@dataclass
class KnownRuns:
    """Runs by what was trained: (stage, config_id, seed, fold, look)."""

    by_training: dict[Training, list[KnownRun]] = field(default_factory=dict)

    @property
    def runs(self) -> list[Run]:
        return [known.run for known in self._all]

    @property
    def _all(self) -> list[KnownRun]:
        return [known for runs in self.by_training.values() for known in runs]

    def remember(self, run: Run, tags: Mapping[str, str], *, in_use: bool) -> None:
        trial_id, status = tags[TAG_TRIAL_ID], tags.get(TAG_STATUS)
        known = KnownRun(run, tags[TAG_STAGE], tags.get(TAG_LOOK, ""), trial_id, status, in_use, claimed=in_use)
        self.by_training.setdefault(_training(tags), []).append(known)

    def find(self, tags: Mapping[str, str]) -> KnownRun | None:
        """The run that a training with these tags continues.

        The sampler of stage 1 may propose a configuration twice: there a finished run stays with its trial, and one
        that was cut off is taken up by whichever trial trains it again. In stage 2 a training happens once.
        """
        runs = self.by_training.get(_training(tags), [])
        own = [run for run in runs if run.trial_id == tags[TAG_TRIAL_ID]]
        free = [run for run in runs if tags[TAG_STAGE] != EXPLORE or not (run.status or run.in_use)]
        return _claimed(own + free)

    def closed(self, tags: Mapping[str, str]) -> Run | None:
        """The run of this very trial, if it is over in the way that `tags` say."""
        runs = self.by_training.get(_training(tags), [])
        found = _claimed([run for run in runs if (run.trial_id, run.status) == (tags[TAG_TRIAL_ID], tags[TAG_STATUS])])
        return None if found is None else found.run

    def unclaimed(self, look: str) -> list[Run]:
        """Runs of stage 1, or of this look at the test data, that no trial of this session has asked for."""
        left = [known for known in self._all if not known.claimed]
        return [known.run for known in left if known.stage == EXPLORE or known.look == look]

    def close(self, run: Run, status: str) -> None:
        for known in self._all:
            if known.run is run:
                known.status, known.in_use = status, False


def _training(tags: Mapping[str, str]) -> Training:
    return (*(tags[tag] for tag in (TAG_STAGE, TAG_CONFIG_ID, TAG_SEED, TAG_FOLD)), tags.get(TAG_LOOK, ""))


def _claimed(runs: list[KnownRun]) -> KnownRun | None:
    """The first of them, which now belongs to somebody."""
    for run in runs[:1]:
        run.claimed = True
        return run
    return None


def run_name(role: str, trial_id: str, seed: int | str, fold: str) -> str:
    """What a person reads in MLflow's list: `trial 7 · seed 42`, `finalist 1 · seed 123`. What was chosen stands in
    the columns beside it."""
    number = trial_id.rpartition("_")[2]
    arm = trial_id.partition("-seed-")[0].replace("-", " ")
    head = f"trial {int(number)}" if role == "trial" and number.isdigit() else arm if arm.startswith(role) else role
    where = [f"seed {seed}"] * (str(seed) != NO_SEED) + [f"fold {fold}"] * (fold != NO_FOLD)
    return " · ".join([head, *where])
