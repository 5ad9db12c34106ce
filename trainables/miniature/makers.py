"""Which miniatures are made how. Loads no torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from trainables import registry
from trainables.miniature.recipe import (
    CHEAP_CLASSIFIER_RECIPES,
    CLASSIFIER_RECIPES,
    LISTENING_RECIPES,
    RECIPES,
    SPEECH_RECIPES,
)
from trainables.outline import outline

HERE = Path(__file__).parent
OWN_FILES = ("backbones", "networks")  # folders of trainables
Pretrain = Callable[[str, Any, Path, Callable[[float], None]], None]


@dataclass(frozen=True)
class Maker:
    """`module` has `pretrain(size, recipe, folder, progress)`, which writes what the backbone's `load` reads; where it
    makes miniatures of several backbones, the backbone's name comes first."""

    module: str
    recipes: Mapping[str, Any]  # by name; plain dataclasses
    sources: tuple[str, ...]  # files of this package that the weights depend on
    of_many: bool = True  # they depend on the backbone's own file and its network as well

    def pretrain(self, backbone: str) -> Pretrain:
        """(size, recipe, folder, progress); imported when it is used."""
        found: Pretrain = import_module(f"trainables.miniature.{self.module}").pretrain
        return cast(Pretrain, partial(found, backbone)) if self.of_many else found

    def digest(self, backbone: str, size: str, recipe: str) -> str:
        """Changes with everything that the weights of this miniature depend on."""
        files = [HERE / f"{name}.py" for name in self.sources]
        if self.of_many:
            own = registry.BACKBONES[backbone].rpartition(".")[2]
            files += [path for path in (HERE.parent / part / f"{own}.py" for part in OWN_FILES) if path.is_file()]
        identity = {
            "recipe": asdict(self.recipes[recipe]),
            "parameters": outline(backbone).MINIATURE_SIZES[size].total_params,
            "sources": [hashlib.sha256(path.read_bytes()).hexdigest() for path in files],
            "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers", "numpy")},
        }
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


CLASSIFIERS = Maker("classifier", CLASSIFIER_RECIPES, ("sounds", "muon", "optimizer", "classifier"))
CHEAP_CLASSIFIERS = replace(CLASSIFIERS, recipes=CHEAP_CLASSIFIER_RECIPES)
QUESTIONS = Maker(
    "pretrain",
    RECIPES,
    ("sounds", "questions", "initial", "muon", "optimizer", "tower", "language", "reach", "pretrain"),
    of_many=False,
)
RECOGNISERS = Maker(
    "recognition",
    SPEECH_RECIPES,
    (
        "../data/generators/phonemes",
        "../data/generators/formants",
        "utterances",
        "muon",
        "optimizer",
        "recognition",
    ),
)
LISTENERS = Maker("listening", LISTENING_RECIPES, (*RECOGNISERS.sources, "listening"))
OTHERS: Mapping[str, Maker] = {
    "efficientat": CHEAP_CLASSIFIERS,
    "htsat": CHEAP_CLASSIFIERS,
    "moonshine": RECOGNISERS,
    "qwen2_audio": QUESTIONS,
    "whisper": RECOGNISERS,
}
SPEECH = "-speech"  # the end of a recipe's name for classifiers that are to write
WRITERS = ("hubert", "wav2vec2", "wavlm")  # classifiers that can


def maker(backbone: str, recipe: str = "full") -> Maker:
    """Classifiers are alike, and so are recognisers; Qwen2-Audio has a maker of its own."""
    if backbone in WRITERS and recipe.endswith(SPEECH):
        return LISTENERS
    return OTHERS.get(backbone, CLASSIFIERS)


def recipe_for(recipe: str, backbones: Iterable[str], *, texts: bool) -> str:
    """The recipe of a sweep's miniatures, of `full` or `test`: of another name where a classifier is to write texts."""
    to_speech = texts and any(name in WRITERS for name in backbones) and not recipe.endswith(SPEECH)
    return recipe + SPEECH if to_speech else recipe


def own_recipe(backbone: str, recipe: str) -> str:
    """The recipe of a sweep's miniatures as this backbone has it."""
    return recipe if backbone in WRITERS else recipe.removesuffix(SPEECH)
