"""The model as MLflow runs it: read as code, so that nothing of it is pickled. `register.py` logs this file.

Input: a table with a column `path` (sound files that the server can read) or `audio` (the bytes of sound files; in JSON
base64), a row a clip. Output: a row a clip, `answer`, `problem` (why a clip could not be read, else empty), and for
classes `probability/LABEL`, for ratings `rating/NAME`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

PATH, AUDIO = "path", "audio"


class TunedModel(PythonModel):  # type: ignore[misc]
    """Answers to clips with what sweeps.export wrote."""

    def load_context(self, context: Any) -> None:
        from sweeps.predict import load

        self.model = load(context.artifacts["export"])

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        import pandas as pd

        rows = model_input.to_dict("records")
        with tempfile.TemporaryDirectory() as folder:
            paths = [_file_of(row, Path(folder, f"{number}.wav")) for number, row in enumerate(rows)]
            answers = list(self.model.predict(paths))
        labels, names = self.model.labels, self.model.ratings
        table = {
            "answer": [answer.answer for answer in answers],
            "problem": [answer.problem for answer in answers],
            **{f"probability/{name}": [a.probabilities.get(name, float("nan")) for a in answers] for name in labels},
            **{f"rating/{name}": [a.ratings.get(name, float("nan")) for a in answers] for name in names},
        }
        return pd.DataFrame(table)


def _file_of(row: dict[str, Any], scratch: Path) -> Path:
    """The clip's file; bytes go to `scratch`, whose ending says nothing: a decoder looks at the content."""
    content = row.get(AUDIO)
    if isinstance(content, bytes):
        scratch.write_bytes(content)
        return scratch
    given = row.get(PATH)
    if not isinstance(given, str):
        raise ValueError(f"every row needs a {PATH} (text) or {AUDIO} (bytes of a sound file)")
    return Path(given)


set_model(TunedModel())
