"""Files that fit no test as they are: what is said of them, from the command line."""

from pathlib import Path

import pandas as pd
import pytest

from analysis.compare.command import main


def written(path: Path, targets: list, outputs: list, **columns: list) -> str:
    rows = {"example_id": [f"e{i}" for i in range(len(targets))], "target": targets, "output": outputs, **columns}
    pd.DataFrame(rows).to_csv(path, index=False)
    return str(path)


def test_numbers_against_texts_are_refused_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings = written(tmp_path / "ratings.csv", [0.5, 1.5] * 10, [0.6, 1.4] * 10)
    labels = written(tmp_path / "labels.csv", ["x", "y"] * 10, ["x", "y"] * 10)
    for pair in ([ratings, labels], [labels, ratings]):
        assert main(pair) == 2
        said = capsys.readouterr().err
        assert "the targets of labels and the outputs of labels are texts, the targets of ratings" in said


def test_why_a_metric_is_not_defined_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent = [written(tmp_path / f"{name}.csv", [""] * 8, heard) for name, heard in (("a", [""] * 8), ("b", ["q"] * 8))]
    assert main([*silent, "--metric", "wer"]) == 2
    assert "Every target is empty, so that there is nothing to count errors in." in capsys.readouterr().err
    scores = {"score/x": [0.9] * 8, "score/y": [0.1] * 8}
    one = [written(tmp_path / f"{name}.csv", ["x"] * 8, ["x"] * 8, **scores) for name in ("c", "d")]
    assert main([*one, "--metric", "auroc"]) == 2
    assert "Every target is 'x', and some metrics need two classes." in capsys.readouterr().err


def test_a_perfect_model_is_not_told_that_a_constant_is_as_well_calibrated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = ["x", "y"] * 20
    sure = {"score/x": [1.0, 0.0] * 20, "score/y": [0.0, 1.0] * 20}
    less = {"score/x": [0.9, 0.2] * 20, "score/y": [0.1, 0.8] * 20}
    pair = [
        written(tmp_path / f"{name}.csv", targets, targets, **own) for name, own in (("sure", sure), ("less", less))
    ]
    assert main([*pair, "--metric", "ece"]) == 0
    said = capsys.readouterr().out
    assert "sure is better than less on ece: 0.000 against 0.150" in said
    assert "constant answer" not in said


@pytest.mark.parametrize(("alpha", "shown"), [("0.05", "95 %"), ("0.000001", "99.9999 %"), ("0.49", "51 %")])
def test_no_interval_is_one_of_100_percent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], alpha: str, shown: str
) -> None:
    targets = ["x", "y"] * 20
    pair = [
        written(tmp_path / f"{name}.csv", targets, [*targets[:wrong], *(["z"] * (40 - wrong))])
        for name, wrong in (("a", 30), ("b", 20))
    ]
    assert main([*pair, "--alpha", alpha]) == 0
    said = capsys.readouterr().out
    assert f"({shown} interval" in said
    assert "100 % interval" not in said
