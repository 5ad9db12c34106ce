"""What libraries say of themselves while they load, and nobody can act upon, stays out of a command's output."""

from __future__ import annotations

import logging
import warnings


def quiet_libraries() -> None:
    """For commands, before anything is loaded; a program that imports this package keeps its own settings."""
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # an optional kernel that it would fetch from the hub
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|peft)\b")  # to one another
    warnings.filterwarnings("ignore", message="The given NumPy array is not writable")  # nobody writes to a store
    warnings.filterwarnings("ignore", category=UserWarning, module=r"mlflow\.pyfunc")  # of type hints; it has a schema


def quiet_bars() -> None:
    """transformers' bars for weights that take a second. Loads it."""
    from transformers.utils import logging as of_transformers

    of_transformers.disable_progress_bar()
