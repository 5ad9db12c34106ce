"""Who may see and steer: whoever has the token, under a host's name of this machine, from a page of ours.

- The token comes with the printed link once, then as a cookie that no script reads and no other site sends
  (HttpOnly, SameSite=Strict), and so it stands neither in the history nor in a log.
- The host's name is compared with those of this machine: a stranger's name that was made to point here (DNS
  rebinding) is refused. Any port is taken: an SSH tunnel may have another one at its near end.
- A form carries a word that is made of the token; a request that changes something without it is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlencode

from flask import Flask, Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

HOSTS = ["127.0.0.1", "localhost"]
TOKEN, FORM_WORD = "token", "form_word"
OPEN = ("static", "enter")  # what needs no token: the style sheet and the page that asks for it
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send a form with the origin `null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def guard(app: Flask, token: str) -> None:
    """Puts the checks before every page of `app`, and the headers behind it."""
    app.config["TRUSTED_HOSTS"] = HOSTS
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    form_word = hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()
    cookie = f"audio-sweeps-{hashlib.sha256(token.encode()).hexdigest()[:8]}"  # cookies know no port

    def knows(word: str | None) -> bool:
        return secrets.compare_digest((word or "").encode(), token.encode())

    def let_in(response: AnyResponse) -> AnyResponse:
        response.set_cookie(cookie, token, httponly=True, samesite="Strict", path="/")
        return response

    @app.before_request
    def check() -> AnyResponse | tuple[str, int] | None:
        request.host  # noqa: B018 - werkzeug refuses a host that is not trusted when it is asked for
        if request.endpoint in OPEN:
            return None
        if TOKEN in request.args and request.method == "GET" and knows(request.args[TOKEN]):
            rest = [(name, value) for name, value in request.args.items(multi=True) if name != TOKEN]
            return let_in(redirect(request.path + (f"?{urlencode(rest)}" if rest else "")))
        if not knows(request.cookies.get(cookie)):
            return render_template("enter.html", wrong=TOKEN in request.args), 401
        if request.method not in ("GET", "HEAD"):
            check_form()
        return None

    def check_form() -> None:
        origin = request.headers.get("Origin")
        if origin not in (None, f"http://{request.host}"):
            abort(403, "This form was sent from another site.")
        if not secrets.compare_digest(request.form.get(FORM_WORD, "").encode(), form_word.encode()):
            abort(403, "This form is not of this page, or of an earlier start of sweeps.browse: load the page again.")

    @app.post("/enter")
    def enter() -> AnyResponse | tuple[str, int]:
        if knows(request.form.get(TOKEN)):
            return let_in(redirect("/"))
        return render_template("enter.html", wrong=True), 401

    @app.after_request
    def headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.jinja_env.globals.update(form_word=form_word, form_word_name=FORM_WORD)
