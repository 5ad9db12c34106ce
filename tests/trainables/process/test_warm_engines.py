"""Which backbones a worker keeps loaded within its memory."""

from __future__ import annotations

from typing import Any

from trainables.process.warm_engines import WarmEngines


def key(name: str) -> Any:
    return name


def test_the_least_recently_used_leaves_first() -> None:
    engines = WarmEngines()
    made: list[str] = []

    def get(name: str, size_bytes: int = 4) -> Any:
        return engines.get(key(name), size_bytes, budget_bytes=8, load=lambda: made.append(name) or object())  # type: ignore[func-returns-value, arg-type, return-value]

    first = get("a")
    get("b")
    assert get("a") is first  # warm, and now the latest
    get("c")  # b leaves
    assert get("a") is first
    get("b")
    assert made == ["a", "b", "c", "b"]
    assert engines.loads == 4


def test_one_that_is_larger_than_the_budget_is_alone() -> None:
    engines = WarmEngines()
    small, large = object(), object()
    engines.get(key("small"), 4, 8, lambda: small)  # type: ignore[arg-type, return-value]
    assert engines.get(key("large"), 100, 8, lambda: large) is large  # type: ignore[arg-type, return-value, comparison-overlap]
    assert engines.get(key("small"), 4, 8, object) is not small  # type: ignore[arg-type, return-value, comparison-overlap]


def test_all_can_be_dropped() -> None:
    engines = WarmEngines()
    engines.get(key("a"), 4, 8, object)  # type: ignore[arg-type]
    engines.clear()
    engines.get(key("a"), 4, 8, object)  # type: ignore[arg-type]
    assert engines.loads == 2
