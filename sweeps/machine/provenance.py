"""Where a result comes from: code, versions, machine, command. No host, user or home folder, and no environment."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil

from trainables.command_line import python_words
from trainables.redact import redacted

Value = str | int | float | bool

PACKAGE = "audio-sweeps"
# Read where the package is not installed as a distribution (a plain checkout on the path)
MAIN_DEPENDENCIES = ("accelerate", "bitsandbytes", "mlflow", "numpy", "optuna", "peft", "ray", "torch", "transformers")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
GIT_TIMEOUT_SECONDS = 5.0


def collect() -> dict[str, Value]:
    """Flat and plain, keys like `git.commit` or `version.torch`. What cannot be found out is left out; never raises."""
    facts: dict[str, Value] = {
        "time.started": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    facts |= _hardware()
    facts |= {f"git.{key}": value for key, value in git_state(Path.cwd()).items()}
    facts |= {f"package.git.{key}": value for key, value in git_state(Path(__file__).parent).items()}
    facts |= {f"version.{name}": version for name, version in versions().items()}
    return facts


def command() -> str:
    """The command of this process as it can be given again: `python -m sweeps.run ...`; absolute paths are cut."""
    python = ["uv", "run", "python"] if python_words()[0] == "uv" else ["python"]
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    began = [*python, "-m", spec.name.removesuffix(".__main__")] if spec else [Path(sys.argv[0]).name]
    return shlex.join([*began, *map(private, sys.argv[1:])])


def changing_facts() -> dict[str, Value]:
    """What makes the numbers of one sweep differ between two sessions, where it is not the same in both."""
    facts: dict[str, Value] = {"python": platform.python_version(), "cpu.model": cpu_model()}
    facts |= {f"package.git.{key}": value for key, value in git_state(Path(__file__).parent).items()}
    return facts | {f"version.{name}": version for name, version in versions().items()}


def git_state(folder: Path) -> dict[str, Value]:
    """`commit` and `dirty` of the repository that `folder` is tracked in; empty without git, repository or commit."""
    # A virtual environment may lie inside somebody's repository without being part of it.
    if _git(folder, "ls-files", "--error-unmatch", ".") is None:
        return {}
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {} if commit is None or changes is None else {"commit": commit, "dirty": bool(changes)}


def versions() -> dict[str, str]:
    """Installed version of this package and of each direct dependency."""
    try:
        required = metadata.requires(PACKAGE) or []
        names = [PACKAGE, *(re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0] for requirement in required)]
    except metadata.PackageNotFoundError:
        names = list(MAIN_DEPENDENCIES)
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def private(text: str) -> str:
    """`text` with the home folder as `~`, other absolute paths cut to their last part, addresses without a password."""
    home = str(Path.home())
    text = redacted(text)
    text = text.replace(home, "~") if home != "/" else text
    return re.sub(r"(?<![\w.~:/\-])/(?:[^/=,]+/)+", "…/", text)


def _hardware() -> dict[str, Value]:
    facts: dict[str, Value] = {
        "cpu.model": cpu_model(),
        "cpu.logical_cores": psutil.cpu_count() or 0,
        "cpu.physical_cores": psutil.cpu_count(logical=False) or 0,
        "memory_bytes": psutil.virtual_memory().total,
    }
    facts |= {f"threads.{name}": os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    torch = sys.modules.get("torch")  # never imported for this
    if torch is not None:
        facts["threads.torch"] = torch.get_num_threads()
        if torch.cuda.is_available():
            names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
            facts["gpu.names"] = ", ".join(names)
            facts["gpu.cuda"] = str(torch.version.cuda)
        elif torch.backends.mps.is_available():
            facts["gpu.names"] = "Apple GPU (MPS)"
    return facts


def cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    except OSError:  # not Linux
        pass
    brand = _run(["sysctl", "-n", "machdep.cpu.brand_string"], Path.cwd()) if sys.platform == "darwin" else None
    return brand or platform.processor() or platform.machine()


def _git(folder: Path, *arguments: str) -> str | None:
    return _run(["git", *arguments], folder)


def _run(command: list[str], folder: Path) -> str | None:
    """What the command prints, or None where it fails, is missing or takes too long."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=GIT_TIMEOUT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
