#!/usr/bin/env bash
# pyannote.metrics 4.2.0: where two turns of ONE speaker overlap in the reference (turns that were padded, merged from two
# annotators, or cut by sentence), the diarization error rate counts the overlap twice and asks for two speakers there. A
# hypothesis that has that speaker all the time misses 2 of 12 seconds. The Jaccard error rate and the detection error rate
# of the same package say 0. The same turns joined by support() give 0 everywhere.
# Guessed before: nothing was written down; 0 in all three was expected.
# Seen (error rates: diarization, Jaccard, detection):
#   turns 0-6 and 4-10 of one speaker: 0.167 0.000 0.000
#   the same after support(): 0.000 0.000 0.000
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "pyannote.metrics==4.2.0"
cat > "$work/turns.py" <<'PYTHON'
from pyannote.core import Annotation, Segment
from pyannote.metrics.detection import DetectionErrorRate
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate

turns, heard = Annotation(), Annotation()
turns[Segment(0, 6), "first"] = turns[Segment(4, 10), "second"] = "speaker"
heard[Segment(0, 10)] = "speaker"
for name, reference in (("turns 0-6 and 4-10 of one speaker", turns), ("the same after support()", turns.support())):
    rates = [metric()(reference, heard) for metric in (DiarizationErrorRate, JaccardErrorRate, DetectionErrorRate)]
    print(f"{name}:", *(f"{rate:.3f}" for rate in rates))
PYTHON
found=$("$work/venv/bin/python" "$work/turns.py" 2> "$work/log")
echo "$found"
[ "$found" = "turns 0-6 and 4-10 of one speaker: 0.167 0.000 0.000
the same after support(): 0.000 0.000 0.000" ]
