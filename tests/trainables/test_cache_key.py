"""A digest changes with whatever a computed tensor depends on, and with nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from trainables import cache_key
from trainables.cache_key import digest, front_end, source_digest


def loaded(processor: Any, **extra: Any) -> Any:
    return SimpleNamespace(processor=processor, extra=extra)


def processor(rate_hz: int) -> Any:
    return SimpleNamespace(to_json_string=lambda: f'{{"sampling_rate": {rate_hz}}}')


def test_parts_do_not_run_into_each_other() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["a", "b"]) == digest(("a", "b"))
    assert len(digest([])) == 16


def test_a_front_end_is_known_by_its_settings() -> None:
    first = list(front_end(loaded(processor(16_000), window=torch.ones(4), bins=80)))
    assert first == list(front_end(loaded(processor(16_000), bins=80, window=torch.ones(4))))
    for other in (
        loaded(processor(8_000), window=torch.ones(4), bins=80),
        loaded(processor(16_000), window=torch.zeros(4), bins=80),
        loaded(processor(16_000), window=torch.ones(4), bins=64),
        loaded({"a": processor(16_000), "b": processor(16_000)}, window=torch.ones(4), bins=80),
    ):
        assert list(front_end(other)) != first


def test_a_source_file_is_known_by_its_bytes() -> None:
    assert source_digest(cache_key) != source_digest(__import__("trainables.config", fromlist=["config"]))
    assert any(part.startswith("torch ") for part in cache_key.versions())
