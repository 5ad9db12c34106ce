"""The untuned tiny.en, exported for CTranslate2, is the file that was published."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.weights.conftest import PACKAGE
from trainables.conversion.ctranslate2 import read_model
from trainables.release.ctranslate import convert

pytestmark = pytest.mark.weights


def test_every_weight_of_the_published_file_comes_back(tiny_en: Path, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    assert spec is not None
    assert spec.origin is not None
    published = read_model(Path(spec.origin).parent / "model" / "model.bin").variables
    folder = tmp_path / "export"
    shutil.copytree(tiny_en, folder)
    convert(folder, "fp32")
    exported = read_model(folder / "model.bin").variables
    arrays = {name for name, value in published.items() if np.asarray(value).ndim}
    assert len(arrays) > 100
    assert arrays <= set(exported)
    different = [name for name in arrays if not np.array_equal(np.float32(published[name]), np.float32(exported[name]))]
    assert different == []
