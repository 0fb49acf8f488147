"""The demo's world with a real server, and a browser in front of it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from towpath.api import interface
from towpath.demo import cast, story, world

BUILT = bool(interface.load(interface.BUILT))
AXE = Path(__file__).parents[1] / "ui" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
TOWPATH = str(Path(sys.executable).with_name("towpath"))
READY_S = 90.0
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass
class Site:
    """A server on the demo's world; it can be stopped and started again on the same port."""

    world: world.World
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    changes: Iterator[story.Change] = field(default_factory=story.changes)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server, and wait until it has looked at every repository."""
        command = [TOWPATH, "serve", "--config", str(self.world.configuration)]
        command += ["--data-dir", str(self.folder / "data"), "--port", str(self.port)]
        variables = {"TOWPATH_POLL_INTERVAL": "1", "HOME": str(self.folder)}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**os.environ, **variables}, stdout=log, stderr=log, cwd=self.folder
            )
        self._wait("/readyz")
        self.ask("/refresh", {})

    def stop(self) -> None:
        """Stop it, as an operator would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)
            self.process = None

    def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = httpx.post(f"{self.address}/api/v1{path}", json=body, timeout=60)
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str, **query: Any) -> Any:
        answer = httpx.get(f"{self.address}/api/v1{path}", params=query, timeout=60)
        assert answer.is_success, answer.text
        return answer.json()

    def push(self, product: str, *, lab_taken: bool = False) -> str:
        """Somebody's next change of the product comes to dev; the release that is made of it."""
        while True:
            played = self.world.play(next(self.changes), datetime.now(UTC))
            self.world.lab.unlink(missing_ok=True)
            if not played.promotable or played.change.product != product:
                continue
            if lab_taken:
                self.world.lab.write_text("somebody measures something else\n", "utf-8")
            self.ask("/refresh", {"repository": str(self.world.gitops)})
            newest: str = self.get("/releases", product=product, limit=1)["items"][0]["id"]
            return newest

    def _wait(self, path: str) -> None:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            assert self.process is not None
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(self.address + path, timeout=5).is_success:
                    return
            time.sleep(0.1)
        raise AssertionError((self.folder / "server.log").read_text())


def needs_a_browser() -> None:
    """Skip the test, or in CI fail it, where there is no browser or nothing to show in it."""
    why = ""
    if not Path(CHROMIUM).exists():
        why = "chromium is missing: scripts/packages installs it"
    elif not BUILT:
        why = "the web interface is not built: scripts/setup builds it"
    elif not AXE.exists():
        why = "axe-core is missing: `python ui/build.py check` installs it"
    if why and os.environ.get("CI") == "true":
        pytest.fail(why)
    if why:
        pytest.skip(f"NOT TESTED: {why}")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Site]:
    """The world, built below the folder, and its server at work."""
    made = world.build(folder / "world", datetime.now(UTC))
    site = Site(made, folder, _free_port())
    site.start()
    try:
        yield site
    finally:
        site.stop()


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=[*_ARGUMENTS, *sandbox])
        try:
            yield chromium
        finally:
            chromium.close()


def watched(page: Page) -> Sequence[str]:
    """What goes wrong in the page from now on: errors, and what its policy had to refuse."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: (
            wrong.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    return wrong


def is_operator(page: Page) -> None:
    """Whoever looks is the one who runs production."""
    page.add_init_script(f"localStorage.setItem('towpath.name', {cast.JONAS.name!r})")


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def barriers(page: Page) -> Sequence[str]:
    """What axe finds in the page as it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    answer = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in answer["violations"]
        for node in each["nodes"][:2]
    ]
