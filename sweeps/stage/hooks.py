"""Who is told of a sweep: a webhook and a command, as environment variables have them. A call never raises.

What went wrong is said without the address, the command or what they answered: each may hold a secret.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sweeps.config.spec import NotifySpec
from trainables.errors import InputError

WEBHOOK_SECONDS = 10.0
COMMAND_SECONDS = 30.0
TAKEN = "taken"


@dataclass(frozen=True, repr=False)  # what it holds may be secret
class Hooks:
    webhook: str = ""  # an http(s) address
    command: tuple[str, ...] = ()  # a program and its arguments; no shell

    def __bool__(self) -> bool:
        return bool(self.webhook or self.command)


def hooks_of(spec: NotifySpec, environment: Mapping[str, str] | None = None) -> Hooks:
    """What the variables hold that `notify:` names. Raises InputError for each that is not set or cannot be used; the
    message does not repeat what it holds."""
    environment = os.environ if environment is None else environment
    problems: list[str] = []

    def held(key: str, variable: str | None) -> str:
        if variable is None:
            return ""
        value = environment.get(variable, "").strip()
        if not value:
            problems.append(f'notify.{key}: the environment variable {variable} is not set: export {variable}="..."')
        return value

    webhook, command = held("webhook", spec.webhook), held("command", spec.command)
    if webhook and (wrong := _wrong_address(webhook)):
        problems.append(f"notify.webhook: {spec.webhook} {wrong}.")
    words: list[str] = []
    if command:
        try:
            words = shlex.split(command)
        except ValueError as error:
            problems.append(f"notify.command: {spec.command} is no command line ({error}).")
        else:
            if not words or shutil.which(words[0]) is None:
                problems.append(f"notify.command: {spec.command} begins with no program that can be run from here.")
    if problems:
        raise InputError(problems)
    return Hooks(webhook, tuple(words))


def _wrong_address(address: str) -> str:
    """What is wrong with it; empty where nothing is."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or not address.isascii() or not address.isprintable() or " " in address:
        return "holds no http:// or https:// address"
    return "holds a user or password before its @, which is not sent: use a token" if "@" in parts.netloc else ""


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its object."""

    def redirect_request(self, *given: Any, **more: Any) -> None:
        return None


def post(address: str, body: bytes, seconds: float = WEBHOOK_SECONDS) -> str:
    """TAKEN, or in a few words why not. `seconds` bounds each wait for the server."""
    request = Request(address, data=body, headers={"Content-Type": "application/json"}, method="POST")
    try:
        with build_opener(_NoRedirect).open(request, timeout=seconds):
            return TAKEN
    except HTTPError as error:
        error.close()
        return f"HTTP status {error.code}"
    except TimeoutError:
        return f"no answer in {seconds:g} s"
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            return f"no answer in {seconds:g} s"
        return getattr(error.reason, "strerror", None) or type(error.reason).__name__
    except Exception as error:  # a hook never ends a sweep
        return type(error).__name__


def run(command: tuple[str, ...], body: bytes, seconds: float = COMMAND_SECONDS) -> str:
    """TAKEN, or in a few words why not. The command has `body` as standard input; what it prints is not kept. After
    `seconds` it is ended, with what it started in its session."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, **quiet)
    except OSError as error:
        return error.strerror or type(error).__name__
    try:
        process.communicate(body, timeout=seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"not done in {seconds:g} s, and ended"
    except Exception as error:  # a hook never ends a sweep
        return type(error).__name__
    return TAKEN if process.returncode == 0 else f"exit status {process.returncode}"
