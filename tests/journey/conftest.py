"""What journeys through the web interface begin with: a server on the demo's world, a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

import web_world as web

PATIENCE_MS = 30_000  # a limit for what never comes; nothing waits for it


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[web.Site]:
    """A world and a server of the module's own: its tests push, approve and roll back in it."""
    web.needs_a_browser()
    with web.served(tmp_path_factory.mktemp("web")) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with web.browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, site: web.Site) -> Iterator[Page]:
    """A page in which nothing may go wrong unseen."""
    context = browser.new_context(
        base_url=site.address, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    wrong = web.watched(page)
    web.is_operator(page)
    yield page
    context.close()
    assert not wrong, wrong
