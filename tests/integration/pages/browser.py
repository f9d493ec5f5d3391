"""A headless Chromium, driven through its own protocol: load, press, read, take a picture."""

import base64
import itertools
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


class Browser:
    """One window. ``width``: 390 is a telephone, 1280 a desk."""

    def __init__(self, user: str, width: int = 1280) -> None:
        assert CHROMIUM, "install Chromium: the pages are tried in it"
        self._folder = tempfile.TemporaryDirectory(
            prefix="baselib-chromium-", ignore_cleanup_errors=True
        )  # Chromium may still write into it
        options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
        self._process = subprocess.Popen(
            [
                *(CHROMIUM, *options, f"--window-size={width},900", "--lang=zh-CN"),
                *("--remote-debugging-port=0", f"--user-data-dir={self._folder.name}"),
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._socket = connect(self._address(), max_size=None)
        self._ids = itertools.count(1)
        (target,) = (
            one for one in self._call("Target.getTargets")["targetInfos"] if one["type"] == "page"
        )
        attached = {"targetId": target["targetId"], "flatten": True}
        self._session = self._call("Target.attachToTarget", attached)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self._call(f"{domain}.enable")
        self._call("Network.setExtraHTTPHeaders", {"headers": {"X-User": user}})
        device = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", device)

    def open(self, url: str) -> None:
        """Load a page and wait until its script has run."""
        self._call("Page.navigate", {"url": url})
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def press(self, key: str) -> None:
        """Press a key, as on a keyboard."""
        for kind in ("keyDown", "keyUp"):
            self._call("Input.dispatchKeyEvent", {"type": kind, "key": key, "text": ""})

    def value(self, script: str) -> Any:
        """What a script comes to in the page."""
        told = self._call("Runtime.evaluate", {"expression": script, "returnByValue": True})
        return told["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> None:
        """Wait until a script comes to something true."""
        deadline = time.monotonic() + seconds
        while not self.value(script):
            assert time.monotonic() < deadline, f"{script}: {self.value('document.body.innerText')}"
            time.sleep(0.05)

    def picture(self, file: Path) -> None:
        """The page as one sees it, down to its end."""
        shot = self._call("Page.captureScreenshot", {"captureBeyondViewport": True})
        file.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def _address(self) -> str:
        written = Path(self._folder.name) / "DevToolsActivePort"
        deadline = time.monotonic() + 60
        while not written.exists() or len(written.read_text().splitlines()) < 2:
            assert time.monotonic() < deadline, "Chromium does not start"
            time.sleep(0.05)
        port, path = written.read_text().splitlines()[:2]
        return f"ws://127.0.0.1:{port}{path}"

    def _call(self, method: str, parameters: dict[str, Any] | None = None) -> Any:
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters or {}}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        self._socket.send(json.dumps(message))
        while True:
            told = json.loads(self._socket.recv(timeout=60))
            if told.get("id") == number:
                assert "error" not in told, told
                return told["result"]
