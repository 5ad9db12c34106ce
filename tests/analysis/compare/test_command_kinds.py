"""The command line over ratings, texts, several labels a clip, and losses (test_command.py has labels)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.predictions.files import read_file
from analysis.predictions.metrics import METRICS
from tests.analysis.compare.written import SEEDS, classified, named, outcome, refused, regression


def test_regression_and_its_correlations(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    target = rng.standard_normal((60, 2))
    for name, noise in (("a", 0.4), ("b", 0.8)):
        rows = [
            {"example_id": f"e{i}", "seed": seed, "target": list(t), "output": list(t + noise * rng.standard_normal(2))}
            for seed in (1, 2, 3)
            for i, t in enumerate(target)
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    found = outcome(capsys, tmp_path / "a.json", tmp_path / "b.json")
    assert found["metric"] == "mae"
    assert found["winner"] == "a"  # less is better
    assert found["difference"] < 0
    williams = named(found, "difference in correlation, Williams")
    assert [test["scope"] for test in williams] == ["column 0", "column 1"]
    assert all("Holm over columns" in test["note"] for test in williams)
    correlated = outcome(capsys, tmp_path / "a.json", tmp_path / "b.json", "--metric", "ccc")
    assert correlated["difference"] > 0
    assert correlated["mode"] == "max"


def test_transcripts(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    words = [[f"w{u}x{n}" for n in range(10)] for u in range(40)]
    for name, share in (("a", 0.05), ("b", 0.2)):
        rows = [
            {
                "example_id": f"u{u}",
                "seed": s,
                "target": " ".join(own),
                "output": " ".join(w if rng.random() > share else "x" for w in own),
            }
            for s in (1, 2, 3)
            for u, own in enumerate(words)
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    files = (tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    assert "if these are transcripts, say --metric wer" in refused(capsys, *files)
    found = outcome(capsys, *files, "--metric", "wer")
    assert found["winner"] == "a"
    assert found["texts_scored_as"] == "as the files give them"
    assert len(named(found, "matched-pairs sentence-segment test")) == 3
    assert all("cannot be averaged" in row["note"] for row in found["ensembles"])


def test_the_loss_of_one_seed_is_tested_as_a_loss(tmp_path: Path, capsys) -> None:
    """a has more right, b the better loss by a little: nothing that McNemar's test of accuracy could say."""
    for name, wrong, size in (("a", 2, 0.04), ("b", 12, 0.06)):
        rows = []
        for i in range(40):
            target, other = ("a", "b") if i % 2 else ("b", "a")
            output = other if i < wrong else target
            gap = {target: 0.0, other: 0.0} | {output: size}
            rows.append(
                {"example_id": f"e{i}", "target": target, "output": output, **{f"score/{c}": gap[c] for c in "ab"}}
            )
        pd.DataFrame(rows).to_csv(tmp_path / f"{name}.csv", index=False)
    files = (tmp_path / "a.csv", tmp_path / "b.csv")
    found = outcome(capsys, *files, "--metric", "loss")
    assert found["method"] == "t-test over test groups"
    assert found["interval"][0] <= found["difference"] <= found["interval"][1]
    assert found["winner"] is None
    assert outcome(capsys, *files)["winner"] == "a"  # of accuracy


@pytest.mark.parametrize("seeds", [SEEDS, (None,)])
def test_a_declared_winner_on_loss_is_shown_by_its_own_interval(tmp_path: Path, capsys, seeds) -> None:
    a, b = (
        classified(tmp_path / f"{n}.csv", c, seeds=seeds, stream=i) for i, (n, c) in enumerate([("a", 3.0), ("b", 0.5)])
    )
    found = outcome(capsys, a, b, "--metric", "loss")
    low, high = found["interval"]
    assert low <= found["difference"] <= high
    assert (found["winner"] is not None) == (not low <= 0.0 <= high)
    assert found["p_value"] != pytest.approx(outcome(capsys, a, b)["p_value"])


def test_a_correlation_with_constant_outputs_is_refused(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    targets = rng.standard_normal(60) + 0.1
    good = regression(tmp_path / "good.csv", targets + rng.standard_normal(60), targets)
    for number in range(5):
        flat = regression(tmp_path / f"flat{number}.csv", np.full(60, rng.standard_normal()), targets)
        assert "a correlation is not defined" in refused(capsys, good, flat, "--metric", "pearson")
        assert METRICS["pearson"](read_file(flat).runs[0]) == 0.0  # as the ratings' task scores it
    assert outcome(capsys, good, flat, "--metric", "mae")["p_value"] is not None


def test_outputs_that_hardly_vary_beside_their_distance_are_refused(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    targets = rng.standard_normal(60)
    good = regression(tmp_path / "good.csv", targets + rng.standard_normal(60), targets)
    far = regression(tmp_path / "far.csv", targets + 1e9, targets)
    near = regression(tmp_path / "near.csv", targets + 1e4, targets)
    assert "but for rounding" in refused(capsys, good, far, "--metric", "pearson")
    assert outcome(capsys, good, near, "--metric", "pearson")["winner"] == "near"


def test_of_several_ratings_one_without_spread_is_left_out_and_said(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    targets = rng.standard_normal((60, 2))
    targets[:, 1] = 3.0
    for name, noise in (("a", 0.3), ("b", 1.5)):
        outputs = targets + noise * rng.standard_normal((60, 2))
        rows = [{"example_id": i, "target": list(targets[i]), "output": list(outputs[i])} for i in range(60)]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    found = outcome(capsys, tmp_path / "a.json", tmp_path / "b.json", "--metric", "ccc")
    assert found["winner"] == "a"
    assert any("rating 2 are the same" in warning for warning in found["warnings"])


def test_several_labels_a_clip(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    targets = (rng.random((60, 3)) < 0.4).astype(float)
    for name, noise in (("a", 0.5), ("b", 3.0)):
        shares = 1 / (1 + np.exp(1 - 2 * targets - noise * rng.standard_normal((60, 3))))
        rows = [{"example_id": i, "target": list(targets[i]), "output": list(shares[i])} for i in range(60)]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    files = tmp_path / "a.json", tmp_path / "b.json"
    found = outcome(capsys, *files)
    assert (found["metric"], found["winner"]) == ("map", "a")
    assert any("several labels a clip" in warning for warning in found["warnings"])
    assert all("needs the order" in test["note"] for test in found["tests"][1:] if "bootstrap" in test["method"])
    assert outcome(capsys, *files, "--metric", "macro_f1")["winner"] == "a"
    assert "for classification" in refused(capsys, *files, "--metric", "accuracy")
