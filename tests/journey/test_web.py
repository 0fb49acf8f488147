"""The web interface in a real browser, in front of a real server on the demo's world."""

import re
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

import web_world as web


def test_a_change_is_watched_from_its_commit_to_production_without_a_reload(
    page: Page, site: web.Site
) -> None:
    page.goto("/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.evaluate("window.sameAsEver = true")
    release = site.push("webshop")
    row = page.get_by_role("region", name="Products").get_by_role("link", name=release)
    row.first.click()
    expect(page.get_by_role("heading", name=release)).to_be_visible()
    node = page.get_by_role("article", name=re.compile("^prod-eu"))
    expect(page.get_by_role("alert")).to_be_visible()
    graph = page.get_by_role("region", name=f"{release} as a graph")
    place = graph.bounding_box()
    node.get_by_role("button", name="Approve prod-eu").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text(f"Approved: {release} in prod-eu")).to_be_visible()
    expect(node.get_by_text("Succeeded")).to_be_visible()
    other = page.get_by_role("article", name=re.compile("^prod-us"))
    other.get_by_role("button", name="Approve prod-us").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("status", name="Status: Succeeded")).to_be_visible()
    assert graph.bounding_box() == place
    page.get_by_role("link", name="Timeline").click()
    expect(page.get_by_text("Release succeeded")).to_be_visible()
    page.get_by_role("link", name="Diff").click()
    expect(page.get_by_role("region", name=re.compile("^Changes of")).first).to_be_visible()
    assert page.evaluate("window.sameAsEver") is True


def test_a_failure_is_found_its_log_read_and_tried_again(page: Page, site: web.Site) -> None:
    release = site.push("webshop", lab_taken=True)
    page.goto("/releases")
    page.get_by_role("link", name=re.compile(f"^{release} .* Failed")).click()
    expect(page.get_by_role("alert")).to_contain_text("staging")
    staging = page.get_by_role("article", name=re.compile("^staging"))
    staging.get_by_role("button", name=re.compile("enter-lab")).click()
    step = page.get_by_role("complementary", name="Step enter-lab")
    expect(step.get_by_role("log")).to_contain_text("somebody measures something else")
    step.get_by_role("button", name="Line 1: link").click()
    expect(page).to_have_url(re.compile("step=pre_action.*line=1"))
    site.world.lab.unlink()
    page.get_by_role("alert").get_by_role("button", name="Retry staging").click()
    expect(page.get_by_text(f"Trying again: {release} in staging")).to_be_visible()
    expect(staging.get_by_text("Succeeded", exact=True)).to_be_visible()


def test_filters_are_in_the_address_and_back_takes_them_off(page: Page, site: web.Site) -> None:
    mine, other = site.push("payments"), site.push("webshop")
    page.goto("/releases")
    expect(page.get_by_role("link", name=re.compile(f"^{other} "))).to_be_visible()
    page.get_by_role("button", name="Product all").click()
    page.get_by_role("button", name="payments", exact=True).click()
    expect(page).to_have_url(re.compile("product=payments"))
    expect(page.get_by_role("link", name=re.compile("^webshop-"))).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile(f"^{mine} "))).to_be_visible()
    page.get_by_label("Search releases").fill("nothing at all")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name=re.compile(f"^{mine} "))).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("/releases$"))
    expect(page.get_by_role("link", name=re.compile(f"^{other} "))).to_be_visible()
    page.get_by_label("Search releases").press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-row='0']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/releases/[a-z]+-[0-9]+$"))


def test_a_lost_connection_is_shown_and_heals_without_a_lost_change(
    page: Page, site: web.Site
) -> None:
    page.goto("/releases")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.evaluate("window.sameAsEver = true")
    site.stop()
    expect(page.get_by_text(re.compile("^Reconnecting, shown as of"))).to_be_visible()
    site.start()
    release = site.push("payments")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    # New releases wait until somebody wants to see them.
    page.get_by_role("button", name=re.compile("new release")).click()
    expect(page.get_by_role("link", name=re.compile(f"^{release} "))).to_be_visible()
    assert page.evaluate("window.sameAsEver") is True


