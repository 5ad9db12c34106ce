"""What reaches the bucket and in which order, and what another machine has of it after this one was lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trainables.bucket.bucket import Bucket
from trainables.bucket.kept import is_kept
from trainables.bucket.lease import Lease
from trainables.bucket.mirror import Mirror, driver_runs_here, folder_of, uri_of
from trainables.bucket.patience import Patience
from trainables.bucket.uploader import Uploader
from trainables.errors import InputError, SweepStopped

SWEEP = "tones-20260101-000000-abcd"


class Machine:
    """A local folder of its own, on one bucket."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.mirror = Mirror(Bucket.checked(uri, writable=True), folder)
        self.lease = Lease(self.mirror.bucket, self.mirror.id, expires_seconds=1.0)

    def write(self, path: str, content: str) -> None:
        file = self.mirror.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def files(self) -> dict[str, str]:
        root = self.mirror.root
        paths = [path for path in root.rglob("*") if path.is_file()]
        names = {path.relative_to(root).as_posix(): path for path in paths}
        return {name: path.read_text() for name, path in names.items() if is_kept(name)}

    def begin(self) -> Uploader:
        self.lease.take()
        self.lease.of_sweep(SWEEP)
        uploader = Uploader(self.mirror, self.lease, SWEEP, snapshot=copied)
        uploader.begin()
        return uploader


def copied(record: Path, copy: Path) -> bool:
    shutil.copy(record, copy)
    return True


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Callable[[str], Machine]]:
    made: list[Machine] = []

    def make(name: str) -> Machine:
        made.append(Machine(f"{tmp_path.as_uri()}/bucket", tmp_path / name))
        return made[-1]

    yield make
    for one in made:
        one.lease._over.set()


def test_another_machine_has_what_was_flushed_and_nothing_of_this_machine_alone(
    machine: Callable[[str], Machine],
) -> None:
    here = machine("here")
    here.write(f"{SWEEP}/sweep.json", "{}")
    here.write(f"{SWEEP}/explore/journal.jsonl", "one\n")
    here.write(f"{SWEEP}/explore/trial_00000/final/whole.json", "whole")
    here.write(f"{SWEEP}/explore/trial_00000/final/seed-1/adapter/a.safetensors", "weights")
    here.write(f"{SWEEP}/explore/trial_00001/.epoch-00001.abc/half", "half written")
    here.write(f"{SWEEP}/explore/tune/state.json", "Tune's")
    here.write(f"{SWEEP}/data/train/sound.bin", "decoded")
    here.write(f"{SWEEP}/fold-a/data/test/sound.bin", "decoded")
    here.write(f"{SWEEP}/sweep.lock", "")
    here.write("mlartifacts/run/artifacts/predictions/test.parquet", "answers")
    here.write("mlflow.db", "record")
    here.write("another-sweep/sweep.json", "not of this driver")
    uploader = here.begin()
    uploader.flush()
    there = machine("there")
    assert not there.mirror.is_ahead(SWEEP)
    assert here.mirror.is_ahead(SWEEP)
    for part in (SWEEP, "mlartifacts"):
        there.mirror.fetch(part)
    expected = {path: text for path, text in here.files().items() if not path.startswith(("another", "mlflow"))}
    assert there.files() == expected
    assert len(expected) == 5
    assert there.mirror.bucket.read("mlflow.db") == b"record"
    here.write(f"{SWEEP}/explore/journal.jsonl", "one\ntwo\n")
    uploader.flush()
    there.mirror.fetch_heads()
    there.mirror.fetch(SWEEP, only=("journal.jsonl",))
    assert there.files()[f"{SWEEP}/explore/journal.jsonl"] == "one\ntwo\n"
    assert uploader.end()


