"""Take the pictures of the documentation anew, of the demo's world: `scripts/screenshots`.

The world, what happens in it and how far it has come are the same each time; commit ids and times
of the day are not. Not a test: what the pictures show, the journeys in tests/journey prove.
"""

import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

import web_world as web
from towpath.demo import cast

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
SIZE = {"width": 1280, "height": 760}
LARGEST = 200_000  # bytes of one picture
PATIENCE_MS = 60_000
PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: where, in which theme, and by what one sees that it is all there."""

    name: str
    path: str
    shows: Callable[[Page], None]
    theme: str = "light"


def pictures(held: str, issue: str) -> Sequence[Picture]:
    """All of them; `held` waits in production, `issue` is a change in it."""
    return (
        Picture("products", "/", _column("Products")),
        Picture("releases", "/releases", _column("Releases")),
        Picture("release", f"/releases/{held}", _node("prod-eu")),
        Picture("notes", f"/releases/{held}/notes?environment=prod-eu", _region("Images")),
        Picture("trace", f"/where?ref={issue}", _heading("Held before prod-eu")),
        Picture("board", "/products/webshop", _region("prod-us"), theme="dark"),
    )


def main() -> int:
    """Take all pictures; 1 if one of them became too large."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, web.served(Path(folder)) as site:
        held = _play(site)
        issue = _features(site, held)[0]
        with web.browser() as browser:
            for picture in pictures(held, issue):
                _take(browser, site, picture)
    sizes = {file.name: file.stat().st_size for file in sorted(FOLDER.glob("*.png"))}
    for name, size in sizes.items():
        print(f"docs/screenshots/{name}: {size / 1000:,.0f} kB", file=sys.stderr)
    return int(any(size > LARGEST for size in sizes.values()))


# --- what happens ----------------------------------------------------------------------------
def _play(site: web.Site) -> str:
    """A working day: releases in production, one that failed, and two that wait for an approval,
    the newer of which is answered."""
    for product in ("webshop", "payments", "webshop"):
        site.push(product)
        _all_through(site)
    _until(site, site.push("webshop"), "suspended")
    _until(site, site.push("payments", lab_taken=True), "failed")
    held = site.push("webshop")
    _until(site, held, "suspended")
    _known(site, held)
    return held


def _all_through(site: web.Site) -> None:
    for one in reversed(site.get("/releases", ended=False)["items"]):
        while _until(site, one["id"], "suspended", "succeeded", "superseded") == "suspended":
            for place in site.get(f"/releases/{one['id']}")["environments"]:
                if "approve" in place["actions"]:
                    _approve(site, one["id"], place["name"])
            time.sleep(0.2)


def _approve(site: web.Site, release: str, environment: str) -> None:
    path = f"{site.address}/api/v1/releases/{release}/environments/{environment}/approve"
    body = {"comment": "fine in staging"}
    httpx.post(path, json=body, headers={"X-Towpath-Actor": cast.JONAS.name}).raise_for_status()


def _until(site: web.Site, release: str, *statuses: str) -> str:
    return _wait(
        lambda: str(site.get(f"/releases/{release}")["status"]), lambda at: at in statuses, release
    )


def _known(site: web.Site, release: str) -> None:
    """Until the repositories behind its images have been read."""
    _wait(
        lambda: site.get(f"/releases/{release}/notes", environment="prod-eu")["images"],
        lambda images: not images["unresolved"],
        f"the notes of {release}",
    )


def _features(site: web.Site, release: str) -> list[str]:
    notes = site.get(f"/releases/{release}/notes", **{"from": "previous"})
    return [one["key"] for one in notes["features"]["items"]]


def _wait(look: Callable[[], Any], is_so: Callable[[Any], bool], what: str) -> Any:
    until = time.monotonic() + PATIENCE_S
    while not is_so(found := look()):
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: {found}")
        time.sleep(0.2)
    return found


# --- pictures --------------------------------------------------------------------------------
def _take(browser: Browser, site: web.Site, picture: Picture) -> None:
    context = browser.new_context(
        base_url=site.address,
        viewport=SIZE,  # type: ignore[arg-type] # a dict of its very form
        color_scheme=picture.theme,  # type: ignore[arg-type] # one of its words
        reduced_motion="reduce",
    )
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    web.is_operator(page)
    page.goto(picture.path)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    picture.shows(page)
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.screenshot(path=FOLDER / f"{picture.name}.png", animations="disabled")
    context.close()


def _column(table: str) -> Callable[[Page], None]:
    return lambda page: expect(
        page.get_by_role("region", name=table, exact=True).get_by_text("prod-us").first
    ).to_be_visible()


def _region(name: str) -> Callable[[Page], None]:
    return lambda page: expect(page.get_by_role("region", name=name, exact=True)).to_be_visible()


def _heading(begins: str) -> Callable[[Page], None]:
    starts = re.compile(f"^{begins}")
    return lambda page: expect(page.get_by_role("heading", name=starts)).to_be_visible()


def _node(environment: str) -> Callable[[Page], None]:
    starts = re.compile(f"^{environment}")
    return lambda page: expect(page.get_by_role("article", name=starts)).to_be_visible()


if __name__ == "__main__":
    sys.exit(main())