def test_another_screen_can_be_gone_to_while_the_server_is_away(page: Page, site: web.Site) -> None:
    with page.expect_response(re.compile("/assets/Environments-")):  # once the first is drawn
        page.goto("/")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    site.stop()
    expect(page.get_by_text(re.compile("^Reconnecting"))).to_be_visible()
    page.get_by_role("link", name="Environments").click()
    expect(page).to_have_title("Environments · Towpath")
    site.start()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Environments")).to_be_visible()


def test_a_card_is_dragged_to_the_next_environment_and_nothing_is_written_unasked(
    page: Page, site: web.Site
) -> None:
    before = site.push("webshop")
    page.goto("/products/webshop")
    card = page.get_by_role("article", name="cart in dev")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    card.drag_to(page.get_by_role("region", name="staging", exact=True))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Promote cart from dev to staging")).to_be_visible()
    expect(dialog.get_by_text("Policy in force for staging")).to_be_visible()
    assert site.get("/releases", product="webshop", limit=1)["items"][0]["id"] == before
    dialog.get_by_role("button", name="Promote", exact=True).click()
    expect(page.get_by_text(re.compile(r"webshop-\d+ promotes cart to staging"))).to_be_visible()
    made = site.get("/releases", product="webshop", limit=1)["items"][0]
    assert (made["trigger"], made["initiator"]) == ("manual", "Jonas Weber")


def test_a_promotion_can_be_made_once_nothing_is_in_its_way_any_more(
    page: Page, site: web.Site
) -> None:
    prevented = True

    def planned(route: Route) -> None:
        answer = route.fetch()
        plan = answer.json()
        if prevented:
            reason = {"code": "git_unreachable", "sentence": "it cannot be reached", "advice": ""}
            plan["repositories"][0]["reason"] = {**reason, "data": {}, "since": None}
        route.fulfill(response=answer, json=plan)

    page.route(re.compile("/promote$"), planned)
    page.goto("/products/webshop")
    page.get_by_role("button", name="Promote cart from staging").click()
    page.get_by_role("menuitem", name="Promote to prod-eu…").click()
    dialog = page.get_by_role("dialog")
    promote = dialog.get_by_role("button", name="Promote", exact=True)
    expect(dialog.get_by_text("it cannot be reached")).to_be_visible()
    expect(promote).to_be_disabled()
    prevented = False
    expect(promote).to_be_enabled()
    page.unroute_all(behavior="wait")


def test_a_card_is_promoted_by_keys_alone(page: Page, site: web.Site) -> None:
    page.goto("/products/webshop")
    page.get_by_role("button", name="Promote cart from staging").focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Promote to prod-eu…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("Nothing is written until you")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_list_with_room_for_its_rows_has_no_bar_to_scroll(page: Page, site: web.Site) -> None:
    for width in (1440, 1000):  # at the narrow one it scrolls sideways
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/")
        products = page.get_by_role("region", name="Products")
        expect(products.get_by_role("link", name=re.compile("^payments "))).to_be_visible()
        assert products.evaluate("list => list.scrollHeight <= list.clientHeight")


def test_the_palette_jumps_to_a_release(page: Page, site: web.Site) -> None:
    release = site.push("webshop")
    page.goto("/policies")
    expect(page.get_by_role("heading", name="All policies")).to_be_visible()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Find anything")
    field.fill(release)
    expect(page.get_by_role("option", name=re.compile(rf"\b{release} "))).to_be_visible()
    field.press("Enter")
    expect(page).to_have_url(re.compile(f"/releases/{release}"))


SCREENS = (
    "/",
    "/releases",
    "/releases/{release}",
    "/releases/{release}?environment=staging",
    "/releases/{release}?environment=staging&step=pre_action:enter-lab",
    "/releases/{release}?show=list",
    "/releases/{release}/notes",
    "/releases/{release}/timeline",
    "/releases/{release}/diff",
    "/releases/nobody-1",
    "/products/nobody",
    "/products/webshop",
    "/products/webshop/releases",
    "/where",
    "/where?ref={commit}",
    "/environments",
    "/flows",
    "/flows/webshop-to-production",
    "/policies?product=webshop&environment=staging",
    "/configuration",
    "/sign-in",
    "/nowhere/at/all",
)


