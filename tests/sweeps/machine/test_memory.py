"""The estimate of a trial's memory."""

import pytest

from sweeps.machine.memory import needed_bytes

SEVEN_B = 8_397_094_912


def test_needed_bytes_holds_the_weights_and_grows_with_everything() -> None:
    plain = needed_bytes(SEVEN_B, "none", "bf16", trainable_params=0, batch_size=2)
    assert 2 * SEVEN_B < plain < 2 * 2 * SEVEN_B
    kept = 1_286_701_056  # embeddings and output layer of Qwen2-Audio, and its norms and convolutions
    nf4 = needed_bytes(SEVEN_B, "nf4", "bf16", trainable_params=0, batch_size=2, kept_params=kept)
    assert 0.5 * SEVEN_B < nf4 < 0.7 * plain
    assert nf4 == pytest.approx(needed_bytes(SEVEN_B, "nf4", "bf16", trainable_params=0, batch_size=2), rel=0.01)
    assert needed_bytes(SEVEN_B, "none", "bf16", trainable_params=0, batch_size=8) > plain
    adapter = needed_bytes(SEVEN_B, "none", "bf16", trainable_params=44_000_000, batch_size=2) - plain
    assert adapter == pytest.approx(1.1 * 16 * 44_000_000, rel=1e-6)
