"""Whole sweep files: the shipped ones, and what is wrong with broken ones. The editor's schema must agree.

Covers `load`, `rules`, `schema`, `search_types`, `scalar_types`, `container_types` and `spec`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from sweeps.config import load, located_yaml, schema
from sweeps.config.axis import Axis
from sweeps.config.load import load_sweep, parse_sweep
from sweeps.config.spec import FinalistsSpec
from trainables.errors import InputError

SHIPPED = sorted(load.shipped_folder().glob("*.yaml"))
LORA = (load.shipped_folder() / "qwen_lora.yaml").read_text()
VALIDATOR = jsonschema.Draft7Validator(json.loads((load.shipped_folder() / "sweep.schema.json").read_text()))


def problems_of(text: str, *overrides: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        parse_sweep(text, overrides, name="my.yaml")
    return caught.value.problems


def edited(old: str, new: str) -> str:
    assert LORA.count(old) == 1, f"{old!r} stands {LORA.count(old)} times in qwen_lora.yaml"
    return LORA.replace(old, new)


def test_the_shipped_example_says_what_it_says() -> None:
    spec = load_sweep("search_spaces/qwen_lora.yaml")
    assert (spec.name, spec.backbone, spec.task_kind) == ("qwen_lora", "qwen2_audio", "label_scoring")
    assert spec.task_options["labels"] == ("SPEECH", "NONSPEECH")
    assert set(spec.task_options) == {"labels", "prompt"}
    assert (spec.data.source, spec.data.validation, spec.data.test) == ("speech_detection", 0.2, 0.4)
    axes = {axis.name: axis for axis in spec.axes}
    assert axes["rank"] == Axis("rank", "choice", (4, 8, 16, 32, 64))
    assert axes["learning_rate"] == Axis("learning_rate", "log_uniform", (1e-5, 1e-3))
    assert axes["lora_dropout"] == Axis("lora_dropout", "uniform", (0.0, 0.1), {"rank": (16, 32, 64)})
    assert spec.fixed == {}
    assert (spec.train.epochs, spec.train.batch_size, spec.train.gradient_accumulation) == (3, 2, 8)
    assert (spec.metric, spec.mode, spec.trials) == ("val/accuracy", "max", 16)
    assert (spec.grace_epochs, spec.reduction_factor) == (1, 3)
    assert (spec.explore_seeds, spec.confirm_seeds) == ((42,), (123, 456, 789, 2024, 31337))
    assert spec.finalists == FinalistsSpec(count=2)
    assert spec.baseline["learning_rate"] == 2e-4
    assert (spec.results, spec.profile, spec.packing) == ("results", "auto", "off")
    assert spec.source_text == LORA
    assert spec.base_folder == str(load.shipped_folder())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_file_opens_with_its_command_and_an_override_that_works(file: Path) -> None:
    command, with_override, language_server = file.read_text().splitlines()[:3]
    assert command == f"# python -m sweeps.run search_spaces/{file.name}"
    assert language_server == "# yaml-language-server: $schema=sweep.schema.json"
    start, overrides = with_override[: len(command)], with_override[len(command) :].split()
    assert start == command
    assert overrides
    load_sweep(f"search_spaces/{file.name}", overrides)
    load_sweep(file)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_schema_takes_shipped_files(file: Path) -> None:
    root, _ = located_yaml.parse(file.read_text(), file.name)
    VALIDATOR.validate(root.plain())


def test_the_shipped_schema_is_that_of_the_tables() -> None:
    jsonschema.Draft7Validator.check_schema(schema.json_schema())
    assert VALIDATOR.schema == schema.json_schema(), (
        "search_spaces/sweep.schema.json is out of step: "
        "python -m sweeps.config.schema > search_spaces/sweep.schema.json"
    )


# what is written in place of what; a part of the message; whether a JSON Schema can say it too; the line that the
# message names, where it is not the new one
BROKEN: dict[str, tuple[str, str, str, bool] | tuple[str, str, str, bool, str]] = {
    "unknown key": ("trials: 16", "trails: 16", "trails: unknown key (nearest: trials)", True),
    "missing key": ("trials: 16", "", "trials: missing", True, "name: qwen_lora"),
    "key elsewhere": ("trials: 16", "trials: 16\nepochs: 3", "epochs: unknown key here: write train.epochs", True),
    "wrong type": ("trials: 16", "trials: many", "trials: expected a whole number of at least 1", True),
    "zero trials": ("trials: 16", "trials: 0", "at least 1", True),
    "negative trials": ("trials: 16", "trials: -3", "at least 1", True),
    "half a trial": ("trials: 16", "trials: 1.5", "a whole number", True),
    "true trials": ("trials: 16", "trials: true", "got true", True),
    "infinite": ("warmup_ratio: 0.1", "warmup_ratio: .inf", "got .inf", True),
    "not a number": ("warmup_ratio: 0.1", "weight_decay: .nan", "got .nan", False),
    "twice": ("trials: 16", "trials: 16\ntrials: 17", "trials: the key stands twice (first at my.yaml:", False),
    "no choices": ("[4, 8, 16, 32, 64]", "[]", "search.rank.choice: expected 1 or more values, got 0", True),
    "duplicate choice": ("[4, 8, 16, 32, 64]", "[4, 8, 16, 32, 64, 8.0]", "8.0 stands twice", True),
    "bare list": ("{choice: [4, 8, 16, 32, 64]}", "[4, 16]", "written rank: {choice: [..]}", True),
    "rank 0": ("[4, 8, 16, 32, 64]", "[0, 16, 32, 64]", "search.rank.choice[0]: expected", True),
    "two kinds": ("{choice: [none, nf4]}", "{choice: [none], uniform: [0, 1]}", "write one of choice for", True),
    "no kind": ("{choice: [none, nf4]}", "{}", "expected exactly one of choice, got none", True),
    "quantization": ("[none, nf4]", "[none, nf3]", "got 'nf3' (nearest: nf4)", True),
    "log from 0": ("[1.0e-5, 1.0e-3]", "[0, 1.0e-3]", "learning_rate.log_uniform[0]", True),
    "log from 0 where 0 is allowed": ("{uniform: [0.0, 0.1]", "{log_uniform: [0.0, 0.1]", "starts above 0", True),
    "reversed": ("[1.0e-5, 1.0e-3]", "[1.0e-3, 1.0e-5]", "expected low below high", False),
    "equal": ("[1.0e-5, 1.0e-3]", "[1.0e-3, 1.0e-3]", "expected low below high", False),
    "three ends": ("[1.0e-5, 1.0e-3]", "[1.0e-5, 1.0e-4, 1.0e-3]", "expected [low, high]", True),
    "dropout 1": ("[0.0, 0.1]", "[0.0, 1.0]", "below 1, got 1.0", True),
    "fractional int axis": ("{choice: [4, 8, 16, 32, 64]}", "{int: [4, 8.5]}", "a whole number", True),
    "not an axis": ("  rank: {choice", "  rnk: {choice", "search.rnk: unknown key (nearest: rank)", True),
    "epochs as an axis": ("search:\n", "search:\n  epochs: {int: [1, 3]}\n", "write train.epochs", True),
    "backbone fixed in search": ("search:\n", "search:\n  backbone: qwen2_audio\n", "expected {choice", True),
    "no size": ("  model_size: {choice: [3b, 7b]}", "  ", "search.model_size: missing", True, "search:"),
    "alpha twice": (
        "search:\n",
        "search:\n  alpha: 16\n",
        "keep one of the two",
        True,
        "alpha_ratio: {choice: [1, 2, 4]}    ",
    ),
    "fractional alpha": ("[1, 2, 4]", "[0.3]", "0.3 times rank 4 is 1.2", False),
    "continuous ratio": ("{choice: [1, 2, 4]}", "{uniform: [1, 2]}", "write one of choice, int, log_int", True),
    "when unknown": ("{rank: [16", "{rnk: [16", "when.rnk: unknown key (nearest: rank)", True),
    "when not in search": ("{rank: [16, 32, 64]}", "{batch_size: 2}", "neither opens nor fixes batch_size", False),
    "when impossible": ("[16, 32, 64]", "[16, 32, 63]", "rank never takes 63", False),
    "when continuous": ("{rank: [16, 32, 64]}", "{learning_rate: 1.0e-4}", "learning_rate is continuous", False),
    "when itself": ("{rank: [16, 32, 64]}", "{lora_dropout: 0.1}", "lora_dropout is continuous", False),
    "backbone": ("backbone: qwen2_audio", "backbone: qwen2_adio", "got 'qwen2_adio' (nearest: qwen2_audio)", True),
    "task kind": ("kind: label_scoring", "kind: label_scorning", "(nearest: label_scoring)", True),
    "no task kind": ("  kind: label_scoring\n", "", "task.kind: missing", True, "task:"),
    "duplicate label": ("[SPEECH, NONSPEECH]", "[SPEECH, SPEECH]", "'SPEECH' stands twice", True),
    "empty label": ("[SPEECH, NONSPEECH]", '[SPEECH, ""]', "expected a label", True),
    "blank label": ("[SPEECH, NONSPEECH]", '[SPEECH, "  "]', "expected a label", True),
    "one label": ("[SPEECH, NONSPEECH]", "[SPEECH]", "expected 2 or more values", True),
    "labels that are bools": (
        "[SPEECH, NONSPEECH]",
        "[yes, no]",
        'YAML reads no as false: write "no" in quotes',
        False,
    ),
    "labels that are nothing": (
        "[SPEECH, NONSPEECH]",
        "[null, ~]",
        'YAML reads ~ as nothing: write "~" in quotes',
        True,
    ),
    "labels that are numbers": ("[SPEECH, NONSPEECH]", "[0, 1]", "YAML reads 0 as a number", True),
    "no prompt": ("  prompt:", "  promt:", "task.promt: unknown key (nearest: prompt)", True),
    "share of 0": ("validation: 0.2", "validation: 0", "expected a number above 0 and below 1, got 0", True),
    "share above 1": ("test: 0.4", "test: 1.4", "data.splits.test", True),
    "shares leave nothing": ("validation: 0.2", "validation: 0.6", "leave nothing to train on", False),
    "renames an unknown column": (
        "{source: speech_detection",
        "{columns: {gruop: a}, source: x",
        "nearest: group",
        True,
    ),
    "renames one column twice": (
        "{source: speech_detection",
        "{columns: {label: a, group: a}, source: x",
        "the column 'a' is also named for group",
        False,
    ),
    "baseline leaves an axis open": (
        "  rank: 16\n",
        "",
        "baseline.rank: missing: the search opens it",
        False,
        "baseline:",
    ),
    "baseline with an inactive axis": (
        "  rank: 16\n",
        "  rank: 8\n",
        "only when rank in [16, 32, 64]",
        False,
        "lora_dropout: 0.05",
    ),
    "baseline with an unknown axis": ("  rank: 16\n", "  rank: 16\n  rnk: 1\n", "baseline.rnk: unknown key", True),
    "baseline beyond the search": ("  rank: 16\n", "  rank: 16\n  batch_size: 4\n", "search neither opens nor", False),
    "baseline of a wrong type": ("  rank: 16\n", "  rank: big\n", "baseline.rank: expected a whole number", True),
    "warm start unknown": ("trials: 16", "trials: 16\nwarm_start: [{rnk: 4}]", "warm_start[0].rnk: unknown", True),
    "warm start outside": ("trials: 16", "trials: 16\nwarm_start: [{rank: 5}]", "5 lies outside the search", False),
    "warm start outside a range": (
        "trials: 16",
        "trials: 16\nwarm_start: [{learning_rate: 0.1}]",
        "outside the search (log_uniform: [1e-05, 0.001])",
        False,
    ),
    "warm start inactive": (
        "trials: 16",
        "trials: 16\nwarm_start: [{rank: 4, lora_dropout: 0.1}]",
        "warm_start[0].lora_dropout: is open only when",
        False,
    ),
    "metric": ("val/accuracy", "val/acuracy", "(nearest: val/accuracy)", True),
    "metric of another split": ("val/accuracy", "test/accuracy", "objective.metric", True),
    "mode": ("mode: max", "mode: most", "expected one of max, min", True),
    "mode against metric": ("mode: max", "mode: min", "val/accuracy is better when higher", False),
    "loss upwards": ("val/accuracy", "val/loss", "val/loss is better when lower: expected min, got max", False),
    "grace": ("grace_epochs: 1", "grace_epochs: 4", "at most train.epochs (3), got 4", False),
    "reduction": ("reduction_factor: 3", "reduction_factor: 1", "at least 2", True),
    "confirm explores": ("31337]", "31337, 42]", "42 also explores", False),
    "confirm repeats": ("31337]", "31337, 123]", "123 stands twice", True),
    "negative seed": ("31337]", "-1]", "seeds.confirm[4]", True),
    "no seeds": ("[42]", "[]", "1 or more", True),
    "too many finalists": ("count: 2", "count: 17", "17 finalists out of 16 trials", False),
    "per a range": ("{count: 2}", "{per: learning_rate}", "no unconditional choice axis", False),
    "per nothing": ("{count: 2}", "{per: batch_size}", "no unconditional choice axis", False),
    "per a misspelling": ("{count: 2}", "{per: target_module}", "nearest: target_modules", True),
    "profile": ("trials: 16", "trials: 16\nprofile: gpu", "profile: expected one of auto, cuda, mps, cpu", True),
    "packing": ("trials: 16", "trials: 16\npacking: 1", "packing: expected", True),
    "results with one slash": ("trials: 16", "trials: 16\nresults: s3:/bucket/x", "a URI with two slashes", True),
    "results as a file's URI": ("trials: 16", "trials: 16\nresults: file:/x", "such as s3://bucket/sweeps", True),
    "scheduler": ("epochs: 3", "scheduler: cosin", "nearest: cosine", True),
    "keep": ("epochs: 3", "keep: first", "train.keep", True),
    "miniature": ("  search.learning_rate:", "  serch.learning_rate:", "(nearest: search.learning_rate)", True),
    "miniature value": ("  baseline.learning_rate: 3.0e-3", "  baseline.learning_rate: 0", "above 0, got 0", True),
    "unsafe tag": ("trials: 16", "trials: !!python/object/apply:os.getcwd []", "the tag", False),
    "not YAML": ("trials: 16", "trials: [16", "not valid YAML", False, "asha: {grace_epochs: 1, reduction_factor: 3}"),
    "nothing in it": (
        "{source: speech_detection, splits: {validation: 0.2, test: 0.4}}",
        "",
        "got nothing",
        True,
        "data:",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_its_place(case: str) -> None:
    old, new, message, schema_too, *elsewhere = BROKEN[case]
    text = edited(old, new)
    problems = problems_of(text)
    [found] = [problem for problem in problems if message in problem]
    line = text.splitlines()[int(found.split(":")[1]) - 1]
    assert (elsewhere[0] if elsewhere else new.strip().splitlines()[-1].strip()) in line
    assert all(problem.startswith("my.yaml:") and problem.endswith(".") for problem in problems)
    if schema_too:
        root, _ = located_yaml.parse(text, "my.yaml")
        assert not VALIDATOR.is_valid(root.plain())


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = edited("[4, 8, 16, 32, 64]", "[]").replace("trials: 16", "trials: x").replace("42]", "42, 123]")
    problems = problems_of(text, "train.epochs=0", "serch.rank=8")
    assert [problem.split(": ")[1] for problem in problems] == [
        "search.rank.choice",
        "trials",
        "seeds.confirm",
        "train.epochs=0",
        "serch.rank=8",
    ]


def test_a_problem_is_not_followed_by_what_follows_from_it() -> None:
    assert len(problems_of(edited("{choice: [4, 8, 16, 32, 64]}", "{choice: [4, x]}"))) == 1
    assert len(problems_of(edited("  rank: 16\n", "  rank: x\n"))) == 1
    assert len(problems_of(edited("count: 2", "count: no"))) == 1


def test_a_circle_of_conditions_is_named() -> None:
    circle = (
        "search:\n"
        "  batch_size: {choice: [2, 4], when: {gradient_accumulation: 1}}\n"
        "  gradient_accumulation: {choice: [1, 2], when: {batch_size: [2]}}\n"
    )
    [problem] = problems_of(edited("search:\n", circle))
    assert problem.endswith(
        ": search.batch_size.when: the conditions go round in a circle: "
        "batch_size -> gradient_accumulation -> batch_size."
    )


def test_conditions_may_name_axes_that_come_later() -> None:
    text = edited("search:\n", "search:\n  warmup_ratio: {uniform: [0, 0.2], when: {lora_dropout: 0.0}}\n")
    text = text.replace("{uniform: [0.0, 0.1], when: {rank", "{choice: [0.0, 0.1], when: {rank")
    names = [axis.name for axis in parse_sweep(text).axes]
    assert names.index("rank") < names.index("lora_dropout") < names.index("warmup_ratio")


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "comment.yaml").write_text("# nothing\n")
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "latin1.yaml").write_bytes("name: a\ntask: é".encode("latin-1"))
    (tmp_path / "two.yaml").write_text("name: a\n---\nname: b\n")
    (tmp_path / "big.yaml").write_text("#" * 300_000)
    expected = {
        "empty.yaml": "the file is empty",
        "comment.yaml": "the file is empty",
        "list.yaml": "expected a mapping",
        "latin1.yaml": "latin1.yaml:2: not UTF-8",
        "two.yaml": "two.yaml:2: not valid YAML",
        "big.yaml": "is this another file?",
        ".": "is a folder",
        "none.yaml": "Shipped sweeps: .*qwen_lora, qwen_qlora",
        "a\0b": "Shipped sweeps",
        "a" * 300: "cannot be opened",
    }
    for name, message in expected.items():
        with pytest.raises(InputError, match=message) as caught:
            load_sweep(tmp_path / name)
        assert len(caught.value.problems) == 1
        assert "\0" not in str(caught.value)


def test_a_file_of_ones_own_goes_before_a_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_sweep("search_spaces/qwen_lora.yaml") == load_sweep("qwen_lora") == load_sweep("qwen_lora.yaml")
    (tmp_path / "qwen_lora.yaml").write_text("\ufeff" + LORA.replace("name: qwen_lora", "name: mine"), encoding="utf-8")
    mine = load_sweep("qwen_lora.yaml")
    assert (mine.name, mine.base_folder) == ("mine", str(tmp_path))
    assert load_sweep("search_spaces/qwen_lora.yaml").name == "qwen_lora"
    with pytest.raises(InputError, match="no such sweep file"):
        load_sweep("elsewhere/qwen_lora.yaml")


def test_reading_loads_nothing_heavy() -> None:
    heavy = ("torch", "ray", "mlflow", "transformers", "optuna", "numpy", "pandas")
    code = (
        "import sys; from sweeps.config.load import load_sweep; import sweeps.config.resolve\n"
        "spec = load_sweep('qwen_lora', ['trials=3'])\n"
        "sweeps.config.resolve.baseline_config(spec)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    root = Path(load.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == "[]"