def test_no_screen_has_a_barrier_in_either_theme(page: Page, site: web.Site) -> None:
    release = site.push("webshop", lab_taken=True)
    commit = site.get(f"/releases/{release}")["commit"]["sha"]
    found: dict[str, Sequence[str]] = {}
    for screen in SCREENS:
        page.goto(screen.format(release=release, commit=commit))
        expect(page.locator("main, .state").first).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            expect(page.locator("html")).to_have_attribute("data-theme", theme)
            if barriers := web.barriers(page):
                found[f"{screen} {theme}"] = barriers
    assert not found


def test_the_theme_is_the_systems_until_somebody_chooses(page: Page, site: web.Site) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitem", name="Light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


# Whatever is cut off at the right, unless something around it scrolls or cuts.
TOO_WIDE = """() => {
  const page = document.querySelector("main") ?? document.documentElement;
  const end = page.getBoundingClientRect().left + page.clientWidth;
  const holds = (one) =>
    one === page || (getComputedStyle(one).overflowX === "visible" && holds(one.parentElement));
  return page.scrollWidth <= page.clientWidth ? [] : [...page.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > end && holds(one.parentElement))
    .map((one) => `${one.tagName}.${one.className} ${one.textContent}`.slice(0, 80));
}"""


# What one taps beside a text is 40 pixels high on a phone; but for the numbers of a log's lines.
TOO_SMALL = """() => [
  ...document.querySelectorAll("button:not(.no), a.btn, .tabs a, .rail a, label.field")]
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([, { width, height }]) => width > 1 && (height < 40 || width < 24))
  .map(([one, { width, height }]) => `${width} x ${height} ${one.className} ${one.textContent}`)"""


def test_every_screen_fits_a_phone_a_finger_and_twice_the_size(page: Page, site: web.Site) -> None:
    release = site.push("webshop", lab_taken=True)
    commit = site.get(f"/releases/{release}")["commit"]["sha"]
    wide: list[str] = []
    small: list[str] = []
    for screen in SCREENS:
        page.goto(screen.format(release=release, commit=commit))
        expect(page.locator("main, .state, form").first).to_be_visible()
        for width in (640, 390, 320):  # 640: 1280 at 200 %
            page.set_viewport_size({"width": width, "height": 800})
            expect(page.locator("[aria-busy=true]")).to_have_count(0)
            wide += [f"{screen} at {width}: {what}" for what in page.evaluate(TOO_WIDE)]
        small += [f"{screen}: {what}" for what in page.evaluate(TOO_SMALL)]
    assert not wide
    assert not small


# Whatever has the focus without a ring in the accent's colour around it or its field.
NO_RING = """() => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = "var(--accent-fill)";
  const { color } = getComputedStyle(probe);
  probe.remove();
  const one = document.activeElement;
  const rung = (each) => getComputedStyle(each).boxShadow.includes(color);
  const fine = one === document.body || rung(one) || rung(one.closest("label") ?? one);
  return fine ? [] : [`${one.tagName}.${one.className} ${one.textContent}`.slice(0, 80)];
}"""


def test_whatever_has_the_focus_shows_it(page: Page, site: web.Site) -> None:
    release = site.push("webshop")
    dull: list[str] = []
    for screen in ("/releases", "/products/webshop", f"/releases/{release}"):
        page.goto(screen)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        for _ in range(40):
            page.keyboard.press("Tab")
            dull += [f"{screen}: {what}" for what in page.evaluate(NO_RING)]
    assert not dull


def test_what_opens_over_a_page_says_its_name_and_has_no_barrier(
    page: Page, site: web.Site
) -> None:
    site.push("webshop")
    page.goto("/products/webshop")
    found: dict[str, Sequence[str]] = {}

    def look(at: Locator) -> None:
        expect(at).to_be_visible()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            expect(page.locator("html")).to_have_attribute("data-theme", theme)
            # What floats over a page stands beside its landmarks.
            barriers = [each for each in web.barriers(page) if not each.startswith("region:")]
            found.update({f"{at} {theme}": barriers} if barriers else {})
        page.keyboard.press("Escape")
        expect(at).to_have_count(0)

    page.get_by_role("button", name="Promote cart from dev").click()
    look(page.get_by_role("menu"))
    page.get_by_role("button", name="New release…").click()
    look(page.get_by_role("dialog", name="Release webshop?"))
    page.get_by_role("button", name="Promote cart from dev").click()
    page.get_by_role("menuitem", name="Promote to qa…").click()
    look(page.get_by_role("dialog", name="Promote cart from dev to qa"))
    page.keyboard.press("Control+k")
    look(page.get_by_role("dialog", name="Find"))
    page.goto("/releases")
    page.get_by_role("button", name="Started any time").click()
    look(page.get_by_role("dialog", name="Started any time"))
    assert not found


