"""The rudiments against the published list, how they are performed, and the clips."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainables.data.examples import Example
from trainables.data.generators import drum_rudiments
from trainables.data.generators.drum_rudiments import SECONDS, Player, draw_player, perform
from trainables.data.generators.rudiments import RUDIMENTS, Rudiment
from trainables.data.generators.snare import SAMPLE_RATE_HZ, draw_drum
from trainables.data.splits import draw_splits

BY_NAME = {rudiment.name: rudiment for rudiment in RUDIMENTS}

# As the PAS list prints them, twice through; grace notes in small letters, accents left out
PUBLISHED = {
    "single_stroke_seven": "RLRLRLR LRLRLRL",
    "triple_stroke_roll": "RRRLLL RRRLLL",
    "double_stroke_open_roll": "RRLLRRLL RRLLRRLL",
    "five_stroke_roll": "RRLLR LLRRL",
    "six_stroke_roll": "RLLRRL RLLRRL",
    "seven_stroke_roll": "RRLLRRL RRLLRRL",
    "nine_stroke_roll": "RRLLRRLLR LLRRLLRRL",
    "ten_stroke_roll": "RRLLRRLLRL RRLLRRLLRL",
    "single_paradiddle": "RLRR LRLL",
    "double_paradiddle": "RLRLRR LRLRLL",
    "triple_paradiddle": "RLRLRLRR LRLRLRLL",
    "single_paradiddle_diddle": "RLRRLL RLRRLL",
    "flam": "lR rL",
    "flam_accent": "lRLR rLRL",
    "flam_tap": "lRR rLL",
    "flamacue": "lRLRLlR rLRLRrL",
    "flam_paradiddle": "lRLRR rLRLL",
    "single_flammed_mill": "lRRLR rLLRL",
    "flam_paradiddle_diddle": "lRLRRLL rLRLLRR",
    "pataflafla": "lRLRrL lRLRrL",
    "swiss_army_triplet": "lRRL lRRL",
    "inverted_flam_tap": "lRL rLR",
    "flam_drag": "lRLLR rLRRL",
    "drag": "llR rrL",
    "single_drag_tap": "llRL rrLR",
    "double_drag_tap": "llRllRL rrLrrLR",
    "lesson_25": "llRLR llRLR",
    "single_dragadiddle": "RRLRR LLRLL",
    "drag_paradiddle_1": "RllRLRR LrrLRLL",
    "drag_paradiddle_2": "RllRllRLRR LrrLrrLRLL",
    "single_ratamacue": "llRLRL rrLRLR",
    "double_ratamacue": "llRllRLRL rrLrrLRLR",
    "triple_ratamacue": "llRllRllRLRL rrLrrLrrLRLR",
}
NUMBERS = ("five", "six", "seven", "nine", "ten", "eleven", "thirteen", "fifteen", "seventeen")
COUNTS = dict(zip(NUMBERS, (5, 6, 7, 9, 10, 11, 13, 15, 17), strict=True))


def twice(rudiment: Rudiment) -> str:
    return " ".join(
        "".join(stroke.grace + stroke.hand for stroke in rudiment.strokes(mirrored=again and rudiment.alternates))
        for again in (False, True)
    )


def test_there_are_forty_in_their_published_order_and_families() -> None:
    assert [rudiment.number for rudiment in RUDIMENTS] == list(range(1, 41))
    assert len(BY_NAME) == 40
    families = {15: "seventeen_stroke_roll", 16: "single_paradiddle", 20: "flam", 30: "flam_drag", 31: "drag"}
    assert {number: RUDIMENTS[number - 1].name for number in families} == families
    assert len(set(map(twice, RUDIMENTS))) >= 38  # single strokes are told apart by rhythm, or by bounces


@pytest.mark.parametrize("name", PUBLISHED)
def test_stickings_are_the_published_ones(name: str) -> None:
    assert twice(BY_NAME[name]) == PUBLISHED[name]


@pytest.mark.parametrize("name", NUMBERS)
def test_numbered_rolls_have_their_number_of_strokes_in_doubles(name: str) -> None:
    rudiment = BY_NAME[f"{name}_stroke_roll"]
    strokes = rudiment.strokes()
    assert len(strokes) == COUNTS[name]
    singles = [stroke for stroke in strokes if stroke.accent]
    doubles = [stroke.hand for stroke in strokes if not stroke.accent]
    assert len(singles) == (2 if name in ("six", "ten") else 1)
    assert all(doubles[i] == doubles[i + 1] for i in range(0, len(doubles), 2))
    assert all(doubles[i] != doubles[i + 2] for i in range(0, len(doubles) - 2, 2))
    lengths = {stroke.beats for stroke in strokes if not stroke.accent}
    assert lengths == {Fraction(1, 8)}


@pytest.mark.parametrize("rudiment", RUDIMENTS, ids=lambda rudiment: rudiment.name)
def test_grace_notes_accents_and_bars(rudiment: Rudiment) -> None:
    strokes = rudiment.strokes()
    for stroke in strokes:
        assert stroke.grace in ("", *({"R": ("l", "ll"), "L": ("r", "rr")}[stroke.hand]))  # the other hand's
        assert stroke.beats > 0
    graces = {len(stroke.grace) for stroke in strokes} - {0}
    if 20 <= rudiment.number <= 30:
        assert graces == {1}
    elif rudiment.number >= 31 and rudiment.name != "single_dragadiddle":
        assert graces == {2}
    else:
        assert graces == set()
    assert (rudiment.beats * 2).denominator == 1  # whole eighth notes
    assert rudiment.beats <= 3
    if "ratamacue" in rudiment.name:
        assert [stroke.accent for stroke in strokes] == [False] * (len(strokes) - 1) + [True]
    if "paradiddle" in rudiment.name:
        assert [stroke.accent for stroke in strokes] == [True] + [False] * (len(strokes) - 1)


@pytest.fixture(scope="module")
def player() -> Player:
    return draw_player(np.random.default_rng(5))


def test_a_performance_follows_the_score(player: Player) -> None:
    steady = replace(player, jitter_seconds=0.0, jitter_db=0.0)
    for rudiment in RUDIMENTS:
        hits = perform(steady, rudiment, np.random.default_rng(1))
        strokes = rudiment.strokes()
        touches = sum(1 + len(stroke.grace) + 5 * stroke.buzz for stroke in strokes)
        assert len(hits) % touches == 0
        first, second = hits[:touches], hits[touches : 2 * touches]
        moved = [late.seconds - early.seconds for early, late in zip(first, second, strict=True)]
        beats = float(rudiment.beats)
        bpm = 60 * beats / np.mean(moved)
        assert np.ptp(moved) < 1e-9
        assert bpm == pytest.approx(player.tempo_bpm, rel=0.081)
        mirrored = [early.hand != late.hand for early, late in zip(first, second, strict=True)]
        assert mirrored == [rudiment.alternates] * touches
        assert first[0].seconds >= 0


def test_grace_notes_come_just_before_their_stroke_and_softly(player: Player) -> None:
    steady = replace(player, jitter_seconds=0.0, jitter_db=0.0)
    for name, count in (("flam", 1), ("drag", 2)):
        hits = perform(steady, BY_NAME[name], np.random.default_rng(1))
        for *grace, stroke in (hits[i : i + count + 1] for i in range(0, len(hits), count + 1)):
            gaps = np.diff([hit.seconds for hit in (*grace, stroke)])
            assert ((gaps > 0.02) & (gaps < 0.051)).all()
            assert all(note.hand != stroke.hand and note.level_db < stroke.level_db - 4 for note in grace)


def test_accents_are_louder_and_timing_wanders_as_drawn(player: Player) -> None:
    wandering, paradiddle = replace(player, jitter_seconds=0.004), BY_NAME["single_paradiddle"]
    hits = [hit for seed in range(30) for hit in perform(wandering, paradiddle, np.random.default_rng(seed))]
    loud = [hit.level_db for index, hit in enumerate(hits) if index % 4 == 0]
    soft = [hit.level_db for index, hit in enumerate(hits) if index % 4 in (1, 2)]
    assert np.mean(loud) - np.mean(soft) == pytest.approx(player.accent_db, abs=0.3)
    wander = np.diff([hit.seconds for hit in hits])
    inside = np.concatenate([wander[i : i + 3] for i in range(0, len(wander) - 3, 4)])
    assert np.std(inside) == pytest.approx(0.004 * 2**0.5, rel=0.5)


def test_a_stroke_is_heard_where_it_is_played(player: Player) -> None:
    """The level rises at every stroke of slow single ones, and nowhere else."""
    steady = replace(player, jitter_seconds=0.0)
    hits = perform(steady, BY_NAME["single_drag_tap"], np.random.default_rng(2))
    strokes = [hit for hit in hits if hit.level_db > -6 and hit.seconds < SECONDS - 0.1]
    sound = steady.drum.play(strokes, SECONDS, np.random.default_rng(3))
    for hit in strokes:
        at = round(hit.seconds * SAMPLE_RATE_HZ)
        before, after = sound[max(0, at - 160) : at], sound[at : at + 160]
        assert np.mean(after**2) > 10 * np.mean(before**2) + 1e-9


def test_drums_and_rooms_differ() -> None:
    drums = [draw_drum(np.random.default_rng(seed)) for seed in range(6)]
    spectra = [np.abs(np.fft.rfft(drum.sounds["R"][0])) for drum in drums]
    assert all(np.corrcoef(spectra[i], spectra[j])[0, 1] < 0.9 for i in range(6) for j in range(i))
    assert max(len(drum.echo) for drum in drums) > 1.5 * min(len(drum.echo) for drum in drums)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drum_rudiments, "PLAYERS", 3)
        return drum_rudiments.generate(tmp_path_factory.mktemp("drums"), 42)


def test_every_player_plays_every_rudiment_once(clips: list[Example]) -> None:
    assert Counter(clip.group for clip in clips) == dict.fromkeys(("player00", "player01", "player02"), 40)
    assert Counter(clip.target for clip in clips) == dict.fromkeys(BY_NAME, 3)
    assert len({clip.id for clip in clips}) == 120
    for clip in clips[::7]:
        info = soundfile.info(clip.audio[0].path)
        assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
        assert info.duration == pytest.approx(SECONDS)
        sound = soundfile.read(clip.audio[0].path)[0]
        assert 0.01 < np.sqrt(np.mean(sound**2)) < 0.12


def test_a_seed_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drum_rudiments, "PLAYERS", 1)

    def content(name: str, seed: int) -> list[bytes]:
        (tmp_path / name).mkdir()
        return [Path(clip.audio[0].path).read_bytes() for clip in drum_rudiments.generate(tmp_path / name, seed)]

    first = content("first", 3)
    assert first == content("again", 3)
    assert all(a != b for a, b in zip(first, content("other", 4), strict=True))


def test_twelve_players_make_splits_that_share_none() -> None:
    examples = [
        Example(f"{player}-{rudiment.number}", (), f"player{player:02d}", rudiment.name)
        for player in range(drum_rudiments.PLAYERS)
        for rudiment in RUDIMENTS
    ]
    splits = draw_splits(examples, validation=0.2, test=0.5, seed=42, stratify=True)
    players = {split: {e.group for e in examples if splits[e.id] == split} for split in set(splits.values())}
    assert {split: len(named) for split, named in players.items()} == {"train": 4, "validation": 2, "test": 6}
