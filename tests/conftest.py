"""What many tests need: a tiny checkpoint, stores of made-up sound, the folder of real recordings."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import soundfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # else Ray would start every worker through uv
# commands that are printed to be copied are `python -m ...` here, however the tests were started
os.environ.pop("UV_RUN_RECURSION_DEPTH", None)
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
# the libraries are compiled once, not by each of the many processes: half of the time of their imports
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell has its background jobs ignore Ctrl-C, and all that these start, which no script can undo: tests send it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN and threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

# the same examples in every run: a rare one that fails is found where somebody looks for it, not in a change of others
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile("same")

EXIT_STATUS = pytest.StashKey[int]()

REPOSITORY = Path(__file__).resolve().parent.parent
# A file is one piece of work for one process, since its tests share what they made. These are begun first, in this
# order: the main job is the longest of all; what starts a Ray of its own is one piece, so that it does so in turn.
FIRST = {
    "tests/test_main_job.py": "main_job",
    "tests/trainables/backbones/test_packed_equality.py": "packed_equality",
    "tests/trainables/backbones/test_contract.py": "contract",
    "tests/benchmarks/test_kills.py": "ray",
    "tests/sweeps/stage/test_run.py": "ray",
    "tests/sweeps/stage/test_tune_experiment.py": "ray",
    "tests/sweeps/stage/test_ray_session.py": "ray",
    "tests/sweeps/worker/test_pool.py": "ray",
    "tests/test_watching_a_real_sweep.py": "ray",
    "tests/test_bucket_sweep.py": "ray",
    "tests/test_tracking_server.py": "ray",
    "tests/test_cluster_slurm.py": "ray",
    "tests/weights/test_whisper_tiny_en.py": "weights",
}
MOST_PROCESSES = 4  # torch is imported in each


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Processes for the tests (`-n auto` of pyproject.toml): as many as there are cores, for the whole suite. A part of
    it, named by path, `-k` or a marker, runs in this process, which spares the start of others; `-n N` has its way."""
    whole = config.args_source is config.ArgsSource.TESTPATHS and not config.option.keyword
    if not whole or config.option.markexpr != "not slow" or config.option.lf:
        return 0
    from trainables.limits import usable_cores

    return min(usable_cores(), MOST_PROCESSES)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # a process of pytest-xdist
        places = {file: place for place, file in enumerate(FIRST)}
        items.sort(key=lambda item: places.get(file_of(item.nodeid), len(places)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByPiece(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return FIRST.get(file_of(nodeid), file_of(nodeid))

    return ByPiece(config, log)


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[EXIT_STATUS] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leaves without the destructors of the many C++ libraries that only a test run loads together, Ray's several times
    started and ended: they have crashed once all tests had passed, and the crash was the run's exit status. So does
    each process of pytest-xdist, which has sent all its results by then."""
    if (
        config.stash.get(EXIT_STATUS, pytest.ExitCode.USAGE_ERROR) != pytest.ExitCode.USAGE_ERROR
    ):  # which is yet to be said
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
    from trainables.miniature import questions

    folder = tmp_path_factory.mktemp("tiny_checkpoint")
    task = registry.task("label_scoring", {"labels": ("YES", "NO"), "prompt": "Which?"})
    words = questions.tokenizer(qwen2_audio.MINIATURE_VOCABULARY)
    qwen2_audio.write(qwen2_audio.build("mini-1m", task, seed=0), "mini-1m", folder, words)
    return folder


@pytest.fixture(scope="session")
def tone_stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Stores of train (12), validation (6) and test (6) clips: SPEECH is a low hum, NONSPEECH a hiss."""
    from trainables.data.examples import AudioPiece, Example
    from trainables.data.sound.store import write_store

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
