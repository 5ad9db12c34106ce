from __future__ import annotations

import pytest

from trainables.data.split_names import among_siblings, of_files, split_name, split_names
from trainables.errors import InputError


@pytest.mark.parametrize(
    ("written", "split"),
    [
        *[(name, "train") for name in ("train", "Train", "TRAINING", " train ", "train-clean-100", "train.clean.360")],
        *[
            (name, "train")
            for name in ("training_data", "TrainSet", "train01", "my_train_v2", "trn", "train-00000-of-00004")
        ],
        *[
            (name, "validation")
            for name in ("validation", "val", "VALID", "dev", "dev-other", "valset", "development", "validate")
        ],
        *[
            (name, "test")
            for name in ("test", "Testing", "test-other", "test_set", "testdata", "tst", "Eval", "eval_data")
        ],
        *[(name, None) for name in ("cat", "trainer", "attest", "", "...", "held-out", "train-test", "retrain")],
    ],
)
def test_a_name_alone(written: str, split: str | None) -> None:
    assert split_name(written) == split


@pytest.mark.parametrize(
    ("names", "means"),
    [
        ("train eval", {"train": "train", "eval": "test"}),
        ("train Held-Out", {"train": "train", "Held-Out": "test"}),
        ("train dev eval", {"train": "train", "dev": "validation", "eval": "test"}),
        ("train eval test", {"train": "train", "eval": "validation", "test": "test"}),
        ("dev eval", {"dev": "train", "eval": "test"}),
        ("dev-clean test-clean", {"dev-clean": "train", "test-clean": "test"}),
        ("valid test", {"valid": "validation", "test": "test"}),
        (  # Clotho
            "development validation evaluation",
            {"development": "train", "validation": "validation", "evaluation": "test"},
        ),
        ("train bus", {"train": "train"}),
    ],
)
def test_names_together(names: str, means: dict[str, str]) -> None:
    found = split_names(names.split())
    assert found.of == means
    guessed = {
        name for name, split in means.items() if split_name(name) != split or ("val" in name and name != "valid")
    }
    assert bool(found.said) == bool(guessed)


def test_eval_beside_both_is_asked() -> None:
    with pytest.raises(InputError, match="eval stands beside dev and test"):
        split_names(["train", "dev", "test", "eval"])


def test_a_word_more_makes_a_class_of_a_split_unless_all_are_splits() -> None:
    assert among_siblings({"train whistle", "car horn"}).of == {}
    assert among_siblings({"train whistle", "train horn"}).of == {}
    assert among_siblings({"train_german", "test_german"}).of == {"train_german": "train", "test_german": "test"}
    assert among_siblings({"train", "car"}).of == {"train": "train"}


def test_words_that_all_files_begin_with_name_the_data_set() -> None:
    names = ["speech_test-train-0", "speech_test-validation-0", "speech_test-test-0"]
    assert list(of_files(names).of.values()) == ["train", "validation", "test"]
    assert of_files(["mydata-train", "mydata-valid"]).of == {"mydata-train": "train", "mydata-valid": "validation"}
    assert of_files(["train-clean-100", "train-clean-360"]).of.keys() == {"train-clean-100", "train-clean-360"}


def test_held_out_alone_tells_no_split() -> None:
    assert split_names(["held-out"]).of == {}
    assert split_names(["eval"]).of == {"eval": "test"}
