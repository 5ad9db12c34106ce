"""A headless Chromium, driven over its DevTools protocol: as little of it as the tests need."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
KEYS = {"Enter": ("\r", 13), "Tab": ("", 9), "Escape": ("", 27)}


def program() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Browser:
    """One page. `errors` has what its console complained about."""

    def __init__(self, profile: Path) -> None:
        executable = program()
        assert executable is not None
        command = [executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
        command += ["--no-first-run", f"--user-data-dir={profile}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.errors: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._number = 0
        told = profile / "DevToolsActivePort"
        port = _waited(lambda: told.is_file() and told.read_text().split("\n")[0], 60)
        pages = _waited(lambda: [page for page in _read(port) if page["type"] == "page"], 60)
        self._loop.run_until_complete(self._connect(pages[0]["webSocketDebuggerUrl"]))
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    async def _connect(self, url: str) -> None:
        import aiohttp

        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(url, max_msg_size=0)

    def close(self) -> None:
        self._loop.run_until_complete(self._session.close())
        self._loop.close()
        self.process.terminate()
        self.process.wait(20)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._loop.run_until_complete(asyncio.wait_for(self._call(method, params), 60))

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            told = json.loads((await self._socket.receive()).data)
            if told.get("method") == "Log.entryAdded" and told["params"]["entry"]["level"] == "error":
                self.errors.append(told["params"]["entry"]["text"])
            if told.get("method") == "Runtime.exceptionThrown":
                self.errors.append(str(told["params"]["exceptionDetails"]))
            if told.get("id") == self._number:
                assert "error" not in told, told
                found: dict[str, Any] = told["result"]
                return found

    def js(self, expression: str) -> Any:
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def wait_for(self, condition: str, seconds: float = 30.0) -> None:
        """Until a JavaScript expression holds, across pages that are loaded meanwhile."""
        try:
            _waited(lambda: self._holds(condition), seconds)
        except TimeoutError:
            raise AssertionError(f"{condition} at {self.js('location.href')}:\n{self.text()[:3000]}") from None

    def _holds(self, condition: str) -> bool:
        try:
            return bool(self.js(f"(async () => Boolean(await ({condition})))()"))
        except AssertionError:  # between two pages
            return False

    def text(self) -> str:
        return str(self.js("document.body.innerText"))

    def click(self, selector: str) -> None:
        self.wait_for(f"document.querySelector({json.dumps(selector)})")
        self.js(f"document.querySelector({json.dumps(selector)}).click()")

    def press(self, key: str) -> None:
        text, code = KEYS.get(key, (key, ord(key[0].upper())))
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code, **({"text": text} if text else {})}
        self.call("Input.dispatchKeyEvent", type="keyDown", **event)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def window(self, width: int, height: int, *, dark: bool = False) -> None:
        """Pixels of CSS."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, *, whole: bool = True) -> None:
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def spoken(self) -> list[tuple[str, str]]:
        """(role, name) of everything that a screen reader announces."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        shown = [node for node in nodes if not node.get("ignored")]
        return [(node.get("role", {}).get("value", ""), node.get("name", {}).get("value", "")) for node in shown]


def _read(port: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=20) as answer:
        return json.load(answer)


def _waited(condition: Any, seconds: float) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if found := condition():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError
