from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from trainables.modeling.late_compile import compiled_when_called


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, dict[str, Any]]]:
    """What torch.compile, a fake, is asked for; what it compiles doubles its result."""
    found: list[tuple[Any, dict[str, Any]]] = []

    def compile(function: Any, **options: Any) -> Any:
        found.append((function.__name__, options))
        return lambda *values: 2 * function(*values)

    monkeypatch.setattr(torch, "compile", compile)
    return found


def test_a_function_is_compiled_once_and_when_it_is_called(asked: list[tuple[Any, dict[str, Any]]]) -> None:
    fake = torch.compile

    def double(x: int) -> int:
        return x

    with compiled_when_called():
        plain = torch.compile(double)
        decorated = torch.compile(dynamic=False)(double)
    assert torch.compile is fake
    assert asked == []
    assert [plain(3), plain(4), decorated(5)] == [6, 8, 10]
    assert asked == [("double", {}), ("double", {"dynamic": False})]
    assert plain.__name__ == "double"


def test_torch_has_its_own_compile_again_after_an_error() -> None:
    own = torch.compile
    with pytest.raises(ImportError), compiled_when_called():
        raise ImportError
    assert torch.compile is own


def test_what_a_worker_imports_loads_no_compiler() -> None:
    code = (
        "import sys, torch\n"
        "own = torch.compile\n"
        "import trainables.training.engine\n"
        "assert torch.compile is own\n"
        "print('bitsandbytes' in sys.modules, 'torch._inductor.compile_fx' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "False"], done.stderr
