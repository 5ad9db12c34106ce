"""The same calls on an S3 server and on a folder: what is written is read, listed, removed; what cannot be is said."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trainables.bucket.servers import BUCKET, S3, s3_server
from trainables.bucket.bucket import Bucket
from trainables.errors import InputError


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with s3_server() as running:
        yield running


@pytest.fixture(params=["s3", "file"])
def uri(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "file":
        return f"{tmp_path.as_uri()}/there"
    running: S3 = request.getfixturevalue("server")
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{tmp_path.name}"


def test_files_come_back_as_they_went(uri: str, tmp_path: Path) -> None:
    bucket = Bucket.checked(uri, writable=True)
    assert bucket.listing() == {}
    large = os.urandom(12_000_000)
    (tmp_path / "large").write_bytes(large)
    bucket.upload(tmp_path / "large", "sweep/final/large")
    bucket.write("sweep/a b%20é#+.json", b"{}")
    bucket.write("sweep/empty", b"")
    assert bucket.read("sweep/a b%20é#+.json") == b"{}"
    listing = bucket.listing()
    assert {path: found.size_bytes for path, found in listing.items()} == {
        "sweep/final/large": 12_000_000,
        "sweep/a b%20é#+.json": 2,
        "sweep/empty": 0,
    }
    assert bucket.listing("sweep", deep=False).keys() == {"sweep/a b%20é#+.json", "sweep/empty"}
    assert bucket.folders() == ["sweep"]
    assert bucket.found("sweep/empty") == listing["sweep/empty"]
    bucket.download("sweep/final/large", tmp_path / "back" / "large", mtime_ns=listing["sweep/final/large"].mtime_ns)
    assert (tmp_path / "back" / "large").read_bytes() == large
    assert (tmp_path / "back" / "large").stat().st_mtime_ns == listing["sweep/final/large"].mtime_ns
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["large"]
    bucket.remove("sweep/final/large")
    bucket.remove("sweep/final/large")
    assert bucket.found("sweep/final/large") is None
    with pytest.raises(FileNotFoundError):
        bucket.read("sweep/final/large")
    with pytest.raises(FileNotFoundError):
        bucket.download("sweep/final/large", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_bucket_that_is_not_there_is_refused_in_one_sentence(server: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=r"^results: there is no bucket 'nobody' at http://127") as refused:
        Bucket.checked("s3://nobody/sweeps", writable=True)
    assert len(refused.value.problems) == 1


def test_a_server_that_is_not_there_is_refused_in_one_sentence(server: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**server.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=r"s3://sounds/x cannot be written .*AWS_ENDPOINT_URL"):
        Bucket.checked("s3://sounds/x", writable=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="cannot be written"):
        Bucket.checked(f"{tmp_path.as_uri()}/x", writable=True)


def test_a_server_that_is_away_for_a_while_costs_waiting(server: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("trainables.bucket.patience.SAID_SECONDS", 0.5)
    bucket = Bucket.checked(f"s3://{BUCKET}/away", writable=True)
    said: list[str] = []
    bucket.patience.say = said.append
    server.stop()
    threading.Timer(6.0, server.go_on).start()
    began = time.monotonic()
    bucket.write("late", b"here")
    assert time.monotonic() - began > 3
    assert bucket.read("late") == b"here"
    assert len(said) == 2
