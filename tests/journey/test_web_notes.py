"""Release notes, and where a change is, in a real browser on the demo's world."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import web_world as web


@pytest.fixture(scope="module")
def release(site: web.Site) -> str:
    """A release of the webshop on its way, which waits for an approval in both regions."""
    return site.push("webshop")


def test_notes_say_what_production_would_get_and_leave_with_whoever_needs_them(
    page: Page, release: str
) -> None:
    page.goto(f"/releases/{release}")
    page.get_by_role("link", name="Notes", exact=True).click()
    expect(page.get_by_role("region", name="Features")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Environment: ")).click()
    page.get_by_role("menuitem", name=re.compile("^prod-eu")).click()
    expect(page).to_have_url(re.compile("environment=prod-eu"))
    expect(page.get_by_text(f"would get with {release}, compared with")).to_be_visible()
    # Repositories are read in the background: the notes grow until all three images are known.
    images = page.get_by_role("region", name="Images")
    expect(images.get_by_role("heading")).to_have_text("Images 3")
    # What the history brings depends on the day and its hour.
    features = page.get_by_role("list", name="Features").get_by_role("listitem")
    title = features.first.inner_text().splitlines()[0]
    alike = sum(title.casefold() in text.casefold() for text in features.all_inner_texts())
    page.get_by_role("searchbox", name="Narrow the notes").fill(title)
    expect(features).to_have_count(alike)
    expect(features.first).to_contain_text(title)
    expect(page).to_have_url(re.compile("q="))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_text("Copied as Markdown.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"## {release} in prod-eu")
    page.get_by_role("button", name="Download the notes").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="JSON").click()
    assert download.value.suggested_filename == f"{release}-prod-eu.json"
    document = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert (document["release"], document["environment"]) == (release, "prod-eu")


def test_any_two_states_are_compared(page: Page, site: web.Site, release: str) -> None:
    page.goto("/products/webshop")
    page.get_by_role("button", name="What can be done in dev").click()
    page.get_by_role("menuitem", name="What prod-eu would get").click()
    expect(page).to_have_url(re.compile(f"/releases/{release}/notes.*from=prod-eu"))
    page.get_by_role("button", name="prod-eu", exact=True).click()
    choice = page.get_by_role("dialog")
    choice.get_by_label("Narrow what to compare with").fill("qa")
    choice.get_by_role("button", name=re.compile("^qa")).click()
    expect(page).to_have_url(re.compile("from=qa"))
    expect(page.get_by_text("Nothing changes in dev")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("article", name="cart in dev")).to_be_visible()


def test_a_change_is_found_from_the_notes_and_leads_back_to_its_release(
    page: Page, site: web.Site, release: str
) -> None:
    page.goto(f"/releases/{release}/notes?environment=dev")
    page.get_by_role("list", name="Features").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/where\?ref=SHOP-\d+"))
    answer = page.get_by_role("region", name="Where it is in webshop")
    expect(answer.get_by_role("heading")).to_contain_text("Held before prod-eu and prod-us")
    way = page.get_by_role("region", name="The way of the change")
    for stage in ("Issues", "Pull requests", "Commits", "Images", "GitOps commits", "Releases"):
        expect(way.get_by_role("heading", name=stage, exact=True)).to_be_visible()
    places = page.get_by_role("region", name="Environments of webshop")
    expect(places.get_by_role("heading")).to_contain_text("3 of 5 reached")
    # It stays true by itself, and the answer can be acted upon.
    answer.get_by_role("button", name="Approve prod-eu").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    expect(places.get_by_role("heading")).to_contain_text("4 of 5 reached")
    expect(answer.get_by_role("heading")).to_contain_text("Held before prod-us")
    places.get_by_role("link", name=release).first.click()
    expect(page).to_have_url(re.compile(f"/releases/{release}"))
    page.go_back()
    expect(answer).to_be_visible()


def test_whatever_is_pasted_is_looked_for_from_every_screen(
    page: Page, site: web.Site, release: str
) -> None:
    commit = site.get(f"/releases/{release}")["commit"]["sha"]
    page.goto("/flows")
    expect(page.get_by_role("main").get_by_role("link").first).to_be_visible()
    page.keyboard.press("/")
    page.get_by_role("combobox", name="Find anything").fill(commit[:9])
    expect(page.get_by_role("option", selected=True)).to_contain_text(f"Where is {commit[:9]}?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Where it is in webshop")).to_be_visible()
    page.keyboard.press("/")
    field = page.get_by_role("searchbox", name="A commit, pull request, image or issue")
    expect(field).to_be_focused()
    field.fill("SHOP-99999")
    field.press("Enter")
    expect(page.get_by_text("Nothing of the name SHOP-99999 is known here")).to_be_visible()
    page.goto("/trace?ref=SHOP-99999")
    expect(page).to_have_url(re.compile(r"/where\?ref=SHOP-99999"))


def test_a_release_that_goes_back_says_what_it_takes_back(page: Page, site: web.Site) -> None:
    first = site.get("/products/webshop")["environments"][0]["release"]
    second = site.push("webshop")
    place = "/products/webshop/environments/dev/rollback"
    back = site.ask(place, {"to": first, "lock": False})["id"]
    page.goto(f"/releases/{back}/notes?environment=dev")
    expect(page.get_by_text("dev goes back.")).to_be_visible()
    expect(page.get_by_role("list", name="Commits").get_by_text("taken back").first).to_be_visible()
    assert second != back


def test_notes_are_dark_on_light_paper_in_any_theme(
    page: Page, site: web.Site, release: str
) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"/releases/{release}/notes")
    expect(page.get_by_role("region", name="Features")).to_be_visible()
    title = page.get_by_role("heading", name=release)  # another one while the notes are loading
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="dark", media="print")
    told = "one => getComputedStyle(one).color.match(/\\d+/g).slice(0, 3).map(Number)"
    assert max(title.evaluate(told)) < 64
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
