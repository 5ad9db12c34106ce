"""Texts whose letters were lost on their way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.data.doubts.encodings import encoding_doubts, mended
from trainables.data.doubts.labels import label_doubts


@pytest.mark.parametrize("text", ["schön und groß", "ça va", "naïve “quotes”", "добрый день", "你好"])
def test_utf8_read_as_windows_1252_is_found(text: str) -> None:
    assert mended(text.encode().decode("cp1252", errors="ignore")) in (text, None)  # some bytes have no sign there
    assert mended(text.encode().decode("latin-1")) == text
    assert mended(text) is None


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_ascii_is_whole(text: str) -> None:
    assert mended(text) is None


def test_texts_and_classes_are_counted_and_shown() -> None:
    (said,) = encoding_doubts(["schÃ¶n", "schön", "gut", "schÃ¶n"], "texts")
    assert said.startswith("2 of 4 texts")
    assert "'schÃ¶n' is 'schön'" in said
    assert any("1 of 3 classes" in sentence for sentence in label_doubts(["cat", "dog", "vÃ¶gel"] * 9))
    assert not encoding_doubts(["schön", "Ångström", "Â", "café"], "texts")
