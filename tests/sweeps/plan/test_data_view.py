"""The page of what was understood of a source, word by word."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from sweeps.plan.data_view import account_view, left_over, sound_view
from trainables.data.reading import Account
from trainables.data.sound.facts import sound_facts
from trainables.data.sound.recording import AudioInfo
from trainables.data.understood import Understood, understood


def text_of(rendered: RenderableType, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(rendered)
    assert isinstance(console.file, StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


def account() -> Account:
    found = Account(layout="class folders below the split folders test and train")
    found.origins.update(split="the names of the top folders", label="the names of the folders below them")
    found.columns_unread.update({"take": 4, "speaker": 36})
    for index in range(5):
        found.not_read(f"cow/{index}.m4a", "of a format that is not read")
    found.not_read("cow/LICENCE", "no sound")
    for index in range(3):
        found.leave_out(f"t.csv line {index + 2}", "the column label is empty.")
    found.leave_out("t.csv line 9", "c.wav: does not exist.", sound=True)
    found.guesses.append("The folders train and test are splits, and no classes.")
    found.advice.append("Class cow has one clip.")
    return found


PAGE = """\
read as   class folders below the split folders test and train
label     the names of the folders below them
split     the names of the top folders
not read  columns (rows that fill them): speaker (36), take (4)
          5 .m4a files: of a format that is not read (cow/0.m4a, cow/1.m4a, cow/2.m4a and 2 more)
          1 file without an ending: no sound (cow/LICENCE)
left out  4 clips; a run lists them in left_out.csv
          t.csv line 2, t.csv line 3, t.csv line 4: the column label is empty
          t.csv line 9: c.wav: does not exist
guessed   The folders train and test are splits, and no classes."""


def test_the_page_of_an_account() -> None:
    assert text_of(account_view(understood(account()))) == PAGE


@pytest.mark.parametrize("width", [80, 120, 200])
def test_long_reasons_are_folded_below_themselves(width: int) -> None:
    found = account()
    found.guesses.append("A long sentence of many words. " * 12)
    lines = text_of(account_view(understood(found)), width).splitlines()
    assert all(len(line) <= width for line in lines)
    assert lines[-1].startswith(" " * 10)


def test_the_start_of_a_run_counts_what_is_left_over() -> None:
    assert left_over(understood(account())) == "2 columns not read, 6 files not read, 4 clips left out, 1 guess"
    assert left_over(Understood()) == ""


def test_a_thousand_reasons_stay_a_page() -> None:
    found = Account()
    for index in range(1000):
        found.columns_unread[f"column{index}"] = 1
        found.not_read(f"a.{index}", f"reason {index}")
        found.leave_out(f"line {index}", f"problem {index}")
    lines = text_of(account_view(understood(found)), 200).splitlines()
    assert len(lines) < 25
    assert "and 988 more" in "\n".join(lines[:2])
    assert "992 files for 992 further reasons" in "\n".join(lines)
    assert "992 clips more, for other reasons" in lines[-1]


SOUND = """\
files        .wav (3 files), .mp3 (1 file)
sample rate  44,100 Hz (3 files), 8,000 Hz (1 file)
channels     1 (4 files)
clips last   0.3 to 5 s, median 1.05 s
             0.25 to 0.5 s  1  ████████████████████
             0.5 to 1 s     0
             1 to 2 s       2  ████████████████████████████████████████
             2 to 4 s       0
             4 to 8 s       1  ████████████████████"""


def headers(*rates: int) -> list[tuple[str, AudioInfo]]:
    return [(f"{i}.{'mp3' if rate == 8000 else 'wav'}", AudioInfo(rate, 1, rate, 1.0)) for i, rate in enumerate(rates)]


def test_the_page_of_sound() -> None:
    assert text_of(sound_view(sound_facts(headers(44100, 44100, 8000, 44100), [0.3, 1.0, 1.1, 5.0]))) == SOUND


def test_clips_of_one_length_need_no_histogram() -> None:
    assert text_of(sound_view(sound_facts(headers(8000), [1.0, 1.0]))).splitlines()[-1] == "clips last   1 s each"


def test_many_sample_rates_stay_a_line() -> None:
    shown = text_of(sound_view(sound_facts(headers(*range(8001, 8101)), [1.0])), 200)
    assert "and 96 others (96 files)" in shown
