from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.contract import Task
from trainables.data.doubts.check import check_examples
from trainables.data.examples import AudioPiece, Example
from trainables.data.reading import Account, Skip
from trainables.data.sound.audio import load_waveform
from trainables.errors import InputError


def clip(name: str, path: Path, target: object = "a", **rest: object) -> Example:
    return Example(name, (AudioPiece(str(path)),), name, target, **rest)  # type: ignore[arg-type]


def problems_of(examples: list[Example], task: Task) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        check_examples(examples, task)
    return caught.value.problems


def test_good_data_has_no_problems(tmp_path, task, write_tone):
    path = write_tone(tmp_path / "x.wav")
    assert check_examples([clip("1", path), clip("2", path, "b", start_seconds=0.2, seconds=0.1)], task) == [0.5, 0.1]


def test_every_problem_is_found_in_one_go(tmp_path, task, write_tone):
    good = write_tone(tmp_path / "x.wav")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("hello")
    soundfile.write(tmp_path / "zero.wav", np.zeros(0), 16_000)
    examples = [
        clip("same", good),
        clip("same", good),
        clip("label", good, "c"),
        clip("label2", good, "c"),
        clip("missing", tmp_path / "missing.wav"),
        clip("empty", tmp_path / "empty.wav"),
        clip("text", tmp_path / "text.wav"),
        clip("zero", tmp_path / "zero.wav"),
        clip("late", good, start_seconds=400.0),
        clip("nothing", good, seconds=0.0),
        clip("khz", good, lowpass_hz=4.0),
        Example("piece", (AudioPiece(str(good), 0.9),), "g", "a"),
        Example("none", (), "g", "a"),
    ]
    words = [
        "'same' 2 times",
        "label (x.wav), label2 (x.wav): label 'c' is not one of a, b.",
        "missing (missing.wav): does not exist",
        "empty (empty.wav): is empty",
        "text (text.wav): is a text, not sound",
        "zero (zero.wav): holds no samples",
        "late (x.wav): start_seconds is 400 and the sound has 0.5 s (milliseconds",
        "nothing (x.wav): seconds must be above 0",
        "khz (x.wav): lowpass_hz must be at least 50, is 4 (kilohertz",
        "piece (x.wav): a piece starts at 0.9 s",
        "none: names no audio",
    ]
    problems = problems_of(examples, task)
    assert len(problems) == len(words)
    assert all(word in problem for word, problem in zip(words, problems, strict=True)), problems


def test_many_problems_are_counted(tmp_path, task, write_tone):
    path = write_tone(tmp_path / "x.wav")
    problems = problems_of([clip(str(i), path, f"label {i}") for i in range(100)], task)
    assert len(problems) == 21
    assert "80 more" in problems[-1]


def test_problems_that_differ_in_numbers_alone_are_said_once(tmp_path, task, write_tone):
    path = write_tone(tmp_path / "x.wav")
    (problem,) = problems_of([clip(str(i), path, start_seconds=1.0 + i / 10) for i in range(100)], task)
    assert problem == ("0 (x.wav), 1 (x.wav), 2 (x.wav) and 97 more: start_seconds is 1 and the sound has 0.5 s.")


def test_rows_and_sound_count_into_one_bound(tmp_path, task, write_tone):
    good = write_tone(tmp_path / "x.wav")
    (tmp_path / "empty.wav").touch()
    clips = [clip("good", good), clip("label", good, "c"), clip("empty", tmp_path / "empty.wav")]

    def kept(skip: str | int) -> list[str]:
        account = Account()
        account.leave_out("clips.csv line 2", "has fewer values than the header has columns.")
        seconds = check_examples(clips, task, None, account, Skip.from_text(skip))
        assert [row.where for row in account.left_out] == ["clips.csv line 2", "label (x.wav)", "empty (empty.wav)"]
        return [example.id for example, lasts in zip(clips, seconds, strict=True) if not math.isnan(lasts)]

    assert kept(3) == kept("75%") == ["good"]
    for too_few in (2, "74%", "unreadable", "none"):
        with pytest.raises(InputError) as caught:
            kept(too_few)
    assert caught.value.problems[0].startswith("clips.csv line 2: has fewer values")
    assert len(caught.value.problems) == 3


def test_unreadable_sound_may_be_left_out_but_not_all_of_it(tmp_path, task, write_tone):
    (tmp_path / "empty.wav").touch()
    bad = [clip(str(i), tmp_path / "empty.wav") for i in range(9)]
    unreadable = Skip.from_text("unreadable")
    seconds = check_examples([clip("good", write_tone(tmp_path / "x.wav")), *bad], task, None, Account(), unreadable)
    assert seconds[0] == 0.5
    assert all(map(math.isnan, seconds[1:]))
    with pytest.raises(InputError, match=r"6 more: is empty"):
        check_examples(bad, task, None, Account(), unreadable)


@pytest.mark.parametrize(
    ("start", "seconds", "stated", "words"),
    [
        (0.0, 30.0, False, None),  # at most so much is heard
        (0.0, 1500.0, False, "milliseconds"),
        (0.2, 0.5, True, "ends at 0.7 s and the sound has 0.5 s"),
        (0.2, 0.35, True, None),  # ends are rounded
    ],
)
def test_stretches_beyond_the_sound(tmp_path, task, write_tone, start, seconds, stated, words):
    example = clip("x", write_tone(tmp_path / "x.wav"), start_seconds=start, seconds=seconds)
    account = Account(states_ends=stated)
    if words is None:
        assert check_examples([example], task, None, account) == [pytest.approx(0.5 - start)]
    else:
        with pytest.raises(InputError, match=words):
            check_examples([example], task, None, account)


def test_a_file_that_many_clips_share_is_complained_of_once(tmp_path, task):
    assert len(problems_of([clip(str(i), tmp_path / "missing.wav") for i in range(50)], task)) == 1


def test_thousands_of_headers_take_seconds(tmp_path, task, write_tone):
    content = write_tone(tmp_path / "x.wav", seconds=0.1).read_bytes()
    for i in range(1000):
        (tmp_path / f"{i}.wav").write_bytes(content)
    start = time.process_time()
    assert check_examples([clip(str(i), tmp_path / f"{i}.wav") for i in range(1000)], task) == [0.1] * 1000
    assert time.process_time() - start < 3.0


def test_lengths_are_those_of_the_decoded_clips(tmp_path, task, write_tone):
    short, long = AudioPiece(str(write_tone(tmp_path / "x.wav"))), AudioPiece(str(write_tone(tmp_path / "y.wav")), 0.1)
    clips = [
        Example("1", (short,), "g", "a"),
        Example("2", (short, long), "g", "a", start_seconds=0.3),
        Example("3", (short, long), "g", "a", start_seconds=0.3, seconds=0.4),
        Example("4", (short,), "g", "a", start_seconds=0.3, seconds=9.0),
    ]
    assert check_examples(clips, task) == pytest.approx([0.5, 0.6, 0.4, 0.2])
    assert check_examples(clips, task) == pytest.approx([len(load_waveform(clip, 16_000)) / 16_000 for clip in clips])


def test_control_characters_of_many_clips_are_said_once(tmp_path, write_tone):
    class Texts:
        def check_target(self, value: object) -> None: ...

    path = write_tone(tmp_path / "a.wav")
    found = problems_of([clip(f"c{number}", path, "a\x00") for number in range(30)], Texts())  # type: ignore[arg-type]
    assert len(found) == 1
    assert found[0].startswith("c0 (a.wav), c1 (a.wav), c2 (a.wav) and 27 more: its target holds control characters")
