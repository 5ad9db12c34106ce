"""The verdict as the note of a sweep's own run."""

from __future__ import annotations

from sweeps.record.verdict_note import verdict_note

VERDICT = {
    "sentence": "finalist 1 (rank 8) is better.",
    "metric": "test accuracy",
    "labels": {"finalist 1": "finalist 1 (rank 8)"},
    "rows": [
        {"name": "finalist 1", "mean": 0.9, "interval": [0.85, 0.95], "values": {"1": 0.88, "2": 0.92}},
        {"name": "baseline", "mean": 0.8, "interval": None, "values": {"1": 0.8}},
    ],
    "constant": {"answer": "SPEECH", "value": 0.5},
    "warnings": ["few groups"],
}


def test_it_has_the_sentence_a_row_an_arm_and_the_warnings() -> None:
    note = verdict_note(VERDICT)
    assert note.startswith("**finalist 1 (rank 8) is better.**")
    assert "| finalist 1 (rank 8) | 0.900 | 0.850 to 0.950 | 0.880, 0.920 |" in note
    assert "| baseline | 0.800 | – | 0.800 |" in note
    assert "always “SPEECH”" in note
    assert "- Note: few groups" in note


def test_what_comes_from_data_is_no_markdown() -> None:
    note = verdict_note({**VERDICT, "constant": {"answer": "a | <b>*x*</b>\n# y", "value": 0.5}})
    assert "always “a \\| \\<b\\>\\*x\\*\\</b\\> \\# y”" in note


def test_a_verdict_of_a_sentence_alone() -> None:
    assert verdict_note({"sentence": "c0 is better."}) == "**c0 is better.**"
