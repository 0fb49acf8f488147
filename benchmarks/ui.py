"""How fast the web interface is, in Debian's Chromium, in front of a real server and database.

    python benchmarks/ui.py [--json] [--products N] [--environments N] [--releases N]

The first page of ten products; a board of 250 products in 200 environments, every product in every
one; a list of 10,000 releases, scrolled to its end; a release through 60 environments with 10
components; and how long a change takes from its commit to the page. Times are milliseconds on the
page's own clock, from the beginning of its navigation with an empty cache. The floor beside them is
the answer that is shown first, fetched and parsed by the same browser with nothing drawn. A long
task is what kept the page from answering for more than 50 ms. Browser, server and database share
the machine.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright
from rich.console import Console
from rich.table import Table

import ui_world
from ui_world import World

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
IN_THE_PAGE = Path(__file__).with_name("ui.js")
ROUNDS, UPDATES, TURNS_OF_THE_WHEEL = 5, 30, 100
SETTLED_MS = 1500
NODE = ".react-flow__node .node"
LIST = ".grid-list"
ROW_PX = 44


@dataclass(frozen=True, slots=True)
class Figure:
    """Something measured, several times or once, and what it should be at most."""

    what: str
    measured: Sequence[float]
    target: float | None = None
    unit: str = "ms"

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.measured)

    @property
    def p95(self) -> float:
        """The one that nineteen of twenty do not exceed."""
        return sorted(self.measured)[min(len(self.measured) - 1, int(len(self.measured) * 0.95))]


class Site:
    """A browser in front of a server."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser, self._address = browser, address

    @asynccontextmanager
    async def page(self, path: str, wanted: str) -> AsyncIterator[tuple[Page, float]]:
        """A page with nothing in its cache, and when the first that is wanted was drawn in it."""
        context = await self._browser.new_context(
            base_url=self._address, viewport={"width": 1440, "height": 900}
        )
        await context.add_init_script(f"window.wanted = {json.dumps(wanted)}")
        await context.add_init_script(path=IN_THE_PAGE)
        page = await context.new_page()
        # The browser opens a window for it, and loads scripts of its own there first.
        await page.wait_for_timeout(SETTLED_MS)
        await page.goto(path, wait_until="commit")
        yield page, await page.evaluate("bench.drawn")
        await context.close()


async def first_page(site: Site, world: World) -> Sequence[Figure]:
    """What the first page costs."""
    times, paints, sizes = [], [], []
    for _ in range(ROUNDS):
        async with site.page("/", ".grid-row") as (page, drawn):
            await page.wait_for_timeout(SETTLED_MS)
            times.append(drawn)
            paints.append(await page.evaluate("bench.painted"))
            sizes.append(await page.evaluate("bench.sent()") / 1000)
    return (
        Figure("first page: rows drawn", times),
        Figure("first page: largest contentful paint", paints, 1000),
        Figure("first page: sent, compressed", sizes, 300, "kB"),
    )


async def board(site: Site, world: World) -> Sequence[Figure]:
    """The board of everything."""
    times, floors, complete = [], [], []
    for _ in range(ROUNDS):
        async with site.page("/environments", ".env-cell") as (page, drawn):
            times.append(drawn)
            await page.get_by_text("More are coming").wait_for(state="detached")
            complete.append(await page.evaluate("performance.now()"))
            floors.append(await page.evaluate("bench.floor('/api/v1/products?limit=25')"))
            scrolled = await _scrolled(page)
    return (
        Figure("board: cells drawn", times, 1500),
        Figure("board: floor, the first answer alone", floors),
        Figure("board: every product there", complete),
        *(Figure(f"board: longest task, {how}", [took], 100) for how, took in scrolled),
    )


