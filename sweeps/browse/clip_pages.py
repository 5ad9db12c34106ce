"""The page of test clips, and their sound."""

from __future__ import annotations

import io
import math

from flask import Flask, Response, abort, render_template, request, send_file

from sweeps.browse.clips import clips_of, in_few_words, sound_of, store_folder, test_stage, wav
from sweeps.browse.pages import found
from sweeps.browse.watch import Watcher
from trainables.errors import InputError

PAGE_CLIPS = 25


def add_clip_pages(app: Flask, watcher: Watcher) -> None:
    app.jinja_env.globals.update(in_few_words=in_few_words)

    @app.get("/sweeps/<sweep_id>/clips")
    def clips(sweep_id: str) -> str:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            every = clips_of(sweep)
            only = request.args.get("only", "")
            shown = [clip for clip in every if only != "wrong" or clip.wrong]
            word = request.args.get("page", "1")
            pages = max(1, math.ceil(len(shown) / PAGE_CLIPS))
            page = min(int(word), pages) if word.isascii() and word.isdigit() and 0 < len(word) < 7 else 1
            first = (max(page, 1) - 1) * PAGE_CLIPS
            return render_template(
                "clips.html",
                sweep=sweep,
                every=len(every),
                shown=len(shown),
                only=only,
                wrong=sum(bool(clip.wrong) for clip in every),
                clips=shown[first : first + PAGE_CLIPS],
                first=first,
                page=max(page, 1),
                pages=pages,
                arms=list(dict.fromkeys(arm for clip in every for arm in clip.answers)),
                labels=(sweep.verdict or {}).get("labels", {}),
                best=(sweep.verdict or {}).get("best", ""),
                silent=sum(clip.index is None for clip in every),
            )

    @app.get("/sweeps/<sweep_id>/clips/<path:stage>/<int:index>.wav")
    def clip(sweep_id: str, stage: str, index: int) -> Response:
        with watcher.lock:
            sweep = found(watcher, sweep_id)
            over = test_stage(sweep) if sweep.finished else []
            own = next((each for each in over if each.name == stage), None)
            store = None if own is None else sound_of(store_folder(own))
        if store is None:
            abort(404, "There is no sound to this clip: it was cleaned away, or the sweep is not over.")
        try:
            sound = wav(store, index)
        except IndexError:
            abort(404, f"The sweep has no test clip number {index}.")
        except InputError as error:  # of a store that decodes when a clip is heard: the file is gone, or another one
            abort(404, " ".join(error.problems))
        response: Response = send_file(io.BytesIO(sound), mimetype="audio/wav", conditional=True)
        return response
