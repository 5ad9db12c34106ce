"""Labels that are spelled otherwise, and numbers that may be labels: said before they are compared."""

import json
import unicodedata
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.compare.command import main


def written(path: Path, targets: list, outputs: list) -> Path:
    rows = {"example_id": [f"e{i}" for i in range(len(targets))], "target": targets, "output": outputs}
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def outcome(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict:
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main([*map(str, words)]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("other", [unicodedata.normalize("NFD", "é"), "é "])
def test_a_label_is_the_same_in_every_form_of_unicode_and_beside_spaces(tmp_path: Path, capsys, other: str) -> None:
    targets = ["x", "é"] * 20
    a = written(tmp_path / "a.csv", targets, targets)
    b = written(tmp_path / "b.csv", targets, ["x", other] * 20)
    found = outcome(capsys, a, b)
    assert (found["difference"], found["winner"]) == (0.0, None)
    assert any("b.csv: 20 targets and outputs were brought to" in w for w in found["warnings"])


def test_another_spelling_of_a_label_is_named(tmp_path: Path, capsys) -> None:
    targets = ["x", "é"] * 20
    a = written(tmp_path / "a.csv", targets, targets)
    b = written(tmp_path / "b.csv", targets, ["x", "É"] * 20)
    (note,) = [w for w in outcome(capsys, a, b)["warnings"] if w.startswith("b: labels")]
    assert "20 times, but for spelling the target 'é' (U+00E9)" in note
    c = written(tmp_path / "c.csv", targets, ["x", "zzz"] * 20)
    (note,) = [w for w in outcome(capsys, a, c)["warnings"] if w.startswith("c: labels")]
    assert "'zzz' (20 times)" in note


def test_numbers_taken_as_regression_are_said(tmp_path: Path, capsys) -> None:
    targets = ["1.0", "0.0"] * 20
    a = written(tmp_path / "a.csv", targets, targets)
    b = written(tmp_path / "b.csv", targets, ["1.0", "1.0"] * 20)
    found = outcome(capsys, a, b)
    assert found["metric"] == "mae"
    assert any("if they are labels, say --metric accuracy" in w for w in found["warnings"])
    as_labels = outcome(capsys, a, b, "--metric", "accuracy")
    assert as_labels["difference"] == 0.5
    assert as_labels["method"] == "exact McNemar test"
    p = written(tmp_path / "p.csv", ["1", "0"] * 20, ["0.9", "0.2"] * 20)
    found = outcome(capsys, p, f"q={p}")
    assert any("labels and probabilities" in w for w in found["warnings"])


def test_decimals_are_numbers_and_decimal_commas_are_refused(tmp_path: Path, capsys) -> None:
    values = [Decimal("0.5"), Decimal("1.25")] * 10
    path = tmp_path / "d.parquet"
    pq.write_table(pa.table({"example_id": [str(i) for i in range(20)], "target": values, "output": values}), path)
    assert outcome(capsys, path, f"b={path}")["metric"] == "mae"
    comma = written(tmp_path / "c.csv", ["0,5", "1,25"] * 10, ["0,4", "1,25"] * 10)
    assert "decimal commas" in refused(capsys, comma, f"b={comma}")


ROWS = [(f"e{i}", "ab"[i % 2], "ab"[i % 3 % 2]) for i in range(40)]


@pytest.mark.parametrize(
    ("divider", "encoding"), [(",", "utf-8"), (", ", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-8"), (",", "utf-16")]
)
def test_a_file_in_another_dress_says_the_same(tmp_path: Path, capsys, divider: str, encoding: str) -> None:
    lines = [("example_id", "target", "output"), *ROWS]
    other = tmp_path / "other.csv"
    other.write_text("".join(f"{divider.join(line)}\n" for line in lines), encoding=encoding)
    plain = written(tmp_path / "plain.csv", [target for _, target, _ in ROWS], [output for *_, output in ROWS])
    found = outcome(capsys, other, plain)
    assert found["difference"] == 0.0
    assert found["configurations"][0]["mean"] == found["configurations"][1]["mean"]


def test_columns_by_the_names_of_other_programs(tmp_path: Path, capsys) -> None:
    plain = written(tmp_path / "plain.csv", [target for _, target, _ in ROWS], [output for *_, output in ROWS])
    other = tmp_path / "other.csv"
    other.write_text("File Name;true_label;y-pred;Speaker\n" + "".join(f"{e};{t};{o};{e}\n" for e, t, o in ROWS))
    found = outcome(capsys, other, plain)
    assert found["difference"] == 0.0
    said = "'File Name' as example_id, 'true_label' as target, 'y-pred' as output, 'Speaker' as group"
    assert any(said in w for w in found["warnings"])
    doubt = tmp_path / "doubt.csv"
    doubt.write_text("id,label,prediction,hyp\n" + "".join(f"{e},{t},{o},a\n" for e, t, o in ROWS))
    assert "'prediction' and 'hyp' may each be the output" in refused(capsys, doubt, plain)
