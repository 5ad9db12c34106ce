"""What the synthesiser says: phonemes as stretches of constant targets, from published formant frequencies.

Vowels: Peterson and Barney (1952), averages of men. Consonants: loci after Klatt (1980), rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

# F1, F2, F3 in Hz (Peterson and Barney 1952, table II, men)
VOWELS = {
    "iy": (270, 2290, 3010),
    "ih": (390, 1990, 2550),
    "eh": (530, 1840, 2480),
    "ae": (660, 1720, 2410),
    "ah": (640, 1190, 2390),
    "aa": (730, 1090, 2440),
    "ao": (570, 840, 2410),
    "uh": (440, 1020, 2240),
    "uw": (300, 870, 2240),
    "er": (490, 1350, 1690),
}


@dataclass(frozen=True)
class Segment:
    """A stretch of constant targets. Amplitudes are relative to a stressed vowel's voicing."""

    formants_hz: tuple[float, float, float] | None  # None: those of the neighbouring vowel
    seconds: float
    voicing: float = 0.0
    breath: float = 0.0
    hiss: float = 0.0
    hiss_hz: float = 4000.0
    hiss_width_hz: float = 2000.0


def _stop(hiss_hz: float, *, voiced: bool) -> tuple[Segment, ...]:
    closure = Segment(None, 0.05, voicing=0.08 if voiced else 0.0)
    burst = Segment(None, 0.012, hiss=0.7, hiss_hz=hiss_hz, hiss_width_hz=0.5 * hiss_hz + 300)
    return (closure, burst) if voiced else (closure, burst, Segment(None, 0.035, breath=0.35))


def _sonorant(*formants_hz: float, voicing: float = 0.5) -> tuple[Segment, ...]:
    first, second, third = formants_hz
    return (Segment((first, second, third), 0.06, voicing=voicing),)


def _fricative(hiss: float, hiss_hz: float, width_hz: float, voicing: float = 0.0) -> tuple[Segment, ...]:
    return (Segment(None, 0.09, voicing=voicing, hiss=hiss, hiss_hz=hiss_hz, hiss_width_hz=width_hz),)


# Loci after Klatt (1980), table III, rounded
CONSONANTS: dict[str, tuple[Segment, ...]] = {
    "s": _fricative(0.35, 6000, 2500),
    "sh": _fricative(0.4, 3000, 1500),
    "f": _fricative(0.12, 5500, 6000),
    "z": _fricative(0.25, 5500, 2500, voicing=0.25),
    "v": _fricative(0.08, 4500, 6000, voicing=0.35),
    "h": (Segment(None, 0.06, breath=0.4),),
    "p": _stop(900, voiced=False),
    "t": _stop(4500, voiced=False),
    "k": _stop(2000, voiced=False),
    "b": _stop(800, voiced=True),
    "d": _stop(3800, voiced=True),
    "g": _stop(1800, voiced=True),
    "m": _sonorant(250, 1100, 2200, voicing=0.35),
    "n": _sonorant(250, 1600, 2500, voicing=0.35),
    "w": _sonorant(300, 610, 2200),
    "y": _sonorant(260, 2070, 3020),
    "l": _sonorant(310, 1050, 2880),
    "r": _sonorant(310, 1060, 1380),
}
