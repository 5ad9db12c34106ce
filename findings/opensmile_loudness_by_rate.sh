#!/usr/bin/env bash
# opensmile 2.6.0 (openSMILE's eGeMAPS, which emotion studies and nkululeko use): the features of a sound depend on its sample
# rate. A tone complex that ends at 1,350 Hz, the same pressure at the same moments, is 2.3 times as loud at 44,100 Hz as at
# 8,000, and its first formant lies 215 Hz higher. Where one class or one site was recorded at another rate, loudness tells them
# apart. Resample first; the tool does not (`resample` is False).
# Guessed before: within 5 % of one another.
# Seen:
#   8000 Hz: loudness 1.03, first formant 556 Hz
#   16000 Hz: loudness 1.38, first formant 556 Hz
#   44100 Hz: loudness 2.41, first formant 771 Hz
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "opensmile==2.6.0" "numpy==2.4.6"
cat > "$work/seen.py" <<'PYTHON'
import numpy as np
import opensmile

smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
for rate_hz in (8000, 16000, 44100):
    seconds = np.arange(2 * rate_hz) / rate_hz
    voice = 0.3 * sum(np.sin(2 * np.pi * 150 * harmonic * seconds) / harmonic for harmonic in range(1, 10))
    found = smile.process_signal(voice.astype(np.float32), rate_hz).iloc[0]
    loudness, formant_hz = found["loudness_sma3_amean"], found["F1frequency_sma3nz_amean"]
    print(f"{rate_hz} Hz: loudness {loudness:.2f}, first formant {formant_hz:.0f} Hz")
PYTHON
found=$(cd "$work" && venv/bin/python seen.py 2> log)
echo "$found"
[ "$found" = "8000 Hz: loudness 1.03, first formant 556 Hz
16000 Hz: loudness 1.38, first formant 556 Hz
44100 Hz: loudness 2.41, first formant 771 Hz" ]
