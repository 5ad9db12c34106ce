"""The page: a clip is recorded or dropped, and the arms answer it beside one another."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweeps.predict.model import Model

HEADER = ["model", "answer", "probabilities"]
SHOWN = 5  # classes, the most probable first


def rows(models: Mapping[str, Model], path: str | None) -> list[list[str]]:
    """What each model says of a sound file, a row each; what cannot be read is said in the answer's place."""
    if path is None:
        return []
    found = []
    for name, model in models.items():
        (answer,) = model.predict([path])
        likely = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])[:SHOWN]
        shares = ", ".join(f"{label} {share:.3f}" for label, share in likely)
        found.append([name, answer.problem or answer.answer or "(nothing)", shares])
    return found


def page(models: Mapping[str, Model], title: str, note: str) -> Any:
    """A gradio page, not yet served."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    import gradio

    with gradio.Blocks(title=title, analytics_enabled=False) as blocks:
        gradio.Markdown(f"# {title}\n\n{note}")
        clip = gradio.Audio(sources=["upload", "microphone"], type="filepath", label="a clip")
        table = gradio.Dataframe(headers=HEADER, label="answers", interactive=False)
        clip.change(lambda path: rows(models, path), inputs=clip, outputs=table, api_name="answer")
    return blocks
