"""Languages as people write them."""

from __future__ import annotations

import pytest
from transformers.models.whisper.tokenization_whisper import LANGUAGES, TO_LANGUAGE_CODE

from trainables.tasks.languages import SPOKEN, language_code, named, nearest


def test_the_list_is_the_published_one() -> None:
    assert dict(SPOKEN) == {code: name for code, name in LANGUAGES.items() if code != "yue"}  # large-v3 alone has it


@pytest.mark.parametrize("name", TO_LANGUAGE_CODE)
def test_every_published_name(name: str) -> None:
    assert language_code(name) == language_code(name.title()) == TO_LANGUAGE_CODE[name]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("en", "en"), (" EN ", "en"), ("eng", "en"), ("en-US", "en"), ("en_GB", "en"), ("en_US.UTF-8", "en"),
        ("deu", "de"), ("ger", "de"), ("de-DE", "de"), ("zh-CN", "zh"), ("zh_Hant_TW", "zh"), ("cmn", "zh"),
        ("nb", "no"), ("nob", "no"), ("iw", "he"), ("fil", "tl"), ("jv", "jw"), ("sr-Latn", "sr"), ("ku", "ku"),
        ("yue", "yue"), ("", None), ("x", None), ("12", None), ("klingon!", None), ("-", None), ("unknown", None),
    ],
)  # fmt: skip
def test_spellings(written: str, code: str | None) -> None:
    assert language_code(written) == code


def test_names_and_near_ones() -> None:
    assert named("de") == "de (German)"
    assert named("ku") == "ku"
    assert nearest("germn", tuple(SPOKEN))[0] == "de"
    assert nearest("zz", tuple(SPOKEN))