def test_a_card_keeps_its_place_however_much_is_on_its_way(page: Page, site: web.Site) -> None:
    coming: list[dict[str, str]] = []

    def crowded(route: Route) -> None:
        answer = route.fetch()
        product = answer.json()
        for environment in product["environments"]:
            environment["on_its_way"] = coming
        route.fulfill(response=answer, json=product)

    page.route(re.compile(r"/api/v1/products/webshop(\?|$)"), crowded)
    places = set()
    sentence = {"version": "", "reason": "gate", "sentence": "needs two approvals " * 5}
    for many in (0, 1, 12):
        coming = [
            {"release": f"webshop-{n}", "status": "suspended"} | sentence for n in range(many)
        ]
        page.goto("/products/webshop")
        card = page.get_by_role("article", name="cart in staging")
        expect(page.get_by_text("webshop-0 suspended")).to_have_count(5 if many else 0)
        places.add(str(card.bounding_box()))
    assert len(places) == 1
    more = page.get_by_role("button", name="11 more on their way to staging")
    box = more.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] - 2)  # 24 pixels are hit
    expect(page.get_by_role("menuitem")).to_have_count(11)
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.locator("a.note").first.click(trial=True)  # the button is not over all of it
    page.unroute_all(behavior="wait")


def test_a_low_window_leaves_the_heads_of_a_board_whole(page: Page, site: web.Site) -> None:
    page.set_viewport_size({"width": 1280, "height": 420})
    page.goto("/products/webshop")
    heads = page.locator(".column > header")
    expect(heads.first).to_be_visible()
    assert heads.evaluate_all("all => all.every((one) => one.scrollHeight <= one.clientHeight)")


def test_text_that_is_cut_says_all_of_itself_to_whoever_points_at_it(
    page: Page, site: web.Site
) -> None:
    site.push("webshop")
    page.set_viewport_size({"width": 900, "height": 800})
    page.goto("/products/webshop")
    cut = page.locator(".component p.el").first
    # What runs in the demo's environments depends on the hour, and may have room enough.
    cut.evaluate("one => { one.style.maxWidth = '80px' }")
    cut.hover()
    assert cut.evaluate("one => one.scrollWidth > one.clientWidth")
    assert cut.get_attribute("title") == cut.inner_text()


def test_a_graph_is_read_aloud_as_its_environments_and_what_each_comes_after(
    page: Page, site: web.Site
) -> None:
    page.goto(f"/releases/{site.push('webshop')}")
    graph = page.get_by_role("region", name=re.compile("as a graph$"))
    node = graph.get_by_role("article", name=re.compile("^prod-us: .*, after staging$"))
    expect(node).to_be_visible()
    expect(page.locator(".react-flow__edge")).to_have_count(4)  # to the eye they are there
    expect(graph.get_by_role("application")).to_have_count(0)
    expect(graph.get_by_role("img", name=re.compile("^Edge"))).to_have_count(0)


def test_what_is_chosen_in_a_graph_comes_into_sight_beside_its_drawer(
    page: Page, site: web.Site
) -> None:
    page.set_viewport_size({"width": 900, "height": 800})
    page.goto(f"/releases/{site.push('webshop')}?environment=dev")
    last = page.get_by_role("article", name=re.compile("^prod-us"))
    expect(last).not_to_be_in_viewport()
    last.get_by_role("button").first.dispatch_event("click")
    expect(page.get_by_role("complementary", name=re.compile("prod-us"))).to_be_visible()
    expect(last).to_be_in_viewport(ratio=0.99)


def test_arrows_go_from_one_environment_to_the_next_and_from_product_to_product(
    page: Page, site: web.Site
) -> None:
    page.goto("/environments")
    rows = page.get_by_role("region", name="Products by environment").locator(".grid-row")
    expect(rows.nth(1)).to_be_visible()
    page.get_by_role("button", name="What can be done with staging").focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(0).get_by_role("link", name=re.compile("^staging"))).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1).get_by_role("link", name=re.compile("^prod-eu"))).to_be_focused()


