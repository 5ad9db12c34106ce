"""Generated sounds have the properties that are said of them."""

import numpy as np

from trainables.miniature.sounds import KINDS, NOT_APPLICABLE, PROPERTIES, SAMPLE_RATE_HZ, sound


def test_every_kind_is_made_within_its_bounds() -> None:
    rng = np.random.default_rng(0)
    made = [sound(rng, 2.0) for _ in range(150)]
    assert {one.properties["kind"] for one in made} == set(range(len(KINDS)))
    for one in made:
        assert SAMPLE_RATE_HZ <= len(one.waveform) <= 2 * SAMPLE_RATE_HZ
        assert one.waveform.dtype == np.float32
        assert one.clean.shape == one.waveform.shape
        assert np.isfinite(one.waveform).all()
        assert 10 ** (-36 / 20) <= np.abs(one.waveform).max() * 1.001 <= 1.001
        for name, value in one.properties.items():
            assert NOT_APPLICABLE <= value < len(PROPERTIES[name])
    assert len({len(one.waveform) for one in made}) > 10


def test_the_same_generator_gives_the_same_sounds() -> None:
    first, second = (sound(np.random.default_rng(3), 2.0) for _ in range(2))
    np.testing.assert_array_equal(first.waveform, second.waveform)
    assert first.properties == second.properties


def test_properties_are_audible() -> None:
    rng = np.random.default_rng(1)
    made = [sound(rng, 2.0) for _ in range(120)]

    def noise_share(noisy: bool) -> list[float]:
        chosen = [one for one in made if one.properties["noise"] == int(noisy)]
        return [float(np.var(one.waveform - one.clean) / np.var(one.waveform)) for one in chosen]

    assert np.median(noise_share(True)) > 0.2
    assert np.median(noise_share(False)) < 0.01
    peaks = [[np.abs(one.waveform).max() for one in made if one.properties["level"] == quiet] for quiet in (0, 1)]
    assert min(peaks[0]) > max(peaks[1])
