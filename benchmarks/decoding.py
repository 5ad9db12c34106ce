"""Clips decoded a second, against Hugging Face's `datasets` with its own decoder: python -m benchmarks.decoding

`datasets` is no dependency of this project, and decodes with torchcodec, which needs FFmpeg's libraries:
`uv run --with datasets --with torchcodec python -m benchmarks.decoding`. Both give mono float32 of the same files at
their own rate, one after the other, in turn; one thread each.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from rich.console import Console
from rich.table import Table

from trainables.data.examples import AudioPiece, Example
from trainables.data.sound.audio import load_waveform

FORMATS = {"WAV": (".wav", "WAV", "PCM_16"), "FLAC": (".flac", "FLAC", "PCM_16"), "MP3": (".mp3", "MP3", None),
           "Ogg Vorbis": (".ogg", "OGG", "VORBIS")}  # fmt: skip
RATE_HZ, CLIPS, REPEATS = 16_000, 50, 3


def recordings(folder: Path, ending: str, form: str, subtype: str | None, seconds: float) -> list[str]:
    rng = np.random.default_rng(0)
    paths = []
    for index in range(CLIPS):
        time_axis = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
        sound = 0.3 * np.sin(2 * np.pi * rng.uniform(100, 2000) * time_axis) + 0.05 * rng.standard_normal(
            len(time_axis)
        )
        path = folder / f"{index}{ending}"
        soundfile.write(path, sound.astype(np.float32), RATE_HZ, format=form, subtype=subtype)
        paths.append(str(path))
    return paths


def ours(paths: Sequence[str]) -> Callable[[], int]:
    examples = [Example(path, (AudioPiece(path),), path, "") for path in paths]
    return lambda: sum(len(load_waveform(example, RATE_HZ)) for example in examples)


def theirs(paths: Sequence[str]) -> Callable[[], int]:
    import datasets

    table: Any = datasets.Dataset.from_dict({"audio": list(paths)}).cast_column("audio", datasets.Audio())
    return lambda: sum(row["audio"].get_all_samples().data.mean(dim=0).numpy().shape[0] for row in table)


def measure(seconds: float) -> list[dict[str, Any]]:
    found = []
    for name, (ending, form, subtype) in FORMATS.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = recordings(Path(folder), ending, form, subtype, seconds)
            ways = {"ours": ours(paths), "datasets": theirs(paths)}
            best = dict.fromkeys(ways, float("inf"))
            for way in ways.values():
                way()
            for _ in range(REPEATS):
                for which, way in ways.items():
                    started = time.perf_counter()
                    way()
                    best[which] = min(best[which], time.perf_counter() - started)
        rates = {which: CLIPS / spent for which, spent in best.items()}
        found.append({"format": name, "seconds": seconds, **rates, "times": rates["ours"] / rates["datasets"]})
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decoding", description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--seconds", default="1,5", help="how long clips are (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    command = parser.parse_args(arguments)
    found = [row for seconds in command.seconds.split(",") for row in measure(float(seconds))]
    table = Table(title="clips a second", title_justify="left")
    for name in found[0]:
        table.add_column(name, justify="left" if name == "format" else "right")
    for row in found:
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else value for value in row.values()))
    Console(width=100).print(table)
    if command.json is not None:
        command.json.write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