def test_what_a_journal_speaks_of_is_there_before_it_and_what_is_whole_says_so_last(
    machine: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = machine("here")
    bucket, written = here.mirror.bucket, []
    write, upload = bucket.write, bucket.upload
    monkeypatch.setattr(bucket, "write", lambda path, content: (written.append(path), write(path, content)))
    monkeypatch.setattr(bucket, "upload", lambda local, path: (written.append(path), upload(local, path)))
    point = f"{SWEEP}/explore/trial_00000/epoch-00001"
    for name in ("whole.json", "history.json", "seed-1/state", "zz"):
        here.write(f"{point}/{name}", name)
    here.write(f"{SWEEP}/journal.jsonl", "begun\n")
    here.write(f"{SWEEP}/explore/journal.jsonl", "result\n")
    uploader = here.begin()
    uploader.flush()
    ours = [path for path in written if path.startswith(SWEEP) and "writer" not in path]
    assert set(ours[:3]) == {f"{point}/history.json", f"{point}/seed-1/state", f"{point}/zz"}
    assert ours[3:] == [f"{point}/whole.json", f"{SWEEP}/journal.jsonl", f"{SWEEP}/explore/journal.jsonl"]
    assert uploader.end()


def test_a_file_goes_from_the_bucket_after_the_journal_that_says_why(machine: Callable[[str], Machine]) -> None:
    here = machine("here")
    point = f"{SWEEP}/explore/trial_00000/epoch-00001/whole.json"
    here.write(point, "whole")
    here.write(f"{SWEEP}/explore/journal.jsonl", "running\n")
    uploader = here.begin()
    uploader.flush()
    (here.mirror.root / point).unlink()
    uploader.pass_once()
    assert here.mirror.bucket.found(point) is not None
    uploader.pass_once()
    assert here.mirror.bucket.found(point) is None
    assert uploader.end()


def test_what_a_killed_driver_had_not_taken_out_goes_in_the_next_session(machine: Callable[[str], Machine]) -> None:
    here = machine("here")
    here.write(f"{SWEEP}/sweep.json", "{}")
    here.mirror.bucket.write(f"{SWEEP}/explore/trial_00000/epoch-00001/whole.json", b"old")
    uploader = here.begin()
    uploader.flush()
    uploader.flush()
    assert here.mirror.bucket.listing(SWEEP).keys() - {f"{SWEEP}/.writer.json"} == {f"{SWEEP}/sweep.json"}
    assert uploader.end()


def test_a_machine_that_comes_back_takes_what_another_has_done_since(machine: Callable[[str], Machine]) -> None:
    first = machine("first")
    first.write(f"{SWEEP}/sweep.json", "{}")
    first.write(f"{SWEEP}/explore/trial_00009/final/whole.json", "of a tail that was lost")
    uploader = first.begin()
    uploader.flush()
    assert uploader.end()
    first.lease.release()
    second = machine("second")
    second.mirror.fetch(SWEEP)
    (second.mirror.root / SWEEP / "explore" / "trial_00009" / "final" / "whole.json").unlink()
    second.write(f"{SWEEP}/verdict.json", "won")
    uploader = second.begin()
    assert uploader.end()
    second.lease.release()
    assert not first.mirror.is_ahead(SWEEP)
    first.mirror.fetch(SWEEP)
    first.mirror.drop_what_is_gone(SWEEP)
    assert first.files() == {f"{SWEEP}/sweep.json": "{}", f"{SWEEP}/verdict.json": "won"}


def test_a_driver_whose_lease_was_taken_writes_nothing_more(machine: Callable[[str], Machine]) -> None:
    here = machine("here")
    here.write(f"{SWEEP}/sweep.json", "mine")
    uploader = here.begin()
    uploader.flush()
    here.lease.lost = "another (process 7)"
    here.write(f"{SWEEP}/sweep.json", "late")
    with pytest.raises(SweepStopped, match="taken over by a driver on another"):
        uploader.flush()
    assert not uploader.end()
    assert here.mirror.bucket.read(f"{SWEEP}/sweep.json") == b"mine"


def test_a_store_that_stays_away_is_said_and_ends_the_upload(
    machine: Callable[[str], Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = machine("here")
    here.write(f"{SWEEP}/sweep.json", "{}")
    uploader = here.begin()
    uploader.flush()

    def away(local: Path, path: str) -> None:
        here.mirror.bucket.patience.call("s3://b", lambda: (_ for _ in ()).throw(OSError("no route")))

    here.mirror.bucket.patience = Patience(0.5)
    monkeypatch.setattr(here.mirror.bucket, "upload", away)
    here.write(f"{SWEEP}/sweep.json", "{1}")
    with pytest.raises(SweepStopped, match="has not answered"):
        uploader.flush()
    assert "no route" in uploader.gave_up
    assert not uploader.end()


def test_the_folder_says_whose_it_is_and_has_one_driver(machine: Callable[[str], Machine]) -> None:
    here = machine("here")
    root = here.mirror.root
    assert uri_of(root) == here.mirror.bucket.uri
    assert uri_of(root / "none") is None
    assert Mirror(here.mirror.bucket, root).id == here.mirror.id
    assert not driver_runs_here(root)
    with here.mirror.held():
        assert driver_runs_here(root)
        assert Mirror.at(root) is None
        with pytest.raises(InputError, match="another process of this machine"), here.mirror.held():
            pass
    assert Mirror.at(root) is not None


def test_one_folder_for_each_uri_and_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from trainables.bucket.address import open_address

    monkeypatch.setenv("AUDIO_SWEEPS_CACHE", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    first = folder_of(Bucket(open_address("s3://bucket/a")))
    assert first == folder_of(Bucket(open_address("s3://bucket/a/")))
    assert first.parent == tmp_path / "buckets"
    assert first.name.startswith("s3-bucket-a-")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9001")
    others = {folder_of(Bucket(open_address(uri))) for uri in ("s3://bucket/a", "s3://bucket-a")}
    assert len({first, *others}) == 3
