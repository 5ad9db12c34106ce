"""`key=value`, the `miniature:` block, and the sizes that stand in for the published ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.config.axis import Axis
from sweeps.config.load import load_sweep, load_variants, parse_variants
from sweeps.config.spec import FinalistsSpec, SweepSpec
from trainables.errors import InputError


def axis(spec: SweepSpec, name: str) -> Axis | None:
    return next((axis for axis in spec.axes if axis.name == name), None)


def problems_of(*overrides: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        load_sweep("qwen_lora", overrides)
    return caught.value.problems


def test_values_are_yaml_at_dotted_keys() -> None:
    spec = load_sweep(
        "qwen_lora",
        [
            "trials=64",
            "finalists=3",
            "train.weight_decay=1e-3",
            "search.rank={choice: [16, 32]}",
            "search.learning_rate=3e-4",
            "search.scheduler={choice: [linear, cosine]}",
            "baseline.scheduler=linear",
            "train.clip_norm=null",
            "limits.hours=1.5",
            "data.columns={group: speaker}",
            "seeds.explore=[1, 2]",
        ],
    )
    assert (spec.trials, spec.finalists, spec.train.weight_decay, spec.train.clip_norm) == (
        64,
        FinalistsSpec(3),
        1e-3,
        None,
    )
    assert axis(spec, "rank") == Axis("rank", "choice", (16, 32))
    assert axis(spec, "scheduler") == Axis("scheduler", "choice", ("linear", "cosine"))
    assert spec.fixed == {"learning_rate": 3e-4}
    assert (spec.hours, spec.data.columns, spec.explore_seeds) == (1.5, {"group": "speaker"}, (1, 2))


def test_finalists_per_axis() -> None:
    assert load_sweep("qwen_lora", ["finalists={per: target_modules}"]).finalists.per == "target_modules"


def test_an_override_may_narrow_an_axis_that_a_condition_names() -> None:
    spec = load_sweep("qwen_lora", ["search.rank={choice: [4, 8]}"])
    assert axis(spec, "lora_dropout") is not None  # never asked for, as no rank that it needs is left
    load_sweep("qwen_lora", ["search.rank=8"])


def test_null_takes_an_axis_away_but_is_a_clip_norm() -> None:
    spec = load_sweep("qwen_lora", ["search.lora_dropout=null", "baseline.lora_dropout=null"])
    assert axis(spec, "lora_dropout") is None
    assert "lora_dropout" not in spec.baseline
    spec = load_sweep("qwen_lora", ["search.clip_norm={choice: [null, 1.0]}", "baseline.clip_norm=null"])
    assert axis(spec, "clip_norm") == Axis("clip_norm", "choice", (None, 1.0))
    assert spec.baseline["clip_norm"] is None


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("trials=abc", "command line: trials=abc: trials: expected a whole number of at least 1"),
        ("trials=", "command line: trials=: trials: expected a whole number"),
        ("trials", "command line: trials: expected key=value"),
        ("=3", "command line: =3: expected key=value"),
        ("search..rank=3", "command line: search..rank=3: expected key=value"),
        ("trails=3", "command line: trails=3: trails: unknown key (nearest: trials)"),
        ("epochs=3", "command line: epochs=3: epochs: unknown key here: write train.epochs"),
        ("search.rank=[4, 8]", "command line: search.rank=[4, 8]: search.rank: got a bare list"),
        ("search.rank={choice: [4", "command line: search.rank={choice: [4: not valid YAML"),
        ("search.rank={choice: [4, 4]}", "search.rank.choice[1]: 4 stands twice"),
        ("trials.count=3", "trials.count cannot be set: trials is 16 (qwen_lora:"),
        ("task.prompt=Speech? Answer: yes", "text that holds ': ' goes in quotes"),
        ("baseline.rank=8", "baseline.lora_dropout: is open only when rank in [16, 32, 64]"),
        ("miniature.search.rnk=8", "miniature.search.rnk: unknown key (nearest: search.rank)"),
        ("trials=!!python/name:os.system x", "the tag !!python/name:os.system is not allowed"),
        ("name=a\nb", r"command line: name=a\nb: name: expected a name of letters"),
    ],
)
def test_bad_overrides(override: str, problem: str) -> None:
    [found] = problems_of(override)
    assert problem in found
    assert "\n" not in found


def test_the_same_key_twice() -> None:
    assert problems_of("trials=3", "trials=4") == ("command line: trials=4: trials is given twice; keep one.",)


def test_files_on_the_command_line_start_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.jsonl").write_text("")
    (tmp_path / "clips").mkdir()
    (tmp_path / "speech_detection").mkdir()
    assert load_sweep("qwen_lora", ["data.source=my.jsonl"]).data.source == str(tmp_path / "my.jsonl")
    assert load_sweep("qwen_lora", ["data.source=clips"]).data.source == str(tmp_path / "clips")
    assert load_sweep("qwen_lora", ["data.evaluate={far: my.jsonl}"]).data.evaluate == {"far": "my.jsonl"}
    assert load_sweep("qwen_lora", ["data.evaluate.far=my.jsonl"]).data.evaluate == {"far": str(tmp_path / "my.jsonl")}
    for source in ("speech_detection", "absent.jsonl", "someone/dataset"):
        assert load_sweep("qwen_lora", [f"data.source={source}"]).data.source == source


def test_a_warm_start_may_repeat_what_is_fixed_but_not_contradict_it() -> None:
    spec = load_sweep("qwen_qlora", ["warm_start=[{quantization: nf4, rank: 8}]"])
    assert spec.warm_start == ({"rank": 8},)
    with pytest.raises(InputError, match="the search fixes it at nf4, got none"):
        load_sweep("qwen_qlora", ["warm_start=[{quantization: none}]"])


@pytest.mark.parametrize("variant", ["published", "miniature"])
def test_the_record_reads_back_as_the_same_sweep(variant: str) -> None:
    given = ["task.labels=['yes', 'no', '1e-3', 'null', '010', '1:30']", "data.source='2024-01-01'", "search.rank=8"]
    given += [
        "warm_start=[{learning_rate: 1e-4, model_size: 7b}]",
        "packing=off",
        "train.weight_decay=1e-5",
        "baseline.rank=32",
    ]
    spec = getattr(load_variants("qwen_lora", given), variant)
    again = getattr(parse_variants(spec.source_text, recorded=True, base_folder=spec.base_folder), variant)
    assert spec.task_options["labels"] == ("yes", "no", "1e-3", "null", "010", "1:30")
    assert {**vars(again), "source_text": ""} == {**vars(spec), "source_text": ""}
