"""Transcripts in a plan: what is refused, left out, decided and said before any compute."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from sweeps.plan.prepare import Prepared, prepare
from sweeps.plan.targets import check_backbone
from sweeps.plan.texts import texts_scored_as
from trainables.errors import InputError
from trainables.modeling.byte_tokenizer import byte_tokenizer
from trainables.modeling.vocabulary import characters_of

SHIPPED_FOLDER = Path(__file__).parents[3] / "search_spaces"
Lay = Callable[..., Prepared]
ALPHABET = "alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november"


@pytest.fixture
def lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lay:
    """Plans a shipped sweep on 24 clips, of 2.9 s where nothing is said; `rows` replace theirs, by number."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def made(
        rows: Mapping[int, Mapping[str, Any]],
        *overrides: str,
        sweep: str = "whisper_lora",
        silence: bool = False,
        samples: int = 46_400,
    ) -> Prepared:
        lines = []
        for number in range(24):
            sound = np.random.default_rng(number).standard_normal(samples).astype("float32") / 10
            sf.write(tmp_path / f"c{number}.wav", sound, 16_000)
            row = {"audio": f"c{number}.wav", "text": f"one {number}", "group": f"g{number}"}
            lines.append(json.dumps({**row, **rows.get(number, {})}))
        (tmp_path / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
        if silence:
            sf.write(tmp_path / "s.wav", np.random.default_rng(99).standard_normal(16_000) / 1e4, 16_000)
            (tmp_path / "silence.jsonl").write_text(json.dumps({"audio": "s.wav", "text": ""}))
            overrides = (*overrides, f"data.evaluate={{silence: {tmp_path}/silence.jsonl}}")
        shipped = SHIPPED_FOLDER / f"{sweep}.yaml"
        return prepare(shipped, [f"data.source={tmp_path}/t.jsonl", "profile=cpu", *overrides], planning=True)

    return made


def test_answers_become_as_long_as_the_longest_text(lay: Lay) -> None:
    assert lay({}).spec.task_options.get("answer_length") is None
    found = lay({3: {"text": ALPHABET}})
    needed = found.spec.task_options["answer_length"]
    assert 64 * needed >= len(f" {ALPHABET}")
    assert any(f"task.answer_length {needed:g}: 1 texts" in sentence for sentence in found.clips.account.guesses)
    kept = lay({3: {"text": ALPHABET}}, "task.answer_length=1")
    assert kept.spec.task_options["answer_length"] == 1
    assert any("answers end before" in sentence for sentence in kept.clips.account.advice)


def test_texts_that_the_decoder_cannot_write(lay: Lay) -> None:
    long = {number: {"text": "\u0915\u092e\u0932" * 16} for number in (2, 5)}
    with pytest.raises(InputError, match=r"c2.wav \(145 tokens\), c5.wav \(145 tokens\): the text has more tokens"):
        lay(long)
    found = lay(long, "data.skip=2")
    assert len(found.examples) == 22
    assert len(found.clips.account.left_out) == 2
    assert len(lay(long, sweep="moonshine_lora").examples) == 24  # it has more places


def test_silence(lay: Lay) -> None:
    with pytest.raises(InputError, match=r"task\.empty_texts: keep"):
        lay({7: {"text": ""}})
    assert len(lay({7: {"text": ""}}, "data.skip=1").examples) == 23
    found = lay({7: {"text": "..."}}, "task.empty_texts=keep", silence=True)
    assert sorted(example.target for example in found.examples)[0] == ""
    assert [example.target for example in found.evaluations["test_silence"].examples] == [""]
    with pytest.raises(InputError, match="needs validation clips whose text is empty"):
        lay({}, "objective.metric=val/insertions_per_minute")
    with pytest.raises(InputError, match="no test clip holds a word"):
        lay({number: {"text": ""} for number in range(24)}, "task.empty_texts=keep")


def test_languages(lay: Lay) -> None:
    with pytest.raises(InputError, match="told no language ku; near it are"):
        lay({}, "task.language=ku")
    assert lay({}, "task.language=de").spec.task_options["language"] == "de"
    found = lay({number: {"language": ("en-US", "German")[number % 2]} for number in range(24)})
    assert {example.language for example in found.examples} == {"en", "de"}
    assert lay({}, "task.language=ku", sweep="moonshine_lora").clips.account.advice[0].startswith("moonshine writes en")


def test_scripts_without_spaces(lay: Lay) -> None:
    texts = {number: {"text": "\u4eca\u5929\u5929\u6c14\u5f88\u597d"} for number in range(24)}
    assert any("val/cer" in sentence for sentence in lay(texts).clips.account.advice)
    assert not any("val/cer" in s for s in lay(texts, "objective.metric=val/cer").clips.account.advice)


def test_a_file_of_replacements_is_read_once(lay: Lay, tmp_path: Path) -> None:
    (tmp_path / "same.json").write_text('{"one": "1"}')
    found = lay({}, f"task.replacements={tmp_path}/same.json")
    assert found.spec.task_options["replacements"] == ("one -> 1",)
    assert texts_scored_as(found.task) == "basic with 1 replacements"
    with pytest.raises(InputError, match="cannot be read"):
        lay({}, "task.replacements=nowhere.json")


def test_the_tag_of_the_miniature_is_said_once(lay: Lay) -> None:
    """Where every row has its language, `task.language` is told to nobody."""
    found = lay({number: {"language": ("ar", "hi")[number % 2]} for number in range(24)}, "task.language=ar")
    assert sum("one tag for all languages" in sentence for sentence in found.clips.account.advice) == 1


def test_a_checkpoint_that_is_named_has_its_own_places_and_languages(lay: Lay, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    tags = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")
    byte_tokenizer(tags, start=tags[0], end=tags[0]).backend_tokenizer.save(str(folder / "tokenizer.json"))
    shape = {"model_type": "whisper", "d_model": 96, "encoder_layers": 1, "decoder_layers": 1, "vocab_size": 51866}
    (folder / "config.json").write_text(json.dumps({**shape, "max_target_positions": 24}))
    named = (f"search.model_size={folder}", f"baseline.model_size={folder}")
    prepared = lay({}, *named, "task.language=yue")
    assert not prepared.weights.miniature
    assert any("holds no weights" in problem for problem in prepared.weights.problems)
    with pytest.raises(InputError) as caught:
        lay({2: {"text": "x" * 20}, 5: {"text": "x" * 19}}, *named)
    (problem,) = caught.value.problems
    assert "c2.wav (21 tokens)" in problem
    assert "c5.wav" not in problem
    assert f"more tokens than the 20 that whisper {folder} writes" in problem
    (folder / "config.json").write_text(json.dumps({**shape, "vocab_size": 51865}))
    with pytest.raises(InputError, match="is told no language yue"):
        lay({}, *named, "task.language=yue")


def test_a_window_that_is_shorter_than_clips_is_said_with_their_count(lay: Lay) -> None:
    said = lay({}, "search.window_seconds={choice: [fit, 2]}", "baseline.window_seconds=full").clips.account.advice
    assert any("window_seconds 2: 24 of 24 clips are longer" in sentence for sentence in said)
    assert not any("window_seconds" in sentence for sentence in lay({}).clips.account.advice)


def test_letters_of_a_new_head_are_those_of_the_training_texts(lay: Lay) -> None:
    rows = {number: {"text": "Tea, please"} for number in range(20)}
    options = ("data.splits.validation=0.25",)
    found = lay(rows, *options, sweep="wav2vec2_ctc", samples=30_000)
    said = found.spec.task_options["vocabulary"]
    training = [example.target for example in found.of_split("train")]
    assert said == found.task.vocabulary == characters_of(training)  # type: ignore[attr-defined]
    assert any("letters of the training texts" in sentence for sentence in found.clips.account.guesses)
    assert any("is taught 20 texts in small letters" in sentence for sentence in found.clips.account.guesses)
    assert found.miniature_recipe is None or found.miniature_recipe.endswith("-speech")
    check = check_backbone(found)
    assert not check.unknown
    outputs = 3 + len(said)
    width = 96 if found.weights.miniature else 768
    assert {row.head_params for row in check.targets} == {outputs * (width + 1)}


def test_letters_that_the_file_says_have_to_be_enough(lay: Lay) -> None:
    with pytest.raises(InputError, match=r"no letter for what the text holds \(in all texts: 1 "):
        lay({}, "task.vocabulary=[o, n, e]", sweep="wav2vec2_ctc", samples=30_000)
    with pytest.raises(InputError, match="single characters"):
        lay({}, "task.vocabulary=[one]", sweep="wav2vec2_ctc", samples=30_000)


def test_whisper_is_given_no_letters(lay: Lay) -> None:
    assert lay({}).spec.task_options.get("vocabulary") is None
