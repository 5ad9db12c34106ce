#!/usr/bin/env bash
# pydub 0.25.1: set_frame_rate() to a lower rate has no low-pass filter. A tone of 10 kHz, which a rate of 16 kHz cannot hold,
# comes back as a tone of 6 kHz, 1.5 dB weaker; any hiss or birdsong above the new limit is folded into the speech below it.
# Guessed before: filtered, as other resamplers do it.
# Seen (44,100 to 16,000 Hz; strongest frequency, level against the tone before):
#   pydub 6000 Hz -1.5 dB
#   scipy.signal.resample_poly -57 dB
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "pydub==0.25.1" "numpy==2.4.6" "scipy==1.17.1"
cat > "$work/tone.py" <<'PYTHON'
import numpy
from pydub import AudioSegment
from scipy.signal import resample_poly

before, after = 44_100, 16_000
tone = 0.5 * numpy.sin(2 * numpy.pi * 10_000 * numpy.arange(before) / before)
pcm = (tone * 32767).astype("<i2").tobytes()
heard = AudioSegment(pcm, frame_rate=before, sample_width=2, channels=1).set_frame_rate(after)
samples = numpy.array(heard.get_array_of_samples()) / 32768
strongest = round(numpy.abs(numpy.fft.rfft(samples)).argmax() * after / len(samples))


def level(sound):
    middle = sound[len(sound) // 4 : -len(sound) // 4]  # without the edges, where any filter rings
    return 20 * numpy.log10(numpy.sqrt((middle**2).mean()) / numpy.sqrt((tone**2).mean()))


print("pydub", strongest, "Hz", f"{level(samples):.1f} dB")
filtered = level(resample_poly(tone, 160, 441))
print(f"scipy.signal.resample_poly {filtered:.0f} dB")
assert heard.frame_rate == after and abs(strongest - 6000) <= 1 and level(samples) > -3 and filtered < -40
PYTHON
"$work/venv/bin/python" -W ignore "$work/tone.py"
