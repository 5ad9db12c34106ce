"""Where a user keeps what sweeps make or need once: generated data, miniatures, checkpoint files, measurements."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """AUDIO_SWEEPS_CACHE, else a folder of the user's."""
    return Path(os.environ.get("AUDIO_SWEEPS_CACHE", "~/.cache/audio-sweeps")).expanduser()
