"""Published counts: the comparison of the README, ranges where papers are silent, and impossible counts."""

import json
import time
from pathlib import Path

import pytest

from analysis.compare.command import main
from analysis.compare.counts import possible_discordance, read_counts
from analysis.compare.published import compare_counts
from analysis.stats.paired_binary import PairedCounts, mcnemar_exact
from trainables.errors import InputError

EXAMPLE = Path(__file__).parents[3] / "examples" / "published" / "attention_mlp.json"


def counts_file(folder: Path, **content) -> Path:
    path = folder / "counts.json"
    path.write_text(json.dumps(content))
    return path


def test_the_published_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    """30 and 31 of 32, 3 discordant: p = 1. The four seeds: 94.5 %, 95 % interval 92.0 to 97.0."""
    assert main([str(EXAMPLE), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    tests = {test["name"]: test for test in found["tests"]}
    assert tests["McNemar exact"]["p_value"] == 1.0
    assert found["p_value"] == 1.0
    assert found["winner"] is None
    assert found["verdict"].startswith("Cannot tell attention+MLP from attention only on accuracy")
    assert found["difference"] == pytest.approx(0.03125)
    assert found["interval"][0] < 0 < found["interval"][1]
    assert found["examples_needed"] == {"0.8": 751, "0.9": 1005}
    seeds = next(row for row in found["configurations"] if len(row["correct"]) == 4)
    assert round(100 * seeds["mean"], 1) == 94.5
    assert [round(100 * end, 1) for end in seeds["interval"]] == [92.0, 97.0]
    assert main([str(EXAMPLE), "--alpha", "0.1", "--json"]) == 0
    at_ninety = json.loads(capsys.readouterr().out)["configurations"][-1]
    assert [round(100 * end, 1) for end in at_ninety["interval"]] == [92.7, 96.4]


def test_t_intervals_agree_with_r(golden) -> None:
    counts = read_counts(EXAMPLE)
    assert compare_counts(counts).spreads[-1].interval == pytest.approx(golden["published.t95"], abs=1e-10)
    assert compare_counts(counts, alpha=0.1).spreads[-1].interval == pytest.approx(golden["published.t90"], abs=1e-10)


def test_as_text_it_names_what_it_claims(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(EXAMPLE)]) == 0
    text = capsys.readouterr().out
    assert "Cannot tell attention+MLP from attention only" in text
    assert "these trained models only" in text
    assert "new seeds on these examples" in text
    assert "about 751 at 80 % power, about 1,005 at 90 % power" in text


def test_without_discordance_the_range_is_given(tmp_path: Path) -> None:
    path = counts_file(tmp_path, examples=100, correct={"a": [90], "b": [80]})
    (pair,) = compare_counts(read_counts(path)).pairs
    assert possible_discordance(90, 80, 100) == (10, 30)
    assert "exact p between 0.0020 (10 discordant) and 0.0987 (30 discordant)" in pair.findings[1].note
    assert pair.comparison.p_value == pytest.approx(0.0987, abs=1e-4)  # the widest case decides
    assert not pair.effects


def test_several_seeds_are_tested_over_seeds_and_pooled(tmp_path: Path) -> None:
    path = counts_file(
        tmp_path,
        examples=200,
        correct={"a": [180, 184, 178, 182, 181, 185], "b": [170, 171, 172, 169, 173, 170]},
        pairs=[{"first": "a", "second": "b", "discordant": [20, 21, 22, 19, 20, 21]}],
    )
    (pair,) = compare_counts(read_counts(path), margin=0.01).pairs
    assert pair.comparison.claim == "groups"
    assert pair.comparison.method == "t-test over seeds"
    names = [finding.name for finding in pair.findings]
    assert "meta-analysis over seeds, Hartung-Knapp" in names
    assert "meta-analysis over seeds, fixed effect" in names
    assert any(name.startswith("equivalent within") for name in names)
    flips = next(finding for finding in pair.findings if finding.name == "sign-flip over seeds")
    assert flips.p_value == 2**-5


def test_equal_seeds_cannot_tell(tmp_path: Path) -> None:
    path = counts_file(tmp_path, examples=50, correct={"a": [45, 45], "b": [45, 45]})
    (pair,) = compare_counts(read_counts(path)).pairs
    assert pair.comparison.p_value is None
    assert "nothing can be tested" in pair.comparison.warnings[-1]


def test_several_pairs_are_a_family(tmp_path: Path) -> None:
    path = counts_file(tmp_path, examples=100, correct={"a": [95], "b": [80], "c": [81]})
    found = compare_counts(read_counts(path))
    assert len(found.pairs) == 3
    raw = [pair.comparison.p_value for pair in found.pairs]
    assert max(raw) <= max(pair.comparison.adjusted_p_value for pair in found.pairs)
    assert min(pair.comparison.adjusted_p_value for pair in found.pairs) == pytest.approx(3 * min(raw))


def test_arms_of_unequal_seeds_are_not_compared(tmp_path: Path) -> None:
    found = compare_counts(read_counts(counts_file(tmp_path, examples=32, correct={"a": [30], "b": [30, 31]})))
    assert found.pairs == ()
    assert "Nothing was compared" in found.as_dict()["verdict"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"examples": 0, "correct": {"a": [1]}}, "examples must be a whole number, at least 1"),
        ({"examples": 32, "correct": {"a": [33]}}, "whole numbers from 0 to 32"),
        ({"examples": 32, "correct": {"a": [0.9]}}, "whole numbers from 0 to 32"),
        ({"examples": 32}, "correct must hold"),
        ({"examples": 32, "correct": {"a": [1]}, "seeds": 3}, "unknown key 'seeds'"),
        (
            {"examples": 32, "correct": {"a": [30], "b": [31]}, "pairs": [{"first": "a", "second": "x"}]},
            "must be two of",
        ),
        (
            {"examples": 32, "correct": {"a": [30], "b": [31, 1]}, "pairs": [{"first": "a", "second": "b"}]},
            "1 and 2 seeds",
        ),
        (
            {
                "examples": 32,
                "correct": {"a": [30], "b": [31]},
                "pairs": [{"first": "a", "second": "b", "discordant": [2]}],
            },
            "2 discordant examples are impossible",
        ),
        (
            {
                "examples": 32,
                "correct": {"a": [30], "b": [31]},
                "pairs": [{"first": "a", "second": "b", "discordant": [5]}],
            },
            "possible are 1, 3, ... up to 3",
        ),
        ({"examples": 32, "correct": {"a": [30]}, "pairs": "all"}, "pairs must be a list"),
        ({"examples": 32, "correct": {"a": [30], "b": [20]}, "metric": "wer"}, "metric 'wer' cannot be compared"),
        ({"examples": 32, "correct": {"a": [30]}, "metric": "Macro F1"}, "metric 'Macro F1' cannot be compared"),
        ({"examples": 32, "correct": {"a": [30]}, "metric": "Word Error Rate"}, "'Word Error Rate' cannot be"),
    ],
)
def test_impossible_counts_are_refused(tmp_path: Path, content: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_counts(counts_file(tmp_path, **content))


@pytest.mark.parametrize("examples", [100, 50_000, 10_000_000])
def test_unknown_discordance_takes_two_tables_however_many_fit(tmp_path: Path, examples: int) -> None:
    right = {"a": [int(0.76 * examples)], "b": [int(0.764 * examples)]}
    started = time.perf_counter()
    (pair,) = compare_counts(read_counts(counts_file(tmp_path, examples=examples, correct=right))).pairs
    assert time.perf_counter() - started < 10
    assert pair.comparison.p_value is not None


def test_the_most_discordant_table_has_the_largest_p_value() -> None:
    for difference in range(7):
        p_values = [
            mcnemar_exact(PairedCounts.divided(only + difference, only, 200)) or 1.0
            for only in range(difference == 0, 60)
        ]
        assert p_values == sorted(p_values)


def test_nothing_compared_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, unequal, none = {"a": [30]}, {"a": [30], "b": [30, 31]}, {"a": [3], "b": [4]}
    for content in ({"correct": one}, {"correct": unequal}, {"correct": none, "pairs": []}):
        assert main([str(counts_file(tmp_path, examples=32, **content))]) == 0
        assert "Nothing was compared" in capsys.readouterr().out


@pytest.mark.parametrize("examples", [0, 32.5, True, 10**30])
def test_numbers_of_examples_that_no_test_set_has_are_refused(tmp_path: Path, examples: float) -> None:
    with pytest.raises(InputError, match="examples must be a whole number, at least 1, at most 1,000,000,000,000"):
        read_counts(counts_file(tmp_path, examples=examples, correct={"a": [1], "b": [2]}, pairs=[]))


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.json"
    path.write_text('{"examples": 32, "correct": {"a": [30], "a": [20], "b": [25]}}')
    with pytest.raises(InputError, match="'a' stands twice"):
        read_counts(path)


def test_ten_seeds_of_the_same_examples_claim_nothing_about_new_ones(tmp_path: Path, capsys) -> None:
    """Each seed says p = 0.245; taken for ten times as many examples they said 4.9e-05."""
    path = counts_file(
        tmp_path,
        examples=1000,
        correct={"a": [910] * 9 + [911], "b": [900] * 9 + [901]},
        pairs=[{"first": "a", "second": "b", "discordant": [60] * 10}],
    )
    assert main([str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    pooled = [test for test in found["tests"] if test["name"].startswith("meta-analysis")]
    assert len(pooled) == 3
    for test in pooled:
        assert (test["p_value"], test["interval"]) == (None, None)
        assert test["claim"] == "new seeds, on these test groups only"
    assert {round(t["p_value"], 3) for t in found["tests"] if t["name"] == "McNemar exact"} == {0.245}


def test_options_that_are_for_predictions_are_refused(tmp_path: Path, capsys) -> None:
    path = str(counts_file(tmp_path, examples=32, correct={"a": [30], "b": [31]}))
    assert main([path, "--metric", "wer", "--screen", "--picture", "x.svg"]) == 2
    assert "--metric, --picture, --screen: for predictions only" in capsys.readouterr().err
