"""A lock between processes: seen while another process holds it, and free when that one is gone."""

import subprocess
import sys
from pathlib import Path

import pytest

from trainables.errors import InputError
from trainables.locks import holding, is_held

HOLDER = """\
import sys
from pathlib import Path
from trainables.locks import holding
with holding(Path(sys.argv[1]), ""):
    print("holds", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_seen_and_a_dead_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    assert not is_held(path)
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"holds\n"
        assert is_held(path)
        with pytest.raises(InputError, match="somebody else"), holding(path, "somebody else has it"):
            pass
        other.kill()
        other.wait()
    assert not is_held(path)
    with holding(path, "somebody else has it"):
        assert is_held(path)
