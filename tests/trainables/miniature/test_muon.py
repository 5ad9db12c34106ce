"""Muon: torch's own in bfloat16, to the last bit; in float32 what its sources promise."""

import pytest
import torch
from torch import nn

from trainables.miniature.muon import Muon, orthogonal, quick_dtype

SHAPES = [(24, 24), (16, 40), (40, 16)]


def steps(optimizer: torch.optim.Optimizer, matrices: list[nn.Parameter]) -> None:
    draws = torch.Generator().manual_seed(1)
    for _ in range(4):
        for matrix in matrices:
            matrix.grad = torch.randn(matrix.shape, generator=draws)
        optimizer.step()


def test_in_bfloat16_it_is_torchs_own() -> None:
    draws = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=draws) for shape in SHAPES]
    own, torchs = ([nn.Parameter(matrix.clone()) for matrix in start] for _ in range(2))
    steps(Muon(own, lr=5e-3, momentum=0.9, dtype=torch.bfloat16), own)
    reference = torch.optim.Muon(torchs, lr=5e-3, weight_decay=0.0, momentum=0.9, adjust_lr_fn="match_rms_adamw")
    steps(reference, torchs)
    for before, mine, theirs in zip(start, own, torchs, strict=True):
        assert torch.equal(mine, theirs)
        assert not torch.equal(mine, before)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_step_turns_like_the_nearest_orthogonal_matrix(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = orthogonal(matrix, torch.float32)
    assert found.dtype == torch.float32
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    values = torch.diagonal(u.T @ found @ v.T)  # the same singular vectors, other values
    torch.testing.assert_close(u @ torch.diag(values) @ v, found, atol=1e-4, rtol=0)
    assert 0.3 < values.min() <= values.max() < 1.3  # small ones rise last


def test_a_matrix_without_a_gradient_stays() -> None:
    matrix = nn.Parameter(torch.ones(3, 3))
    Muon([matrix], lr=1.0, momentum=0.9, dtype=torch.float32).step()
    assert torch.equal(matrix, torch.ones(3, 3))


@pytest.mark.parametrize(("capability", "dtype"), [("AVX512", torch.bfloat16), ("AVX2", torch.float32)])
def test_half_precision_is_for_processors_that_have_it(
    capability: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert quick_dtype() == dtype
