"""What a verdict says of the sweep's own design, beside what the answers show."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from analysis.verdict.comparison import Comparison
from analysis.verdict.result import Row, Verdict
from analysis.verdict.wording import as_record
from sweeps.config.load import load_sweep
from sweeps.judgement import few_trials, says_nothing
from sweeps.record.verdict_note import verdict_note


def comparison(interval: tuple[float, float] | None) -> Comparison:
    values = {1: 0.5, 2: 0.5}
    return Comparison(
        "finalist 1", "baseline", "test accuracy", values, values, 0.0, 0.05, interval, 0.5, 0.5, "groups", "a test",
        groups=5, examples=50, discordant=(), estimate=None, warnings=(),
    )  # fmt: skip


def verdict(*intervals: tuple[float, float] | None) -> Verdict:
    rows = tuple(Row(name, role, {1: 0.5, 2: 0.5}, 0.5, 0.01, (0.4, 0.6)) for name, role in
                 (("finalist 1", "finalist"), ("baseline", "baseline")))  # fmt: skip
    compared = tuple(map(comparison, intervals))
    return Verdict(
        "test accuracy", "max", "baseline", 0, 0.05, rows, compared, (), None, "finalist 1", None, ("finalist 1",), ()
    )


def tried(**of: int) -> list[Any]:
    """Trials of each backbone."""
    return [SimpleNamespace(sample={"backbone": name}) for name, count in of.items() for _ in range(count)]


def test_backbones_that_had_few_trials_are_named() -> None:
    spec = load_sweep("audio_backbones")
    (said,) = few_trials(spec, tried(ast=5, htsat=4, wav2vec2=2, beats=3))
    assert said.startswith("Few trials of a backbone: wav2vec2 2, beats 3. ")
    assert few_trials(spec, tried(ast=4, wav2vec2=9)) == []
    assert few_trials(spec, tried(ast=2)) == []  # nothing is compared


def test_an_axis_that_is_open_for_some_trials_only_counts_those() -> None:
    spec = load_sweep("audio_backbones", ["finalists={per: rank}"])
    trials = [SimpleNamespace(sample=sample) for sample in ({"rank": 4}, {"rank": 8}, {})]
    (said,) = few_trials(spec, trials)  # type: ignore[arg-type]
    assert said.startswith("Few trials of a rank: 4 1, 8 1. ")


def test_intervals_that_exclude_nothing_are_said_to() -> None:
    assert says_nothing(verdict((-0.2, 0.3), None)) == []
    (said,) = says_nothing(verdict((-1.0, 1.0), (-0.2, 0.3)))
    assert said == "Intervals of -1 to +1, of 1 of 2 differences, exclude nothing: 2 seeds are too few to say more."


def test_it_is_kept_with_the_verdict_and_stands_in_its_note() -> None:
    found = replace(verdict((-0.2, 0.3)), design=("Few trials of a backbone: ast 2.",))
    plain = json.loads(json.dumps(as_record(found)))
    assert Verdict.from_dict(plain) == found
    assert "- Note: Few trials of a backbone: ast 2." in verdict_note(plain)
    del plain["design"]
    assert Verdict.from_dict(plain).design == ()
