"""What many tests need: a tiny checkpoint, stores of made-up sound, the folder of real recordings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # else Ray would start every worker through uv
# the libraries are compiled once, not by each of the many processes: half of the time of their imports
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

EXIT_STATUS = pytest.StashKey[int]()

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[EXIT_STATUS] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leaves without the destructors of the many C++ libraries that only a test run loads together, Ray's several times
    started and ended: they have crashed once all tests had passed, and the crash was the run's exit status."""
    if EXIT_STATUS in config.stash:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[EXIT_STATUS])


@pytest.fixture(scope="session")
def audio_data() -> Path:
    """Real recordings (FSDD, ESC-10, ...); users do not have them."""
    folder = Path(os.environ.get("AUDIO_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real recordings are absent: {folder} does not exist (set AUDIO_DATA)")
    return folder


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Qwen2-Audio of the larger miniature's shape with random weights, as `from_pretrained` reads it."""
    from trainables import registry
    from trainables.backbones import qwen2_audio

    folder = tmp_path_factory.mktemp("tiny_checkpoint")
    task = registry.task("label_scoring", {"labels": ("YES", "NO"), "prompt": "Which?"})
    qwen2_audio.write(qwen2_audio.build("mini-1m", task, seed=0), "mini-1m", folder)
    return folder


@pytest.fixture(scope="session")
def tone_stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stores of train (12), validation (6) and test (6) clips: SPEECH is a low hum, NONSPEECH a hiss."""
    from trainables.data.examples import AudioPiece, Example
    from trainables.data.store import write_store

    folder = tmp_path_factory.mktemp("tones")
    rng = np.random.default_rng(0)
    stores = {}
    for split, count in (("train", 12), ("validation", 6), ("test", 6)):
        examples = []
        for index in range(count):
            label = "SPEECH" if index % 2 else "NONSPEECH"
            seconds = np.arange(16_000 + 800 * index) / 16_000
            hiss = rng.standard_normal(len(seconds)) * 0.1
            sound = hiss if label == "NONSPEECH" else 0.3 * np.sin(2 * np.pi * 150 * seconds) + 0.01 * hiss
            path = folder / f"{split}-{index}.wav"
            soundfile.write(path, sound.astype(np.float32), 16_000)
            examples.append(Example(f"{split}/{index}", (AudioPiece(str(path)),), f"{split}-group-{index // 2}", label))
        stores[split] = folder / split
        write_store(stores[split], examples, sample_rate_hz=16_000, window_seconds=2.0)
    return stores
