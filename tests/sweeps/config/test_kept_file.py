"""The file that a sweep keeps in its folder is read as it was begun: with its overrides, paths from where it began."""

from __future__ import annotations

import json
from pathlib import Path

from sweeps.config.load import load_sweep

OVERRIDES = ["trials=5", "data.source=clips.csv", "search.rank={choice: [8]}"]


def kept(folder: Path, text: str, manifest: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "sweep.json").write_text(manifest)
    (folder / "sweep.yaml").write_text(text)
    return folder / "sweep.yaml"


def test_it_is_the_sweep_that_was_begun(tmp_path: Path) -> None:
    begun = load_sweep("qwen_lora", OVERRIDES)
    file = kept(tmp_path / "qwen_lora-1", begun.source_text, json.dumps({"base_folder": begun.base_folder}))
    assert load_sweep(file) == begun
    longer = load_sweep(file, ["trials=9"])
    assert (longer.trials, longer.data.source, longer.base_folder) == (9, "clips.csv", begun.base_folder)


def test_a_file_of_that_name_elsewhere_is_any_file(tmp_path: Path) -> None:
    file = kept(tmp_path / "mine", load_sweep("qwen_lora").source_text, "no manifest")
    assert load_sweep(file).base_folder == str(tmp_path / "mine")
