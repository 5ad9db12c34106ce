"""An outline says what the backbone's module says, and imports it for nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from trainables import outline, registry


@pytest.mark.parametrize("name", registry.BACKBONES)
def test_an_outline_has_the_constants_of_its_module(name: str) -> None:
    module = registry.backbone(name)
    kept = outline._read(registry.BACKBONES[name])
    drawn = outline.Outline(registry.BACKBONES[name], kept)
    for constant in outline.CONSTANTS:
        assert hasattr(drawn, constant) == hasattr(module, constant)
        assert getattr(drawn, constant, None) == getattr(module, constant, None)
    assert list(drawn.SIZES) == list(module.SIZES)  # the order of the model_size axis
    assert drawn.skeleton is module.skeleton


def test_a_module_that_is_loaded_is_its_own_outline() -> None:
    assert outline.outline("ast") is registry.backbone("ast")


def test_the_second_process_reads_what_the_first_one_kept(tmp_path: Path) -> None:
    code = (
        "import sys; from trainables.outline import outline\n"
        "drawn = outline('ast')\n"
        "print(sorted(drawn.SIZES), drawn.SAMPLE_RATE_HZ, 'torch' in sys.modules)"
    )
    environment = {"AUDIO_SWEEPS_CACHE": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    root = Path(outline.__file__).parents[1]

    def said() -> str:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    first, second = said(), said()
    assert first.endswith("True")
    assert second == first.removesuffix("True") + "False"


def test_a_changed_source_or_library_gives_another_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def digest() -> str:
        outline.digest.cache_clear()
        return outline.digest()

    before = digest()
    with monkeypatch.context() as patch:
        patch.setattr(outline, "version", lambda library: "0")
        assert digest() != before
    with monkeypatch.context() as patch:
        patch.setattr(outline, "HERE", tmp_path)
        assert digest() != before
    assert digest() == before
