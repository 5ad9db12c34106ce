"""`s3://bucket/sweeps`, `gs://bucket/sweeps`, and every other URI that pyarrow has a file system for.

Keys never stand in it, for a sweep's file goes into the record: pyarrow takes them from the environment, from the
files of AWS and Google, or from the machine's own role.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from trainables.errors import InputError
from trainables.redact import redacted

LIKE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # one letter before the colon is a drive of Windows
OBJECT_STORES = ("s3", "gcs", "abfs")  # as pyarrow calls them: no folders there, and a file appears whole
SECRET = re.compile(r"key|secret|token|password|credential", re.I)
CONNECT_SECONDS, ANSWER_SECONDS, ATTEMPTS = 5.0, 20.0, 2  # a store that is away is seen, and asked again from here
S3_QUERY = ("region", "scheme", "endpoint_override")


@dataclass(frozen=True)
class Address:
    """Where results live."""

    uri: str  # as given, without a slash at its end
    files: Any  # pyarrow.fs.FileSystem
    base: str  # the folder there
    endpoint: str = ""  # the server of a store that is not Amazon's own

    @property
    def is_object_store(self) -> bool:
        return self.files.type_name in OBJECT_STORES


def is_uri(text: str | None) -> bool:
    return text is not None and LIKE_URI.match(text) is not None


def open_address(uri: str, *, field: str = "results") -> Address:
    """Opens nothing but the file system: whether there is such a bucket is seen when it is asked.

    Raises InputError, with the `field` that the URI stands in: no file system for it, a key in it, a part missing.
    """
    uri = uri.rstrip("/")
    parts = urlsplit(uri)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.password or (parts.username and parts.scheme == "s3") or any(map(SECRET.search, query)):
        raise InputError(
            f"{field}: the URI holds a key or a password, and a sweep's file goes into its record: leave it out and "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or what the store's own library reads)."
        )
    if not uri[len(parts.scheme) :].startswith("://") or not (parts.netloc or parts.path.strip("/")):
        raise InputError(f"{field}: {uri!r} names no place; write s3://BUCKET/FOLDER, or a folder's path.")
    if parts.scheme == "s3":
        return _on_s3(uri, field, parts.netloc + unquote(parts.path), query)
    from pyarrow import ArrowException, fs

    if parts.scheme in ("gs", "gcs"):  # Google's library would try for a quarter of an hour, deaf to Ctrl-C
        uri_read = f"{uri}{'&' if parts.query else '?'}retry_limit_seconds={ANSWER_SECONDS:g}"
    else:
        uri_read = uri
    try:
        files, base = fs.FileSystem.from_uri(uri_read)
    except (ArrowException, OSError, ImportError, ValueError) as error:
        raise InputError(f"{field}: {uri!r} cannot be opened ({first_line(error)}); s3:// and gs:// can.") from None
    if files.type_name.startswith("py::"):  # through fsspec: it does not say when a file was written
        raise InputError(f"{field}: {uri!r} is no store that pyarrow itself can write; s3:// and gs:// are.")
    return Address(uri, files, base.rstrip("/"))


def _on_s3(uri: str, field: str, base: str, query: dict[str, str]) -> Address:
    from pyarrow import fs

    if unknown := sorted(query.keys() - set(S3_QUERY)):
        raise InputError(f"{field}: {uri!r} asks for {', '.join(unknown)}; after ? stand {', '.join(S3_QUERY)} alone.")
    named = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    endpoint = query.get("endpoint_override") or named
    region = query.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        if region is None:
            region = "us-east-1" if endpoint else fs.resolve_s3_region(base.partition("/")[0])
        files = fs.S3FileSystem(
            region=region,
            scheme=query.get("scheme"),
            endpoint_override=endpoint or None,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=ANSWER_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS),
            allow_delayed_open=True,  # one request for a small file, not three
        )
    except (OSError, ValueError) as error:
        raise InputError(f"{field}: {uri!r} cannot be opened ({first_line(error)}).") from None
    return Address(uri, files, base.rstrip("/"), endpoint)


def first_line(error: BaseException) -> str:
    """What a store's library says, in one line and without what looks like a key."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return redacted(re.sub(r"\s*\(Request ID: [^)]*\)", "", said))[:200]
