"""The command line over files: what decides, what stands beside it, and what is refused.

It goes through comparison.py, matching.py, overall.py, pair_tests.py and view.py; test_command_kinds.py has ratings,
texts, tags and losses, test_published.py goes through counts.py."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.compare.command import main, parse
from analysis.predictions.files import read_file
from analysis.predictions.metrics import METRICS
from analysis.stats.multiplicity import holm
from analysis.verdict.comparison import compare
from tests.analysis.compare.written import SEEDS, classified, named, outcome, refused
from trainables.errors import InputError


def test_two_configurations_are_judged_by_the_verdicts_rule(tmp_path: Path, capsys) -> None:
    a, b = classified(tmp_path / "a.csv", 3.0), classified(tmp_path / "b.csv", 0.8, stream=1)
    found = outcome(capsys, a, b)
    expected = compare(read_file(a).runs, read_file(b).runs, METRICS["accuracy"], metric_name="accuracy")
    assert found["winner"] == "a"
    assert found["difference"] == pytest.approx(expected.difference)
    assert found["interval"] == pytest.approx(expected.interval)
    assert found["p_value"] == pytest.approx(expected.p_value)
    assert found["claim"] == "new seeds and new test groups"
    assert found["verdict"].startswith("a is better than b on accuracy: ")
    assert found["tests"][0]["name"] == "verdict: crossed random effects over seeds and test groups"
    for name in ("McNemar exact", "McNemar mid-p", "Newcombe interval", "Tango score interval"):
        assert len(named(found, name)) == len(SEEDS) + 1  # each seed, and the seeds' ensembles
    for name in ("crossed bootstrap", "paired bootstrap", "permutation", "accuracy within the class"):
        assert all(test["p_value"] is not None for test in named(found, name))
    assert all(test["claim"] for test in found["tests"])
    for name in ("sign-flip", "Wilcoxon"):
        (test,) = named(found, name)
        assert test["p_value"] is None
        assert "0.0625, above 0.05" in test["note"]
    ensembles = [row for row in found["ensembles"] if "together" in row["name"]]
    assert len(ensembles) == 3
    assert all(0.5 < row["value"] <= 1.0 for row in ensembles)


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path, capsys) -> None:
    a, b = classified(tmp_path / "a.csv", 1.6), classified(tmp_path / "b.csv", 1.2, stream=1)
    assert outcome(capsys, a, b) == outcome(capsys, a, b)
    assert outcome(capsys, a, b) != outcome(capsys, a, b, "--seed", "1")


def test_turning_the_two_turns_the_difference(tmp_path: Path, capsys) -> None:
    a, b = classified(tmp_path / "a.csv", 1.6), classified(tmp_path / "b.csv", 1.2, stream=1)
    there, back = outcome(capsys, a, b), outcome(capsys, b, a)
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["interval"] == pytest.approx([-end for end in reversed(back["interval"])])
    assert there["p_value"] == pytest.approx(back["p_value"])


def test_all_pairs_of_more_than_two(tmp_path: Path, capsys) -> None:
    files = [
        classified(tmp_path / f"{name}.csv", c, stream=i)
        for i, (name, c) in enumerate([("a", 3.0), ("b", 0.9), ("c", 0.8)])
    ]
    picture = tmp_path / "ranks.svg"
    found = outcome(capsys, *files, "--screen", "--picture", picture)
    assert found["winner"] == "a"
    assert found["family"].startswith("all 3 pairs of 3 configurations: Holm's correction")
    assert "Benjamini-Hochberg" in found["family"]
    assert len(found["pairs"]) == 3
    for pair in found["pairs"]:
        assert pair["adjusted_p_value"] >= pair["screened_p_value"] >= pair["p_value"]
        assert pair["tests"]
    names = {test["name"] for test in found["tests"]}
    assert {"Cochran's Q", "Friedman over test groups", "Nemenyi, difference of average ranks"} <= names
    assert "<svg" in picture.read_text()
    assert "is better than every other configuration" in found["verdict"]


def test_one_seed_says_what_cannot_be_said(tmp_path: Path, capsys) -> None:
    a, b = (
        classified(tmp_path / f"{n}.csv", c, seeds=(None,), stream=i)
        for i, (n, c) in enumerate([("a", 1.5), ("b", 1.2)])
    )
    found = outcome(capsys, a, b, "--margin", "0.3")
    assert found["method"] == "exact McNemar test"
    assert found["claim"] == "these trained models only, on new test groups"
    assert any("One seed only" in warning for warning in found["warnings"])
    assert not named(found, "sign-flip")
    assert not named(found, "crossed bootstrap")
    assert named(found, "equivalent within 0.3")[0]["p_value"] < 0.05


def test_few_groups_limit_the_claim(tmp_path: Path, capsys) -> None:
    options = {"yes": 4, "examples": 40}
    a, b = classified(tmp_path / "a.csv", 1.5, **options), classified(tmp_path / "b.csv", 1.2, stream=1, **options)
    found = outcome(capsys, a, b)
    assert found["claim"] == "new seeds, on these test groups only"
    assert any("Only 4 test groups in the smallest class" in warning for warning in found["warnings"])
    for test in (*named(found, "crossed bootstrap"), *named(found, "paired bootstrap"), *named(found, "permutation")):
        assert test["p_value"] is None
        assert "4 test groups in the smallest class are too few" in test["note"]
    assert found["verdict"].endswith("The claim is about new seeds, on these test groups only.")


@pytest.mark.parametrize("seeds", [SEEDS, (None,)])
def test_equal_predictions_cannot_be_told_apart(tmp_path: Path, capsys, seeds) -> None:
    a, b = (classified(tmp_path / f"{name}.csv", 1.5, seeds=seeds) for name in "ab")
    found = outcome(capsys, a, b, "--margin", "0.1")
    assert found["winner"] is None
    assert found["p_value"] is None
    assert found["interval"] is None
    assert "nothing can be tested" in found["verdict"]
    one_sided = ("equivalent", "a no worse", "b no worse")
    for test in found["tests"]:
        if not test["name"].startswith(one_sided) and "interval" not in test["name"]:
            assert test["p_value"] is None
            assert "cannot tell" in test["note"]


def test_a_class_without_examples_is_said(tmp_path: Path, capsys) -> None:
    a = classified(tmp_path / "a.csv", 2.0, scores=False)
    b = classified(tmp_path / "b.csv", 1.0, stream=1, scores=False)
    table = pd.read_csv(a)
    table.loc[0, "output"] = "maybe"
    table.to_csv(a, index=False)
    found = outcome(capsys, a, b)
    assert any("No test example is of class maybe" in warning for warning in found["warnings"])
    (silent,) = [test for test in named(found, "accuracy within") if test["scope"] == "class maybe"]
    assert silent["p_value"] is None
    assert all(row["value"] is None for row in found["ensembles"])  # labels alone cannot be averaged


def test_seeds_that_differ_are_paired_and_said(tmp_path: Path, capsys) -> None:
    a = classified(tmp_path / "a.csv", 1.5, seeds=(1, 2, 3))
    b = classified(tmp_path / "b.csv", 1.2, seeds=(7, 8, 9), stream=1)
    found = outcome(capsys, a, b)
    assert any("No seed is common" in warning for warning in found["warnings"])
    assert list(found["configurations"][0]["values"]) == ["1", "2", "3"]
    fixed = classified(tmp_path / "fixed.csv", 1.0, seeds=(None,), stream=2)
    found = outcome(capsys, a, fixed)
    assert any("fixed knows no seed" in warning for warning in found["warnings"])
    assert [row["members"] for row in found["ensembles"]] == [3, 4]
    once = classified(tmp_path / "once.csv", 1.0, seeds=(0,), stream=2)
    zero = classified(tmp_path / "zero.csv", 1.5, seeds=(0, 1, 2))
    found = outcome(capsys, zero, once)  # a seed of number 0 is a seed, and one seed says nothing of new ones
    assert any("Seeds 1, 2 are missing on one side" in warning for warning in found["warnings"])
    assert found["claim"] == "these trained models only, on new test groups"


def test_text_output_has_everything_once(tmp_path: Path, capsys) -> None:
    a, b = classified(tmp_path / "a.csv", 2.5), classified(tmp_path / "b.csv", 0.8, stream=1)
    assert main([str(a), str(b)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("a is better than b on accuracy: ")
    assert text.count("smallest p-value this test can reach here is 0.0625") == 1
    assert "about new seeds and new test groups" in text
    assert "nan" not in text


def test_bad_input_is_refused_with_all_problems(tmp_path: Path, capsys) -> None:
    a = classified(tmp_path / "a.csv", 1.5)
    short = classified(tmp_path / "short.csv", 1.5, examples=118)
    assert "2 only in a, seed 1 (e118, e119), 0 only in short" in refused(capsys, a, short)
    table = pd.read_csv(a)
    pd.concat([table, table.iloc[:1]]).to_csv(tmp_path / "twice.csv", index=False)
    assert "example ids more than once (e0)" in refused(capsys, a, tmp_path / "twice.csv")
    table.loc[3, "output"] = None
    table.to_csv(tmp_path / "holes.csv", index=False)
    assert "NaN, infinite or missing, in 1 examples (e3)" in refused(capsys, a, tmp_path / "holes.csv")
    assert "at least two configurations" in refused(capsys, a)
    assert "stands more than once" in refused(capsys, a, a)
    assert "there is no such metric" in refused(capsys, a, f"b={a}", "--metric", "f2")
    assert "for regression, and the targets and outputs are texts" in refused(capsys, a, f"b={a}", "--metric", "mae")
    assert "at least three configurations" in refused(capsys, a, f"b={a}", "--picture", "x.svg")
    assert "there is no such file" in refused(capsys, a, tmp_path / "absent.csv")


def test_command_lines_that_cannot_be_understood() -> None:
    with pytest.raises(InputError) as caught:
        parse(["--alpha", "2", "--margin", "-1", "--seed", "x", "--colour", "--json"])
    text = "\n".join(caught.value.problems)
    for part in ("--alpha 2", "--margin -1", "--seed x", "--colour is not an option", "Nothing to compare"):
        assert part in text
    with pytest.raises(InputError, match="--metric: a value is missing"):
        parse(["a", "b", "--metric"])
    command = parse(["a", "b", "--alpha=0.1", "--json"])
    assert (command.words, command.alpha, command.json) == (("a", "b"), 0.1, True)


def test_help(capsys) -> None:
    assert main(["--help"]) == 0
    assert "python -m analysis.compare A B" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value"),
    [("--seed", "nan"), ("--seed", "1e400"), ("--alpha", "1e-300"), ("--alpha", "nan")]
    + [("--margin", value) for value in ("nan", "inf", "-inf", "0")],
)
def test_an_option_out_of_range_is_refused(option: str, value: str) -> None:
    with pytest.raises(InputError, match=f"{option} {value}: expected"):
        parse(["a", "b", option, value])


def test_a_margin_that_holds_every_difference_is_refused(tmp_path: Path, capsys) -> None:
    a, b = (classified(tmp_path / f"{name}.csv", 1.5, seeds=(None,)) for name in "ab")
    assert "cannot differ by more than 1" in refused(capsys, a, b, "--margin", "1")
    outcome(capsys, a, b, "--margin", "1", "--metric", "loss")  # which has no upper end
    outcome(capsys, a, b, "--alpha", "0.000001")


def test_labels_are_not_markup(tmp_path: Path, capsys) -> None:
    for name, other in (("a", "[/red]"), ("b", ":smile:")):
        rows = [f"{i},[b]x,{other if i % 3 else '[b]x'}" for i in range(12)]
        (tmp_path / f"{name}.csv").write_text("example_id,target,output\n" + "\n".join(rows) + "\n")
    assert main([f"[i]a={tmp_path}/a.csv", str(tmp_path / "b.csv")]) == 0
    text = capsys.readouterr().out
    for shown in ("[b]x", "[/red]", ":smile:", "[i]a"):
        assert shown in text


def test_rows_without_a_name_or_group_are_refused_with_their_number(tmp_path: Path, capsys) -> None:
    path = tmp_path / "a.csv"
    path.write_text("example_id,group,target,output\n1,,a,a\n2,g,a,b\n,g,a,b\n")
    said = refused(capsys, path, path)
    assert "group is empty in 1 of 3 rows" in said
    assert "example_id is empty in 1 of 3 rows" in said


def test_equivalence_of_several_pairs_is_corrected(tmp_path: Path, capsys) -> None:
    files = [classified(tmp_path / f"{name}.csv", 1.5, stream=i) for i, name in enumerate("abc")]
    pairs = outcome(capsys, *files, "--margin", "0.12")["pairs"]
    shown = [test for pair in pairs for test in pair["tests"] if test["name"].startswith("equivalent within")]
    alone = [float(test["note"].rpartition("alone p = ")[2]) for test in shown]
    assert len(shown) == 3
    assert [test["p_value"] for test in shown] == pytest.approx(holm(alone), rel=1e-3)
    assert all("Holm's correction over 3 pairs" in test["note"] for test in shown)


def test_seeds_of_one_side_only_are_said_in_the_sentence(tmp_path: Path, capsys) -> None:
    a = classified(tmp_path / "a.csv", 1.5, seeds=(1, 2, 3, 4, 5))
    b = classified(tmp_path / "b.csv", 1.2, seeds=(1, 2, 3), stream=1)
    assert "over the 3 seeds that both have, a difference" in outcome(capsys, a, b)["verdict"]
    one = classified(tmp_path / "one.csv", 1.2, seeds=(2,), stream=1)
    assert "under the one seed that both have, a difference" in outcome(capsys, a, one)["verdict"]


def test_a_constant_difference_has_no_variance_to_test_with(tmp_path: Path, capsys) -> None:
    rows = [(seed, i, target) for seed in (1, 2, 3) for i, target in enumerate(["a", "b"] * 60)]
    for name, right in (("right", True), ("wrong", False)):
        table = [
            {"example_id": i, "seed": s, "target": t, "output": t if right else {"a": "b", "b": "a"}[t]}
            for s, i, t in rows
        ]
        pd.DataFrame(table).to_csv(tmp_path / f"{name}.csv", index=False)
    found = outcome(capsys, tmp_path / "right.csv", tmp_path / "wrong.csv")
    assert "no variance to test with" in found["verdict"]
    assert "Cannot tell" not in found["verdict"]
    assert found["winner"] is None


def test_mcnemar_on_few_groups_speaks_of_new_examples_of_them(tmp_path: Path, capsys) -> None:
    a, b = (
        classified(tmp_path / f"{n}.csv", c, seeds=(None,), stream=i, examples=40)
        for i, (n, c) in enumerate([("a", 3.0), ("b", -1.0)])
    )
    for path in (a, b):
        table = pd.read_csv(path)
        table["group"] = [f"g{i % 4}" for i in range(len(table))]
        table.to_csv(path, index=False)
    found = outcome(capsys, a, b)
    assert found["p_value"] is not None
    assert found["claim"] == "these trained models only, on new examples of these test groups"
    for test in found["tests"]:
        if test["claim"] == "these trained models on these test groups only":
            assert test["p_value"] is None


def test_a_silent_mcnemar_quotes_no_error_rate(tmp_path: Path, capsys) -> None:
    a, b = (classified(tmp_path / f"{name}.csv", 1.5) for name in "ab")
    for test in named(outcome(capsys, a, b), "McNemar exact"):
        assert "it is wrong in" not in test["note"]


def test_why_predictions_are_not_averaged_is_said_once(tmp_path: Path, capsys) -> None:
    rows = [
        f"{clip},{seed},{'xy'[clip % 2]},{'xy'[(clip + (clip == seed)) % 2]}" for seed in (1, 2) for clip in range(12)
    ]
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,seed,target,output", *rows]))
    assert main([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert text.count("texts cannot be averaged") == 1
    assert "together (averaged)" not in text
