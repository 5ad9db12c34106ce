"""How a miniature is made: everything its weights depend on, as plain values. Loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Two stages: the audio tower learns to describe sounds, then the language model learns to answer for them.

    Learning rates are peaks: a warm-up over `warmup_share` of a stage's steps, then half a cosine to zero.
    """

    clips: int = 1200
    batch_size: int = 16
    tower_steps: int = 200
    language_steps: int = 140
    questions_per_clip: int = 2  # about the sound; and as many answers to questions that have none
    clean_weight: float = 3.0  # of the squared error of the clean spectrogram, beside the properties' cross-entropy
    matrix_learning_rate: float = 5e-3  # Muon, the layers' matrices
    other_learning_rate: float = 3e-3  # AdamW, all the rest
    warmup_share: float = 0.1
    reach: float = 4.0  # how much further a LoRA step moves the finished model
    seed: int = 7


@dataclass(frozen=True)
class ClassifierRecipe:
    """One stage: a classifier learns to tell the properties of sounds, all by one head (`classifier.py`)."""

    clips: int = 640
    longest_sound_seconds: float = 1.0
    batch_size: int = 16
    steps: int = 80
    matrix_learning_rate: float = 1e-2
    other_learning_rate: float = 3e-3
    warmup_share: float = 0.1
    seed: int = 7


@dataclass(frozen=True)
class SpeechRecipe:
    """Two stages: the encoder learns which sounds it hears, then the decoder to spell them (`recognition.py`)."""

    voices: int = 24
    syllables_per_voice: int = 48
    utterances: int = 640
    batch_size: int = 8
    encoder_steps: int = 80
    decoder_steps: int = 200
    matrix_learning_rate: float = 5e-3
    other_learning_rate: float = 3e-3
    warmup_share: float = 0.1
    seed: int = 7


SPEECH_RECIPES: Mapping[str, SpeechRecipe] = {
    "full": SpeechRecipe(),
    "test": SpeechRecipe(voices=4, syllables_per_voice=12, encoder_steps=8, utterances=64, decoder_steps=16),
}

# Of encoders alone, with all of the time for them
LISTENING_RECIPES: Mapping[str, SpeechRecipe] = {
    "full-speech": SpeechRecipe(encoder_steps=400, decoder_steps=0),
    "test-speech": SpeechRecipe(voices=4, syllables_per_voice=12, encoder_steps=16, utterances=64, decoder_steps=0),
}

CLASSIFIER_RECIPES: Mapping[str, ClassifierRecipe] = {
    "full": ClassifierRecipe(),
    "test": ClassifierRecipe(clips=96, batch_size=16, steps=12),  # seconds; learns a little
}

# Of networks whose steps are cheap: more of them, over longer sounds, in the same time
CHEAP_CLASSIFIER_RECIPES: Mapping[str, ClassifierRecipe] = {
    **CLASSIFIER_RECIPES,
    "full": ClassifierRecipe(longest_sound_seconds=2.0, steps=100),
}

RECIPES: Mapping[str, Recipe] = {
    "full": Recipe(),
    "test": Recipe(clips=120, tower_steps=15, language_steps=24),  # seconds; learns a little
}
