"""What is confirmed, and when that is enough: rules and what a spec makes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sweeps.config import load
from sweeps.config.load import parse_sweep
from trainables.errors import InputError

SHIPPED = (load.shipped_folder() / "qwen_lora.yaml").read_text()


def with_confirm(text: str) -> str:
    return f"{SHIPPED}\nconfirm: {text}\n"


@pytest.mark.parametrize(
    ("given", "looks"),
    [
        ("{}", (2, 3, 5)),
        ("{stop: sequential}", (2, 3, 5)),
        ("{looks: [3]}", (3, 5)),
        ("{stop: never}", (5,)),
    ],
)
def test_looks_come_by_themselves_or_as_they_are_named(given: str, looks: tuple[int, ...]) -> None:
    assert parse_sweep(with_confirm(given)).looks == looks


def test_outer_folds_and_two_seeds_are_looked_at_once() -> None:
    assert parse_sweep(SHIPPED.replace("[123, 456, 789, 2024, 31337]", "[123, 456]")).looks == (2,)
    spec = parse_sweep(SHIPPED)
    assert replace(spec, data=replace(spec.data, outer_folds=3)).looks == (5,)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{looks: [2, 5]}", "confirm.looks: a look at 5 seeds, and seeds.confirm has 5"),
        ("{looks: [3, 2]}", "confirm.looks: must increase, got 3, 2"),
        ("{looks: [1]}", "at least 2"),
        ("{worth: 1.5}", "confirm.worth: val/accuracy lies between 0 and 1"),
        ("{worth: -0.1}", "above 0"),
        ("{stop: soon}", "sequential"),
    ],
)
def test_what_cannot_be_is_said(given: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_sweep(with_confirm(given))
    assert said in str(caught.value)
