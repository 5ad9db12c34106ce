"""Whatever a file or a command line holds, it gives a SweepSpec or an InputError."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeps.config import load, resolve
from sweeps.config.load import parse_sweep
from sweeps.config.schema import PATCHABLE, ROOT
from sweeps.config.search_types import SEARCH
from sweeps.config.spec import SweepSpec
from trainables.errors import InputError

LORA = (load.shipped_folder() / "qwen_lora.yaml").read_text()
WORDS = sorted(
    {word for key in PATCHABLE for word in key.split(".")} | {"choice", "uniform", "int", "log_int", "when", "per"}
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 70) | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["3b", "none", "nf4", "attention", "val/loss", "auto", "off", "1e-3", "~", *WORDS])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
SETTINGS = settings(max_examples=40, deadline=None, derandomize=True)


def outcome(text: str, *overrides: str) -> SweepSpec | None:
    problems: tuple[str, ...] = ()
    try:
        spec = parse_sweep(text, overrides)
    except InputError as error:
        problems = error.problems
        spec = None
    assert not any("\n" in problem for problem in problems), problems
    if spec is None:
        assert problems
        return None
    resolve.baseline_config(spec)
    resolve.configurations_count(spec)
    assert parse_sweep(spec.source_text, recorded=True).axes == spec.axes
    return spec


@SETTINGS
@given(st.text() | st.text(alphabet="[]{}:,-&*!#|>'\"% \n\tab01", max_size=60))
def test_any_text(text: str) -> None:
    outcome(text)
    outcome(LORA, text)
    outcome(LORA, f"search={text}")
    outcome(LORA, f"{text}=1")


@SETTINGS
@given(st.sampled_from(sorted(ROOT.fields)), VALUES)
def test_any_value_under_a_known_key(key: str, value: Any) -> None:
    content: dict[str, Any] = yaml.safe_load(LORA)
    outcome(yaml.safe_dump({**content, key: value}))
    outcome(LORA, f"{key}={yaml.safe_dump(value, default_flow_style=True)}")


@SETTINGS
@given(
    st.dictionaries(
        st.sampled_from(sorted(SEARCH.fields)),
        SCALARS
        | st.fixed_dictionaries(
            {},
            optional={
                "choice": st.lists(SCALARS, max_size=3),
                "uniform": st.lists(st.floats(0, 1), min_size=2, max_size=2),
                "log_uniform": st.lists(st.floats(0, 1), min_size=2, max_size=2),
                "int": st.lists(st.integers(0, 9), min_size=2, max_size=2),
                "when": st.dictionaries(
                    st.sampled_from(sorted(SEARCH.fields)), st.lists(SCALARS, max_size=2), max_size=2
                ),
            },
        ),
        max_size=6,
    ),
    st.dictionaries(st.sampled_from(sorted(SEARCH.fields)), SCALARS, max_size=6),
)
def test_any_search_and_baseline(search: dict[str, Any], baseline: dict[str, Any]) -> None:
    content: dict[str, Any] = yaml.safe_load(LORA)
    outcome(yaml.safe_dump({**content, "search": search}))
    outcome(yaml.safe_dump({**content, "search": {"model_size": "3b", **search}, "baseline": baseline}))
    outcome(
        yaml.safe_dump({**content, "search": {"model_size": "3b", **search}, "baseline": {}, "warm_start": [baseline]})
    )


@SETTINGS
@given(st.data())
def test_a_file_with_lines_lost_or_swapped(data: st.DataObject) -> None:
    lines = LORA.splitlines()
    first, second = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, len(lines) - 1))
    outcome("\n".join(lines[:first] + lines[first + 1 :]))
    lines[first], lines[second] = lines[second], lines[first]
    outcome("\n".join(lines))
