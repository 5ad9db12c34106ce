"""Test clips with what every arm answered, and their sound."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from flask.testing import FlaskClient

from sweeps.browse.clips import clips_of, in_few_words
from sweeps.browse.watch import Watcher
from sweeps.state.workspace import Workspace
from tests.sweeps.browse.made_up import concluded, searched


@pytest.fixture
def over(workspace: Workspace) -> Workspace:
    searched(workspace, 3)
    concluded(workspace)
    return workspace


def test_the_hardest_come_first_with_every_arms_answer(over: Workspace) -> None:
    sweep = Watcher(over.results).sweep(over.sweep_id)
    assert sweep is not None
    clips = clips_of(sweep)
    assert [clip.example_id for clip in clips] == ["clip-3", "clip-1", "clip-0", "clip-2"]
    assert (clips[0].wrong, clips[0].right_share) == (1, 0.0)
    assert clips[1].answers == {"finalist 1": ("NONSPEECH",), "baseline": ("SPEECH",)}


def test_a_clip_sounds_as_the_backbone_heard_it(client: FlaskClient, over: Workspace) -> None:
    answer = client.get(f"/sweeps/{over.sweep_id}/clips/confirm/2.wav")
    assert answer.mimetype == "audio/wav"
    heard, rate_hz = soundfile.read(io.BytesIO(answer.data))
    original, _ = soundfile.read(over.results / "clip-2.wav")
    assert rate_hz == 16_000
    np.testing.assert_allclose(heard, original, atol=2 / 32768)
    part = client.get(f"/sweeps/{over.sweep_id}/clips/confirm/2.wav", headers={"Range": "bytes=0-43"})
    assert (part.status_code, len(part.data)) == (206, 44)  # players of some browsers ask for nothing else


def test_only_the_missed_ones(client: FlaskClient, over: Workspace) -> None:
    page = client.get(f"/sweeps/{over.sweep_id}/clips?only=wrong").text
    assert ("clip-3" in page, "clip-0" in page) == (True, False)
    assert "<audio controls" in page


def test_sound_that_was_cleaned_away_is_said(client: FlaskClient, over: Workspace) -> None:
    for path in (over.folder / "data" / "test").iterdir():
        path.unlink()
    page = client.get(f"/sweeps/{over.sweep_id}/clips").text
    assert "The sound of 4 was cleaned away" in page
    assert "<audio" not in page


def test_answers_of_several_seeds_in_few_words() -> None:
    assert in_few_words(["a", "a"]) == "a"
    assert in_few_words(["a", "b", "b", ""]) == "b 2×, a 1×, (nothing) 1×"
    assert in_few_words([""]) == "(nothing)"
