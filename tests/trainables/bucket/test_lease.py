"""One driver at a time: who holds the bucket, who waits, who takes over, and who finds that it was taken over."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trainables.bucket.bucket import Bucket
from trainables.bucket.lease import Holder, Lease
from trainables.errors import InputError

EXPIRES_SECONDS = 2.0


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket.checked(f"{tmp_path.as_uri()}/there", writable=True)


def lease_of(bucket: Bucket, folder: str) -> Lease:
    return Lease(bucket, folder, expires_seconds=EXPIRES_SECONDS)


@contextmanager
def silent(lease: Lease) -> Iterator[None]:
    """As after a machine was lost: nobody renews it and nobody releases it."""
    lease._over.set()
    lease._beats.join()
    yield


def test_the_first_takes_it_and_the_next_gets_it_once_it_is_released(bucket: Bucket) -> None:
    first, second = lease_of(bucket, "a"), lease_of(bucket, "b")
    assert first.take() is None
    first.release()
    began = time.monotonic()
    before = second.take()
    assert before is not None
    assert (before.folder, before.released) == ("a", True)
    assert time.monotonic() - began < EXPIRES_SECONDS
    second.release()


def test_a_second_driver_is_refused_in_one_sentence_while_the_first_lives(bucket: Bucket) -> None:
    first = lease_of(bucket, "a")
    first.take()
    first.of_sweep("tones-1")
    said: list[str] = []
    with pytest.raises(
        InputError, match=r"in use by another driver, on .* \(process \d+\).*results=.*/OTHER"
    ) as refused:
        lease_of(bucket, "b").take(said.append)
    assert len(refused.value.problems) == len(said) == 1
    assert first.renew(at_once=True)
    first.release()


def test_a_lost_machine_is_waited_for_and_then_taken_over(bucket: Bucket) -> None:
    first, second = lease_of(bucket, "a"), lease_of(bucket, "b")
    first.take()
    with silent(first):
        began = time.monotonic()
        before = second.take()
    assert before is not None
    assert before.folder == "a"
    assert time.monotonic() - began < 4 * EXPIRES_SECONDS
    assert not first.renew(at_once=True)
    assert first.lost == second.own.shown
    first.release()
    assert Holder.read(bucket) is not None
    assert Holder.read(bucket).session == second.own.session  # type: ignore[union-attr]
    second.release()


def test_the_same_machine_does_not_wait_for_itself(bucket: Bucket) -> None:
    first, again = lease_of(bucket, "a"), lease_of(bucket, "a")
    first.take()
    with silent(first):
        began = time.monotonic()
        again.take()
    assert time.monotonic() - began < EXPIRES_SECONDS
    again.release()


def test_clocks_of_drivers_do_not_matter(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = lease_of(bucket, "a")
    lease.take()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= lease.age_seconds() < EXPIRES_SECONDS
    lease.release()


def test_it_is_renewed_beside_long_work(bucket: Bucket) -> None:
    lease, looked = lease_of(bucket, "a"), threading.Event()
    lease.beside = looked.set
    lease.take()
    beat = Holder.read(bucket).beat  # type: ignore[union-attr]
    assert looked.wait(10)
    time.sleep(EXPIRES_SECONDS)
    assert Holder.read(bucket).beat > beat  # type: ignore[union-attr]
    assert lease.age_seconds() < EXPIRES_SECONDS
    lease.release()


def test_what_is_no_lease_is_nobodys(bucket: Bucket) -> None:
    bucket.write("driver.json", b'{"folder": 1')
    lease = lease_of(bucket, "a")
    assert lease.take() is None
    lease.release()
