"""An AST of any size with random weights, as a checkpoint: what a small model learns from scratch, in the same sweep.

    python -m trainables.untrained ast 3x256x4 ast-3x256x4

SHAPE is layers x width x heads: 3x256x4, 4x320x5, 6x384x8 and 6x512x8 have 2.6, 5.2, 10.9 and 19.3 million parameters,
against 86 of the published one. OUT becomes a folder that a sweep takes as `model_size: ./OUT` and trains with
`adapter: none`. All trainings of a sweep begin from these weights, each with a head of its own seed: for another
beginning write another folder with another --seed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from trainables import command_line, registry
from trainables.command_line import NOT_NEGATIVE, Parser, number, whole_number
from trainables.data.atomic import atomic_folder
from trainables.errors import InputError

SHAPE = re.compile(r"(\d{1,3})x(\d{1,4})x(\d{1,3})")
MOST_LAYERS, WIDEST = 24, 1024  # AST-base has 12 layers of 768
PATCH = 16  # bins and frames
SECONDS = (0.5, 60.0)
CARD = """---
license: apache-2.0
---
An untrained AST: random weights, made by `python -m trainables.untrained`.
"""

PARSER = Parser("trainables.untrained", "ast SHAPE OUT [--seconds S] [--stride N] [--seed N]", __doc__ or "")
PARSER.words(
    {
        "ast": "the backbone",
        "SHAPE": "layers x width x heads, such as 3x256x4",
        "OUT": "the folder to be written; must not exist",
    }
)
PARSER.value(
    "--seconds",
    "S",
    "longest clip; what is longer is cropped (default: %(default)s, AST's own)",
    read=number(f"{SECONDS[0]:g} to {SECONDS[1]:g} seconds", lambda value: SECONDS[0] <= value <= SECONDS[1]),
    default=10.255,
)
PARSER.value(
    "--stride",
    "N",
    f"a patch of {PATCH} begins every N bins and frames: {PATCH} has no overlap, 10 is as published and costs three "
    "times as much (default: %(default)s)",
    read=whole_number(f"a whole number from 4 to {PATCH}", lambda value: 4 <= value <= PATCH),
    default=PATCH,
)
PARSER.value("--seed", "N", "of the weights (default: %(default)s)", read=NOT_NEGATIVE, default=0)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    given, problems = PARSER.read(arguments)
    if len(given.words) != 3:
        raise InputError([*problems, f"expected ast, SHAPE and OUT, got {len(given.words)} words; see --help."])
    backbone, shape, out = given.words
    if backbone != "ast":
        problems.append(f"{backbone[: command_line.SHOWN]}: only ast can be made untrained.")
    problems += _wrong_shape(shape)
    given.out = Path(out).expanduser()
    if given.out.exists():
        problems.append(f"{given.out}: is there already; name a new folder, or remove it.")
    if problems:
        raise InputError(problems)
    given.layers, given.width, given.heads = map(int, shape.split("x"))
    return given


def _wrong_shape(shape: str) -> list[str]:
    shown = shape[: command_line.SHOWN]
    found = SHAPE.fullmatch(shape)
    if found is None:
        return [f"{shown}: is no SHAPE; write layers x width x heads, such as 3x256x4."]
    layers, width, heads = map(int, found.groups())
    if not (1 <= layers <= MOST_LAYERS and 1 <= width <= WIDEST and heads >= 1):
        return [f"{shown}: layers must be 1 to {MOST_LAYERS}, the width 1 to {WIDEST}, and heads at least 1."]
    return [f"{shown}: the width must be a multiple of the heads."] if width % heads else []


def act(given: argparse.Namespace) -> None:
    try:
        parameters = write_ast(
            given.out,
            layers=given.layers,
            width=given.width,
            heads=given.heads,
            seconds=given.seconds,
            stride=given.stride,
            seed=given.seed,
        )
    except OSError as error:
        raise InputError(f"{given.out}: cannot be written ({error.strerror or error}).") from error
    print(f"{given.out}: an untrained AST, {parameters / 1e6:.1f} million parameters without a head.")
    print(f"Next, in a sweep file: backbone: ast, search: {{model_size: {given.out.absolute()}, adapter: none, ...}}")


def write_ast(out: Path, *, layers: int, width: int, heads: int, seconds: float, stride: int, seed: int) -> int:
    """Writes a folder as `AST.from_pretrained` reads it, whole or not at all; says how many parameters it has without
    the head. `seconds` is the longest clip, `stride` that of patches in bins and frames."""
    from transformers import ASTConfig
    from transformers.utils import logging

    from trainables.backbones import ast
    from trainables.sizes import ANY_LABELS

    logging.disable_progress_bar()
    frames = 1 + (round(seconds * ast.SAMPLE_RATE_HZ) - ast.FRAME_SAMPLES) // ast.HOP_SAMPLES
    with atomic_folder(out) as made:
        ASTConfig(
            hidden_size=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=4 * width,
            patch_size=PATCH,
            frequency_stride=stride,
            time_stride=stride,
            max_length=frames,
        ).save_pretrained(made)
        size = str(made.absolute())  # a checkpoint by name, whose configuration is read from there
        model = ast.build(size, registry.task("classification", {"labels": ANY_LABELS}), seed)
        ast.write(model, size, made)
        (made / "README.md").write_text(CARD)
    head = sum(weights.numel() for name, weights in model.named_parameters() if name.startswith("classifier."))
    return sum(weights.numel() for weights in model.parameters()) - head


if __name__ == "__main__":
    sys.exit(command_line.main(parse, act))
