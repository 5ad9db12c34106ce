"""The pages, put together: Flask serves them, its templates escape everything that comes from a record."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path

from flask import Flask, g, render_template, request
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.wrappers import Response

from sweeps.browse.clip_pages import add_clip_pages
from sweeps.browse.data_page import add_data_page
from sweeps.browse.guard import guard
from sweeps.browse.pages import add_pages
from sweeps.browse.steer import add_actions
from sweeps.browse.watch import Watcher
from trainables.command_line import to_copy

WATCHER = "sweeps.browse"  # among what belongs to an app


def make_app(results: Path, token: str) -> Flask:
    """The pages on the sweeps of a results folder, for whoever has the token."""
    app = Flask("sweeps.browse", root_path=str(Path(__file__).parent))
    app.jinja_env.filters["moment"] = lambda seconds: time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    app.jinja_env.globals["to_copy"] = to_copy
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    watcher = app.extensions[WATCHER] = Watcher(results)

    @app.before_request
    def begin() -> None:
        g.begun = time.thread_time()

    guard(app, token)
    add_pages(app, watcher)
    add_actions(app, watcher)
    add_clip_pages(app, watcher)
    add_data_page(app, watcher)

    @app.after_request
    def cost(response: Response) -> Response:
        """What the page cost of a core: one that follows a sweep asks again after 150 times that at the earliest,
        so that it takes less than 1 % of a core, however busy the machine is."""
        milliseconds = 1000 * (time.thread_time() - g.get("begun", time.thread_time()))
        response.headers["Server-Timing"] = f"page;dur={milliseconds:.1f}"
        return response

    @app.errorhandler(HTTPException)
    def problem(error: HTTPException) -> Response | tuple[str, int]:
        if isinstance(error, SecurityError):  # a host that is not trusted: no address can be made, so no page either
            return Response("Open these pages as 127.0.0.1 or localhost.\n", 400, mimetype="text/plain")
        status = error.code or 500
        return render_template("problem.html", title=error.name, text=error.description, path=request.path), status

    return app


def prepare(app: Flask) -> None:
    """What the first page would have to wait for: templates, the journals of the latest sweeps, the library that reads
    clips. For a thread of its own, while the person still copies the link."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)
    app.extensions[WATCHER].read_ahead()
    import_module("pyarrow.parquet")
