"""The account of what was understood of a source."""

from __future__ import annotations

from trainables.data.reading import Account


def test_the_same_guess_about_several_tables_is_said_once() -> None:
    whole = Account()
    for rows, column in ((6, "path"), (14, "path"), (3, "file")):
        whole.include(Account(guesses=[f"audio is read from {column!r} ({rows} rows fill it).", "The same."]))
    assert whole.guesses == [
        "audio is read from 'path' (20 rows fill it).",
        "The same.",
        "audio is read from 'file' (3 rows fill it).",
    ]
