"""A page in headless Chromium, driven through its debugging pipe with the standard library alone."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from typing import Any

PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--remote-debugging-pipe",
    "--no-proxy-server",
]
_FLAGS += ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-dev-shm-usage", "--disable-background-networking"]
_CODES = {"Delete": 46, "Escape": 27, "Home": 36, "End": 35, "ArrowLeft": 37, "ArrowRight": 39, "Tab": 9, "Enter": 13}
_MODIFIERS = {"Alt": 1, "Control": 2, "Shift": 8}


class Chromium:
    """One browser with one page; it cannot reach the network.

    Args:
        profile: an empty folder.
        wait: seconds for an answer before a test fails.
    """

    def __init__(self, profile: Path, *, wait: float = 120) -> None:
        assert PATH is not None
        (theirs_in, self.out), (self.into, theirs_out) = os.pipe(), os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in (theirs_in, theirs_out)]

        def give() -> None:
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [PATH, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=give,
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for fd in (theirs_in, theirs_out, *high):
            os.close(fd)
        self.wait, self.number, self.buffer, self.session = wait, 0, b"", ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")

    def close(self) -> None:
        """End the browser."""
        os.close(self.out)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.into)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command, and its result. Events that come before it are kept."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer["error"])
                return dict(answer["result"])
            if "method" in answer:
                self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            assert select.select([self.into], [], [], self.wait)[0], "Chromium does not answer"
            piece = os.read(self.into, 1 << 16)
            assert piece, "Chromium has ended"
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return dict(json.loads(message))

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of an ``async`` function's body, which has ``given``, the arguments."""
        expression = f"(async (...given) => {{ {script} }})(...{json.dumps(arguments)})"
        got = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def open(self, page: str) -> None:
        """Show this HTML."""
        self.call("Page.navigate", url="data:text/html;base64," + base64.b64encode(page.encode()).decode())
        self.run("while (document.readyState !== 'complete') await new Promise((done) => setTimeout(done, 10))")

    def press(self, key: str, *modifiers: str, code: str = "") -> None:
        """Press a key as a person does."""
        held = sum(_MODIFIERS[modifier] for modifier in modifiers)
        upper = key.upper() if len(key) == 1 else ""
        code = code or (f"Digit{key}" if key.isdigit() else f"Key{upper}" if upper else key)
        number = _CODES.get(key) or ord(code[-1])
        event = {"key": key, "code": code, "modifiers": held, "windowsVirtualKeyCode": number}
        typed = {"text": "\r"} if key == "Enter" else {"text": key} if upper and not held else {}
        self.call("Input.dispatchKeyEvent", type="keyDown" if typed else "rawKeyDown", **event, **typed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def mouse(self, kind: str, x: float, y: float, clicks: int = 1) -> None:
        """``mousePressed``, ``mouseMoved`` or ``mouseReleased`` at a place of the window, in CSS pixels."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=clicks)

    def picture(self, path: Path) -> None:
        """Write what the window shows as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
