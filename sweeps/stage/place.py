"""Where a running sweep keeps its results: a folder, and behind it a bucket where `results` is a URI.

A sweep knows the folder alone. This is the only driver that writes the bucket (trainables/bucket/lease.py), and what
must not be lost is there before the sweep goes on: that it was begun, that stage 2 looks at the test data, the verdict.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sweeps.state.progress import TrialProgress
from sweeps.state.workspace import Workspace, check_results, remove
from trainables.bucket.address import is_uri
from trainables.bucket.bucket import Bucket
from trainables.bucket.lease import Lease
from trainables.bucket.mirror import Mirror, uri_of
from trainables.bucket.uploader import Uploader
from trainables.errors import InputError, SweepStopped

INTERRUPTED_SECONDS = 20.0  # that a sweep which was ended waits for a bucket that is away


class Place:
    """A folder without a bucket. An observer of every stage."""

    gave_up = ""  # why results cannot be kept any more

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def bring(self, workspace: Workspace) -> None:
        """What another machine has written of this sweep is here when this returns."""

    def begin(self, workspace: Workspace) -> None:
        """From here on the sweep's folder is copied."""

    def flush(self) -> None:
        """Returns when what is in the folder is not lost with this machine. Raises SweepStopped where it cannot be."""

    def started(self, trial: TrialProgress) -> None: ...

    def reported(self, trial: TrialProgress) -> None: ...

    def retried(self, trial: TrialProgress) -> None: ...

    def ended(self, trial: TrialProgress) -> None: ...


class BucketPlace(Place):
    """The local folder of a bucket, held by `lease`."""

    def __init__(self, mirror: Mirror, lease: Lease, say: Callable[[str], None]) -> None:
        super().__init__(mirror.root)
        self.mirror, self.lease, self.say = mirror, lease, say
        self.uploader: Uploader | None = None

    @property
    def gave_up(self) -> str:  # type: ignore[override]
        return "" if self.uploader is None else self.uploader.gave_up

    def bring(self, workspace: Workspace) -> None:
        from analysis.record.from_bucket import fetch_sweep

        if not self.mirror.is_ahead(workspace.sweep_id):
            self.say(f"Another machine has worked on {workspace.sweep_id}: fetches it from {self.mirror.bucket.uri}")
            fetch_sweep(self.mirror, workspace.sweep_id)

    def begin(self, workspace: Workspace) -> None:
        from analysis.record.from_bucket import snapshot

        self.lease.of_sweep(workspace.sweep_id)
        self.uploader = Uploader(self.mirror, self.lease, workspace.sweep_id, snapshot=snapshot)
        self.uploader.begin()

    def flush(self) -> None:
        if self.uploader is not None:
            self.uploader.flush()

    def started(self, trial: TrialProgress) -> None:
        self._wake()

    def reported(self, trial: TrialProgress) -> None:
        self._wake()

    def retried(self, trial: TrialProgress) -> None:
        self._wake()

    def ended(self, trial: TrialProgress) -> None:
        self._wake()

    def end(self, *, in_good_order: bool) -> None:
        """Uploads what is left and lets go of the bucket; never raises for a store that is away."""
        uploader, wait_seconds = self.uploader, {} if in_good_order else {"wait_seconds": INTERRUPTED_SECONDS}
        whole = uploader is None or uploader.end(**wait_seconds)
        try:
            if whole:
                self.lease.release()
        except SweepStopped:
            whole = False
        if uploader is None:
            return
        where = f"{self.mirror.bucket.uri}/{uploader.sweep_id}"
        if whole:
            self.say(f"Bucket:    {where} has all of it ({uploader.uploaded_bytes / 1e6:.1f} MB uploaded)")
        else:
            self.say(
                f"{where} does not have all of it: {uploader.gave_up or 'the store is away'}. This machine has, in "
                f"{self.folder}: the same command, given here, uploads it."
            )

    def _wake(self) -> None:
        if self.uploader is not None:
            self.uploader.wake()


@contextmanager
def results_at(results: str, say: Callable[[str], None]) -> Iterator[Place]:
    """Where `results` of a sweep file is. `say` prints a line.

    Raises InputError: it cannot be written, or another driver writes there.
    """
    if not is_uri(results):
        yield Place(check_results(results, needed_bytes=0))
        return
    check_one_machine()
    from analysis.record.from_bucket import fetch_record

    mirror = Mirror.of(results, writable=True)
    check_results(str(mirror.root), needed_bytes=0)
    mirror.bucket.patience.say = say
    with mirror.held():
        lease = Lease(mirror.bucket, mirror.id)
        before = lease.take(say)
        place = BucketPlace(mirror, lease, say)
        try:
            mirror.fetch_heads()
            if before is not None and before.folder != mirror.id:
                fetch_record(mirror, at_once=True)
            yield place
        except BaseException:
            place.end(in_good_order=False)
            raise
        place.end(in_good_order=True)


def check_one_machine() -> None:
    """Workers write the local folder as the driver does. Raises InputError where they may not see it."""
    cluster, cache = os.environ.get("RAY_ADDRESS", "local"), os.environ.get("AUDIO_SWEEPS_CACHE")
    if cluster != "local" and not cache:
        raise InputError(
            f"results: a URI is copied from a folder of the driver's machine, which the other nodes of RAY_ADDRESS "
            f"({cluster}) do not see: set AUDIO_SWEEPS_CACHE, on the driver and every node, to a folder that all of "
            "them mount, or give such a folder as results."
        )


@contextmanager
def alone_at(results: Path) -> Iterator[Callable[[Sequence[Path]], None]]:
    """What removes folders below a results folder, in its bucket too where it has one; no driver writes meanwhile.

    Raises InputError where one does.
    """
    uri = uri_of(results)
    if uri is None:
        yield remove
        return
    from analysis.record.from_bucket import fetch_record

    mirror = Mirror(Bucket.checked(uri, writable=True, field="--results"), results)
    with mirror.held():
        fetch_record(mirror)  # whoever held the bucket last is taken to have it
        lease = Lease(mirror.bucket, mirror.id)
        lease.take(print)

        def removed(folders: Sequence[Path]) -> None:
            remove(folders)
            for folder in folders:
                for path in mirror.bucket.listing(folder.relative_to(results).as_posix()):
                    mirror.bucket.remove(path)

        try:
            yield removed
        finally:
            lease.release()
