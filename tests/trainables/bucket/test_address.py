"""URIs: what is opened, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainables.bucket.address import is_uri, open_address
from trainables.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/sweeps", True),
        ("gs://bucket", True),
        ("file:///srv/sweeps", True),
        ("s3:/bucket", True),  # a slip, which `open_address` refuses; never a folder named `s3:`
        ("results", False),
        ("/srv/a:b", False),
        ("C:/sweeps", False),
        ("sqlite.db", False),
        (None, False),
    ],
)
def test_what_is_taken_for_a_uri(text: str | None, expected: bool) -> None:
    assert is_uri(text) is expected


def test_a_local_one_is_a_folder(tmp_path: Path) -> None:
    address = open_address(f"{tmp_path.as_uri()}/sweeps/")
    assert (address.base, address.is_object_store) == (f"{tmp_path}/sweeps", False)
    assert address.uri == f"{tmp_path.as_uri()}/sweeps"


def test_s3_takes_its_server_and_region_from_the_environment_or_the_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    address = open_address("s3://bucket/sweeps")
    assert (address.base, address.endpoint, address.files.region) == (
        "bucket/sweeps",
        "http://127.0.0.1:9000",
        "eu-central-1",
    )
    chosen = open_address("s3://bucket/sweeps?region=us-west-2&endpoint_override=127.0.0.1:9001&scheme=http")
    assert (chosen.endpoint, chosen.files.region, chosen.base) == ("127.0.0.1:9001", "us-west-2", "bucket/sweeps")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3://id:secret@bucket/sweeps", "holds a key"),
        ("s3://id@bucket/sweeps", "holds a key"),
        ("s3://bucket/sweeps?secret_key=abc", "holds a key"),
        ("abfs://container@account.net/x?sas_token=abc", "holds a key"),
        ("s3://bucket/sweeps?regoin=x", "asks for regoin"),
        ("s3:/bucket", "names no place"),
        ("s3://", "names no place"),
        ("gopher://bucket/x", "cannot be opened"),
        ("hf://datasets/x", "no store that pyarrow itself can write"),
    ],
)
def test_what_is_refused(uri: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=said) as refused:
        open_address(uri)
    assert len(refused.value.problems) == 1
    assert refused.value.problems[0].startswith("results: ")
    assert "secret@" not in refused.value.problems[0]
