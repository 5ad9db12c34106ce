#!/usr/bin/env bash
# Ludwig 0.11.0: no row of an audio column is ever left out. A row whose sound is empty gets the next row's sound and keeps
# its own label (audio has `missing_value_strategy: bfill` by default), so one recording is taught as dog and as cat. A file that
# cannot be opened gets the mean of the waveforms of all other files; a line of the log names it, and training goes on.
# Guessed before: the row is dropped, or the table is refused.
# Seen (14 training clips of noise; the sixth, a dog, has no sound; the eighth names a file that is not there):
#   rows 14
#   the sixth sounds as the seventh: True, labels dog cat
#   the eighth has the features of silence: False
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv venv --quiet --python 3.11 "$work/venv"
uv pip install --quiet --python "$work/venv/bin/python" "ludwig[audio]==0.11.0" "torch==2.15.0" "torchaudio==2.11.1" \
  "torchcodec==0.17.0" "av==18.1.0" "numpy==2.4.6" "pandas==3.1.1" "soundfile==0.14.0"
libraries=$(echo "$work"/venv/lib/python3.11/site-packages/av.libs)  # FFmpeg, which torchcodec asks of the system
mkdir "$work/ffmpeg"
for file in "$libraries"/libav*.so.* "$libraries"/libsw*.so.*; do
  ln -s "$file" "$work/ffmpeg/$(basename "$file" | sed -E 's/-[0-9a-f]+\.so\.([0-9]+).*/.so.\1/')"
done
cat > "$work/fill.py" <<'PYTHON'
import logging

import numpy as np
import pandas as pd
import soundfile
from ludwig.api import LudwigModel

noise = np.random.default_rng(0)
rows = []
for clip in range(20):
    name = f"clip{clip}.wav"
    soundfile.write(name, 0.1 * noise.normal(size=16000), 16000)
    rows.append({"sound": name, "label": "cat" if clip % 2 == 0 else "dog", "split": min(max(clip - 12, 0) // 2, 2)})
rows[5]["sound"] = None
rows[7]["sound"] = "not_there.wav"
soundfile.write("silence.wav", np.zeros(16000), 16000)
rows[9]["sound"] = "silence.wav"
config = {
    "input_features": [{"name": "sound", "type": "audio"}],
    "output_features": [{"name": "label", "type": "category"}],
    "preprocessing": {"split": {"type": "fixed"}},
}
model = LudwigModel(config, logging_level=logging.ERROR)
data = model.preprocess(dataset=pd.DataFrame(rows), skip_save_processed_input=True)
training = data.training_set.dataset
sound = next(values for name, values in training.items() if name.startswith("sound"))
label = next(values for name, values in training.items() if name.startswith("label"))
names = next(meta["idx2str"] for name, meta in data.training_set_metadata.items() if name == "label")
print("rows", len(sound))
print(f"the sixth sounds as the seventh: {np.array_equal(sound[5], sound[6])}, labels", names[label[5]], names[label[6]])
print("the eighth has the features of silence:", np.allclose(sound[7], sound[9]))
PYTHON
found=$(cd "$work" && LD_LIBRARY_PATH="$work/ffmpeg:$libraries" venv/bin/python fill.py 2> log | grep -E "^(rows|the) ")
echo "$found"
[ "$found" = "rows 14
the sixth sounds as the seventh: True, labels dog cat
the eighth has the features of silence: False" ]