def test_the_focus_returns_to_what_opened_a_dialog_or_a_drawer(page: Page, site: web.Site) -> None:
    page.goto(f"/releases/{site.push('webshop')}")
    me = page.get_by_role("button", name=re.compile("you are"))
    me.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(me).to_be_focused()
    node = page.get_by_role("article", name=re.compile("^staging")).get_by_role("button").first
    node.press("Enter")
    close = page.get_by_role("complementary").get_by_role("button", name="Close")
    close.press("Enter")
    expect(close).to_have_count(0)
    expect(node).to_be_focused()


def test_the_focus_goes_into_a_step_and_back_to_what_chose_it(page: Page, site: web.Site) -> None:
    release = site.push("webshop", lab_taken=True)
    page.goto(f"/releases/{release}?environment=staging")
    drawer = page.get_by_role("complementary", name=f"staging of {release}")
    expect(drawer.get_by_text("Failed", exact=True)).to_be_visible()  # no step of it changes now
    chose = drawer.get_by_role("button", name=re.compile("enter-lab"))
    chose.press("Enter")
    step = page.get_by_role("complementary", name="Step enter-lab")
    expect(step).to_be_focused()
    step.press("Escape")
    expect(chose).to_be_focused()
    page.keyboard.press("Shift+?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Next and previous release")
    chose.dispatch_event("keydown", {"key": "Escape", "code": "Escape"})  # before the focus moves
    expect(keys).to_have_count(0)
    expect(chose).to_be_visible()  # the key closed the dialog only


def test_a_page_of_nothing_leads_to_the_list_of_what_there_is(page: Page, site: web.Site) -> None:
    page.goto("/releases/nobody-1")
    page.get_by_role("link", name="All releases").click()
    expect(page.get_by_role("heading", name="Releases")).to_be_visible()


# Whatever a key moves, it has moved by then.
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def test_keys_of_a_page_rest_while_something_lies_over_it(page: Page, site: web.Site) -> None:
    release = site.push("webshop")
    page.goto("/releases")
    row = page.get_by_role("link", name=re.compile(f"^{release} "))
    expect(row).to_be_visible()
    theme = page.get_by_role("button", name="Theme")
    for opens, over in (("Shift+?", "dialog"), ("", "menu")):
        page.keyboard.press(opens) if opens else theme.press("Enter")
        expect(page.get_by_role(over)).to_be_visible()
        for key in ("j", "k", "/", "Shift+?"):
            page.keyboard.press(key)
            page.evaluate(TWO_FRAMES)
        expect(page.locator("[role=dialog], [role=menu]")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.get_by_role(over)).to_have_count(0)
        expect(page.locator(".grid-row.at")).to_have_count(0)
        expect(page.get_by_label("Search releases")).not_to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-row='0']")).to_be_focused()


def test_a_dialog_of_a_graph_takes_every_letter(page: Page, site: web.Site) -> None:
    page.goto(f"/releases/{site.push('webshop')}")
    node = page.get_by_role("article", name=re.compile("^prod-eu"))
    node.get_by_role("button", name="Approve prod-eu").click()
    comment = page.get_by_role("dialog").get_by_role("textbox")
    comment.press_sequentially("fit for 10 + 2 - fine")
    expect(comment).to_have_value("fit for 10 + 2 - fine")


def test_a_graph_keeps_its_place_whatever_there_is_to_tell_of_its_release(
    page: Page, site: web.Site
) -> None:
    release = site.push("webshop")
    document = site.get(f"/releases/{release}")
    told: dict[str, Any] = {}
    path = re.compile(rf"/api/v1/releases/{release}$")
    page.route(path, lambda route: route.fulfill(json=document | told))
    reason = {"code": "approval_needed", "data": {}, "since": None, "advice": ""}
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        places = set()
        for told in (
            {"status": "running", "reason": None},
            {"status": "suspended", "reason": reason | {"sentence": "needs an approval"}},
            {"status": "failed", "reason": reason | {"sentence": "it could not be pushed " * 20}},
        ):
            page.goto(f"/releases/{release}")
            node = page.get_by_role("article", name=re.compile("^dev"))
            expect(page.get_by_role("status", name=f"Status: {told['status']}")).to_be_visible()
            expect(node).to_be_visible()
            places.add(str(node.bounding_box()))
            expect(page.get_by_role("alert")).to_have_count(int(told["reason"] is not None))
        assert len(places) == 1
    # On a phone what is told lies at the lower end: all above it can be scrolled out from under it.
    page.get_by_role("main").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    assert page.evaluate(
        """() => [...document.querySelectorAll("article")].at(-1).getBoundingClientRect().bottom
          <= document.querySelector("[role=alert]").getBoundingClientRect().top"""
    )


