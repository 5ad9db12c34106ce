"""Columns by the names of other programs: the spellings of scikit-learn, NeMo, Common Voice, and what is in doubt."""

import pytest

from analysis.predictions.column_names import SPELLINGS, by_our_names
from trainables.errors import InputError


@pytest.mark.parametrize(
    "names",
    [
        ("example_id", "target", "output"),
        ("id", "y_true", "y_pred"),
        ("audio_filepath", "text", "pred_text"),
        ("path", "sentence", "Hypothesis"),
        ("FileName", "Ground Truth", "predicted-label"),
    ],
)
def test_known_names(names: tuple[str, ...]) -> None:
    columns = {name: [name] for name in names}
    found, notes = by_our_names("a.csv", columns)
    assert found == dict(zip(("example_id", "target", "output"), ([name] for name in names), strict=True))
    assert len(notes) == (0 if names[0] == "example_id" else 1)


def test_our_own_name_is_taken_before_any_other() -> None:
    columns = {"id": ["1"], "example_id": ["2"], "output": ["x"], "prediction": ["y"], "target": ["x"], "label": ["z"]}
    assert by_our_names("a.csv", columns) == (columns, [])


def test_of_several_names_of_an_example_the_first_of_the_list_is_taken() -> None:
    found, notes = by_our_names("a.csv", {"path": ["a/b.wav"], "utt_id": ["7"], "label": ["x"], "pred": ["x"]})
    assert (found["example_id"], found["path"]) == (["7"], ["a/b.wav"])
    assert notes == ["a.csv: columns were read by what they are called: 'utt_id' as example_id, 'label' as target, "
                     "'pred' as output."]  # fmt: skip


def test_two_columns_for_one_are_refused_unless_they_say_the_same() -> None:
    columns = {"id": ["1"], "label": ["x"], "text": ["y"], "pred": ["x"], "hyp": ["z"]}
    with pytest.raises(InputError) as caught:
        by_our_names("a.csv", columns)
    assert [problem.split(" may")[0] for problem in caught.value.problems] == [
        "a.csv: 'label' and 'text'",
        "a.csv: 'pred' and 'hyp'",
    ]
    found, _ = by_our_names("a.csv", {**columns, "text": ["x"], "hyp": ["x"]})
    assert found["target"] == found["output"] == ["x"]


def test_no_spelling_stands_for_two_of_ours() -> None:
    every = [spelling for spellings in SPELLINGS.values() for spelling in spellings]
    assert len(every) == len(set(every))