async def releases(site: Site, world: World) -> Sequence[Figure]:
    """The list, from its first row to its last."""
    times, floors = [], []
    for _ in range(ROUNDS):
        async with site.page("/releases", "[data-row]") as (page, drawn):
            times.append(drawn)
            floors.append(await page.evaluate("bench.floor('/api/v1/releases?limit=100')"))
    async with site.page("/releases", "[data-row]") as (page, _):
        await page.evaluate("bench.longest = 0")
        end = await page.evaluate("list => bench.toTheEnd(list)", LIST)
        longest = await page.evaluate("bench.longest")
        scrolled = await _scrolled(page)
    rows = round(end["height"] / ROW_PX)
    return (
        Figure("releases: rows drawn", times),
        Figure("releases: floor, the first answer alone", floors),
        Figure(f"releases: scrolled to the end of {rows:,}", [end["took"]]),
        Figure("releases: longest task on the way there", [longest], 100),
        *(Figure(f"releases: longest task, {how}", [took], 100) for how, took in scrolled),
    )


async def _scrolled(page: Page) -> Sequence[tuple[str, float]]:
    """The longest tasks while the list is scrolled, by the wheel and by its bars."""
    await page.wait_for_timeout(SETTLED_MS)
    await page.evaluate("bench.longest = 0")
    await page.mouse.move(900, 500)
    for turn in range(TURNS_OF_THE_WHEEL):
        await page.mouse.wheel(*((0, 240) if turn % 2 else (240, 0)))
    await page.wait_for_timeout(SETTLED_MS)
    wheel = await page.evaluate("bench.longest")
    await page.evaluate("bench.longest = 0")
    await page.evaluate("list => bench.drag(list)", LIST)
    return ("scrolling", wheel), ("dragging", await page.evaluate("bench.longest"))


async def graph(site: Site, world: World) -> Sequence[Figure]:
    """The graph of the long release."""
    path = f"/releases/{world.long.id}"
    times, floors = [], []
    for _ in range(ROUNDS):
        async with site.page(path, NODE) as (page, drawn):
            times.append(drawn)
            floors.append(await page.evaluate("path => bench.floor(path)", f"/api/v1{path}"))
    return (
        Figure(f"graph: {ui_world.LONG_FLOW} environments drawn", times, 1000),
        Figure("graph: floor, its answer alone", floors),
    )


async def updates(site: Site, world: World) -> Sequence[Figure]:
    """From the commit of a change to the page that shows it."""
    took = []
    async with site.page(f"/releases/{world.long.id}", NODE) as (page, _):
        await page.wait_for_selector(".live:not(.connecting)")
        await page.wait_for_timeout(SETTLED_MS)
        for n in range(UPDATES):
            wanted = f"person-new-{n}"
            seen = asyncio.create_task(page.evaluate("text => bench.says(text)", wanted))
            await asyncio.sleep(0.1)
            committed = await ui_world.change(world.engine, replace(world.long, initiator=wanted))
            took.append(await seen - committed)
    return (Figure("graph: an update, from commit to page", took, 300),)


async def measure(arguments: argparse.Namespace) -> list[Figure]:
    """Every figure, in the order in which it is shown."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    large = (arguments.products, arguments.environments, arguments.releases)
    figures: list[Figure] = []
    async with async_playwright() as started:
        browser = await started.chromium.launch(
            executable_path=CHROMIUM, args=["--disable-gpu", "--no-first-run", *sandbox]
        )
        for size, parts in (
            ((10, 6, 100), (first_page,)),
            (large, (board, releases, graph, updates)),
        ):
            async with ui_world.world(*size) as world:
                site = Site(browser, world.address)
                for part in parts:
                    figures += await part(site, world)
        await browser.close()
    return figures


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--products", type=int, default=250)
    parser.add_argument("--environments", type=int, default=200)
    parser.add_argument("--releases", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = asyncio.run(measure(arguments))
    if arguments.json:
        print(json.dumps({each.what: list(each.measured) for each in figures}, indent=1))
    else:
        _print(figures)


def _print(figures: Sequence[Figure]) -> None:
    table = Table("what", "median", "p95", "target")
    for each in figures:
        p95 = f"{each.p95:,.0f}" if len(each.measured) > 1 else ""
        target = f"{each.target:,.0f}" if each.target else ""
        table.add_row(each.what, f"{each.median:,.0f} {each.unit}", p95, target)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