def test_what_stands_in_a_node_keeps_its_place_as_its_reason_comes_and_goes(
    page: Page, site: web.Site
) -> None:
    release = site.push("webshop")
    document = site.get(f"/releases/{release}")
    path = re.compile(rf"/api/v1/releases/{release}$")
    page.route(path, lambda route: route.fulfill(json=document))
    reason = {"code": "approval_needed", "data": {}, "since": None, "advice": ""}
    first = document["environments"][0]
    places = set()
    for sentence in ("", "is about to begin", "needs two approvals " * 5):
        first["reason"] = reason | {"sentence": sentence} if sentence else None
        page.goto(f"/releases/{release}")
        node = page.get_by_role("article", name=re.compile(f"^{first['name']}: "))
        expect(node.locator(".why")).to_have_text(sentence.strip())
        below = [node.locator(".fx"), node.get_by_text("Components")]
        places.add(str([one.bounding_box() for one in below]))
    assert len(places) == 1


def test_a_card_keeps_its_place_when_there_is_trouble(page: Page, site: web.Site) -> None:
    product = site.get("/products/webshop")
    page.route(
        re.compile(r"/api/v1/products/webshop(\?|$)"), lambda route: route.fulfill(json=product)
    )
    reason = {"code": "git_unreachable", "sentence": "it is away", "advice": "", "data": {}}
    one = {"scope": "repository", "reason": reason | {"since": None}}
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        places = set()
        for many in (0, 1, 12):
            product["trouble"] = [one | {"subject": f"repository {n}"} for n in range(many)]
            page.goto("/products/webshop")
            card = page.get_by_role("article", name="cart in dev")
            expect(card).to_be_visible()
            expect(page.get_by_text("it is away")).to_have_count(many)
            places.add(str(card.bounding_box()))
        assert len(places) == 1
        expect(page.get_by_text("it is away").first).to_be_in_viewport()
        assert not web.barriers(page)


def test_what_is_told_on_a_phone_stands_above_what_is_said_of_the_connection(
    page: Page, site: web.Site
) -> None:
    failed = site.push("webshop", lab_taken=True)
    product = site.get("/products/webshop")
    reason = {"code": "git_unreachable", "sentence": "it is away", "advice": "", "data": {}}
    trouble = {"scope": "repository", "subject": "it", "reason": reason | {"since": None}}
    page.route(
        re.compile(r"/api/v1/products/webshop(\?|$)"),
        lambda route: route.fulfill(json=product | {"trouble": [trouble] * 9}),
    )
    page.set_viewport_size({"width": 390, "height": 800})
    for path, told in ((f"/releases/{failed}", "alert"), ("/products/webshop", "region")):
        page.goto(path)
        shown = page.get_by_role(told).filter(has_text=re.compile("staging: |it is away")).first
        expect(shown).to_be_visible()
        expect(page.get_by_text("Live", exact=True)).to_be_attached()
        site.stop()
        lost = page.get_by_text(re.compile("^Reconnecting"))
        expect(lost).to_be_visible()
        upper, lower = shown.bounding_box(), lost.bounding_box()
        assert upper
        assert lower
        assert abs(upper["y"] + upper["height"] - lower["y"]) <= 1
        site.start()


