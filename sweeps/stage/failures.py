"""What a trial failed of, in words and by kind; and when failures are so many that the sweep has to hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sweeps.stage.holds import Hold, Order
from sweeps.state.progress import FAILED, TrialProgress
from trainables.process.watchdog import HANG_FILE, hung
from trainables.training.faults import BAD_INPUT, DIVERGED, OUT_OF_MEMORY

HUNG = "hung"
DIED = "worker died"
MOST_RETRIES = 3  # of a trial; a cluster's spot machine that is taken away is one of them

# Equal failures one after the other, none completing between them. What a configuration brings upon itself (a learning
# rate that diverges, a model too large) is to be expected in a search; anything else will happen to the next one too.
STREAK = 3
STREAK_OF_CONFIGURATIONS = 8
OF_CONFIGURATIONS = (DIVERGED, OUT_OF_MEMORY)

LOW_MEMORY = ("running low on memory", "NODE_OUT_OF_MEMORY", "OutOfMemoryError")  # Ray's words
DEAD_WORKER = ("ActorDiedError", "The actor died", "ActorUnavailableError", "WorkerCrashedError", "NodeDiedError")

VM_STATISTICS, OOM_KILLS = Path("/proc/vmstat"), "oom_kill"  # Linux counts them since 4.13

ADVICE = {
    DIVERGED: "lower search.learning_rate, or set train.clip_norm",
    OUT_OF_MEMORY: "lower train.batch_size, choose smaller sizes or quantization nf4, or run fewer trials at once "
    "with limits.memory_gb",
    BAD_INPUT: "mend what it says",
    HUNG: "see that file for where it stood; SWEEP_HANG_SECONDS sets how long a batch may take",
    DIED: "look for what ends processes on this machine: memory, a watchful administrator, a driver",
}


class KernelKills:
    """Whether the kernel ends processes because memory is full: the worker that it takes has no time to say so. Where
    nobody counts these kills there are none."""

    def __init__(self, statistics: Path = VM_STATISTICS) -> None:
        self.statistics = statistics
        self.seen = self._count()

    def any_new(self) -> bool:
        """Since it was last asked."""
        before, self.seen = self.seen, self._count()
        return self.seen > before

    def _count(self) -> int:
        try:
            lines = self.statistics.read_text().splitlines()
        except OSError:
            return 0
        counts = dict(line.split(maxsplit=1) for line in lines if " " in line)
        return int(counts.get(OOM_KILLS, 0))


def why(error_text: str, folder: Path, kernel_kills: KernelKills) -> tuple[str, str]:
    """(reason, kind) of a worker that did not come back; `error_text` is what Tune wrote, `folder` the trial's."""
    latest = error_text.rpartition("Failure # ")[2]
    stood = hung(folder / HANG_FILE)
    if stood is not None:
        return f"no batch was finished for too long, and the worker was ended; it stood in {stood}", HUNG
    if any(words in latest for words in LOW_MEMORY):
        return "the machine ran low on memory, and Ray ended the worker", OUT_OF_MEMORY
    if any(words in latest for words in DEAD_WORKER):
        if kernel_kills.any_new():
            return "memory was full, and the kernel ended the worker", OUT_OF_MEMORY
        return "the worker process died", DIED
    lines = [line.strip() for line in latest.splitlines() if line.strip()]
    reason = lines[-1] if lines else "unknown"
    kind = reason.partition(":")[0]
    return reason, kind if kind.replace(".", "").replace("_", "").isalnum() else "unknown"


class FailureWatch:
    """Ends a stage whose trials fail of one thing, one after the other: hears of a stage as an observer, and orders as
    an overseer. It counts within a session, and a trial that failed before and was tried again is not counted: a stage
    must come to its end, whatever its trials do."""

    def __init__(self) -> None:
        self.streak: list[TrialProgress] = []

    def started(self, trial: TrialProgress) -> None: ...

    def reported(self, trial: TrialProgress) -> None: ...

    def retried(self, trial: TrialProgress) -> None: ...

    def ended(self, trial: TrialProgress) -> None:
        if trial.status != FAILED or (self.streak and trial.kind != self.streak[-1].kind):
            self.streak.clear()
        if trial.status == FAILED and not trial.second_chance:
            self.streak.append(trial)

    def order(self) -> Order:
        if not self.streak or len(self.streak) < self._limit:
            return Order()
        kind, last = self.streak[-1].kind, self.streak[-1]
        advice = ADVICE.get(kind, f"see {last.folder / 'error.txt'} and mend the cause")
        return Order(
            Hold.END,
            f"{len(self.streak)} trials one after the other failed of the same thing ({kind}), the last with: "
            f"{last.reason}; {advice}. The same command goes on" + (" and tries them again" if self.again else ""),
            failure=True,
        )

    @property
    def again(self) -> Sequence[TrialProgress]:
        """The trials that the next session has to try again: those that did not fail of their configuration."""
        return [] if self.streak and self.streak[-1].kind in OF_CONFIGURATIONS else self.streak

    @property
    def _limit(self) -> int:
        return STREAK_OF_CONFIGURATIONS if self.streak[-1].kind in OF_CONFIGURATIONS else STREAK