def test_a_list_of_releases_has_room_for_why_each_is_held(page: Page, site: web.Site) -> None:
    site.push("webshop")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/releases")
    why = page.get_by_title("needs an approval by anyone but the authors", exact=True).first
    expect(why).to_be_visible()
    assert why.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_a_screen_has_one_name_wherever_it_is_named(page: Page, site: web.Site) -> None:
    page.goto("/")
    rail = page.get_by_role("navigation", name="Main")
    crumbs = page.get_by_role("navigation", name="Where you are")
    places = rail.locator("a.n[href^='/']:not([href^='/api'])")
    for place in (places.nth(at) for at in range(places.count())):
        name = place.inner_text().strip()
        place.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(rf"^{name}\b"))
        expect(crumbs).to_have_text(name)
        expect(page).to_have_title(f"{name} · Towpath")
        assert place.evaluate("one => one.scrollWidth <= one.clientWidth"), name


def test_a_card_names_the_commit_that_its_release_wrote_there(page: Page, site: web.Site) -> None:
    page.goto(f"/releases/{site.push('webshop')}")
    landed = page.get_by_role("article", name=re.compile("^qa: succeeded"))
    expect(landed).to_be_visible()
    matrix = site.get("/products/webshop")["matrix"]
    cells = {(cell["component"], cell["environment"]): cell for cell in matrix}
    page.goto("/products/webshop")
    card = page.get_by_role("article", name="cart in qa")
    expect(card).to_contain_text(cells["cart", "qa"]["commit"][:7])
    expect(card).to_contain_text(cells["cart", "qa"]["initiator"])


def test_one_tab_of_a_product_is_where_one_is(page: Page, site: web.Site) -> None:
    for path, tab in (("", "Board"), ("/releases", "Releases")):
        page.goto(f"/products/webshop{path}")
        tabs = page.get_by_role("navigation", name="webshop")
        expect(tabs.get_by_role("link", name=tab)).to_be_visible()
        expect(tabs.locator("[aria-current]")).to_have_text([tab])


def test_what_is_asked_over_a_small_page_is_within_it(page: Page, site: web.Site) -> None:
    release = site.push("webshop")
    page.set_viewport_size({"width": 390, "height": 640})
    page.goto("/products/webshop")
    page.get_by_role("button", name="What can be done in staging").click()
    page.get_by_role("menuitem", name="Roll back…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("What will happen")).to_be_attached()
    expect(dialog.get_by_role("button", name="Roll back")).to_be_in_viewport(ratio=1)
    page.goto(f"/releases/{release}/notes?environment=prod-eu")
    expect(page.get_by_role("region", name="Images")).to_be_visible()
    page.locator("button.pick").last.click()
    compare = page.get_by_role("dialog")
    compare.get_by_role("button", name="Compare").scroll_into_view_if_needed()
    expect(compare).to_be_in_viewport(ratio=0.99)
    expect(compare.get_by_role("button", name="Compare")).to_be_in_viewport(ratio=1)


def test_a_long_name_of_a_product_is_whole_on_a_phone(page: Page, site: web.Site) -> None:
    name = "customer-notification-service"
    listing = site.get("/products")
    listing["items"][0]["name"] = name
    page.route(re.compile(r"/api/v1/products(\?|$)"), lambda route: route.fulfill(json=listing))
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/environments")
    shown = page.get_by_role("link", name=name).locator(":scope, *").last
    expect(shown).to_be_visible()
    whole = "one => one.scrollWidth <= one.clientWidth && one.scrollHeight <= one.clientHeight"
    assert shown.evaluate(whole)


def test_a_finger_hits_one_line_of_a_log(page: Page, site: web.Site) -> None:
    release = site.push("webshop", lab_taken=True)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"/releases/{release}")
    staging = page.get_by_role("article", name=re.compile("^staging"))
    staging.get_by_role("button", name=re.compile("enter-lab")).click()
    line = page.get_by_role("button", name="Line 1: link").bounding_box()
    assert line is not None
    assert line["height"] >= 24  # the least of WCAG 2.2 for what stands close together


def test_a_policy_is_evaluated_for_what_is_chosen(page: Page, site: web.Site) -> None:
    page.goto("/policies")
    expect(page.get_by_role("cell", name="environment staging", exact=True)).to_be_visible()
    for asked, chosen in (("Product", "webshop"), ("Environment", "staging")):
        page.get_by_role("button", name=f"{asked} choose").click()
        page.get_by_role("button", name=chosen, exact=True).click()
    row = page.get_by_role("region", name="Evaluate policy").get_by_role("row", name="Pre-action")
    expect(row).to_contain_text("policy load-test-before-staging")
