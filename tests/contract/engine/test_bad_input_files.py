"""Bad files in repositories, on the whole engine: a typed reason, and everybody else goes on."""

import os
from pathlib import Path

import pytest

import real_world
from real_world import said, source, template, values
from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.wishes import Refused

NOT_UTF8 = b'image:\n  tag: "1.1.0"\n  owner: J\xf6rg\n'
TWICE = 'image:\n  tag: "1.1.0"\n  tag: "1.2.0"\n'


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (NOT_UTF8, Code.INVALID_CONFIGURATION, ("shop/dev/values.yaml:3", "UTF-8")),
        (TWICE, Code.INVALID_CONFIGURATION, ("shop/dev/values.yaml:3", "tag", "twice")),
        ("image: [\n", Code.INVALID_CONFIGURATION, ("shop/dev/values.yaml",)),
        ("image: {{ .Values.image }}\n", Code.INVALID_CONFIGURATION, ("shop/dev/values.yaml",)),
        ("", Code.VALUE_MISSING, ("$.image.tag", "selects nothing", "Correct")),
        ('image:\n  name: "1.1.0"\n', Code.VALUE_MISSING, ("$.image.tag", "template")),
        (("120000", b"../../../etc/passwd"), Code.INVALID_CONFIGURATION, ("symbolic link", "Name")),
        (None, Code.VALUE_MISSING, ("values.yaml", "selects nothing")),
    ],
    ids=["latin-1", "twice", "broken", "template", "empty", "no value", "link out", "no file"],
)
async def test_a_file_that_cannot_be_read_in_the_trigger_environment_is_shown_and_can_be_mended(
    tmp_path: Path, database_url: str, body: object, code: Code, words: tuple[str, ...]
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/dev/values.yaml": body, "shop/dev/Chart.yaml": "name: shop\n"})
    async with w.working(database_url):
        said(await w.trouble("component", "shop/dev/api"), code, *words)
        assert await w.look() == []
        await w.others_go_on()
        w.shop.commit({"shop/dev/values.yaml": values("1.2.0")}, "mended")
        (made,) = await w.look()
        await w.succeeded(made)
        assert await w.troubles() == []


async def test_what_selects_nothing_is_not_released_by_hand_either_and_keeps_its_change(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/dev/other.yaml": values("1.0.0")})
    w.write("template.yaml", template("tag", {"nowhere.yaml": ["$.image.tag"]}))
    async with w.working(database_url):
        w.shop.commit({"shop/dev/values.yaml": values("1.1.0")})
        assert await w.look() == []
        with pytest.raises(Refused, match=r"nowhere.yaml of api selects nothing"):
            await w.engine.commands.create("shop", "", "", "ada")
        w.write("template.yaml", template("tag", {"values.yaml": ["$.image.tag"]}))
        await w.until_in_force()
        (made,) = await w.look()
        await w.succeeded(made)


async def test_a_file_that_is_broken_later_makes_no_release_until_it_is_mended(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        w.shop.commit({"shop/dev/values.yaml": NOT_UTF8})
        assert await w.look() == []
        said(await w.trouble("component"), Code.INVALID_CONFIGURATION, "UTF-8")
        await w.others_go_on()
        await w.succeeded(await w.released("1.2.0"))
        assert await w.troubles() == []


async def test_values_that_are_taken_away_on_purpose_are_taken_away_everywhere(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        await w.succeeded(await w.released("1.1.0"))
        w.shop.commit({"shop/dev/values.yaml": "image:\n  name: app\n"})
        (made,) = await w.look()
        await w.succeeded(made)
        assert w.shop.show("shop/prod/values.yaml") == (
            b"# prod\nreplicas: 2\nimage:\n  name: app\n"
        )


@pytest.mark.parametrize(
    ("body", "code", "status", "words"),
    [
        (NOT_UTF8, Code.INVALID_CONFIGURATION, Status.ERROR, ("shop/prod/values.yaml:3", "UTF-8")),
        (TWICE, Code.INVALID_CONFIGURATION, Status.ERROR, ("shop/prod/values.yaml:3", "twice")),
        ("image: [\n", Code.INVALID_CONFIGURATION, Status.ERROR, ("shop/prod/values.yaml",)),
        ("image: none\n", Code.VALUE_MISSING, Status.ERROR, ("$.image.tag", "prod/values.yaml")),
        (
            "image: &shared {tag: 1.0.0}\nmirror: *shared\n",
            Code.INVALID_CONFIGURATION,
            Status.ERROR,
            ("shared", "Write the value out"),
        ),
        (
            "base: &base\n  tag: 1.0.0\nimage:\n  <<: *base\n",
            Code.INVALID_CONFIGURATION,
            Status.ERROR,
            ("prod/values.yaml",),
        ),
        (("120000", b"../x.yaml"), Code.INVALID_CONFIGURATION, Status.ERROR, ("symbolic link",)),
        (None, Code.VALUE_MISSING, Status.ERROR, ("there is no file", "Create the file")),
    ],
    ids=["latin-1", "twice", "broken", "no place", "alias", "merge", "link", "no file"],
)
async def test_a_file_that_cannot_be_written_in_the_target_is_an_error_until_mended_and_retried(
    tmp_path: Path,
    database_url: str,
    body: object,
    code: Code,
    status: Status,
    words: tuple[str, ...],
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        w.shop.commit({"shop/prod/values.yaml": body, "shop/prod/Chart.yaml": "name: shop\n"})
        made = await w.released("1.1.0")
        stopped = await w.stopped_at(made, "prod", code)
        assert stopped.status is status
        said(stopped.reason, code, *words)
        assert w.tag("qa") == "1.1.0"
        await w.others_go_on()
        w.shop.commit({"shop/prod/values.yaml": values("0.9.0", "prod")})
        await w.running.commands.retry(made, "", "ada")
        await w.succeeded(made)
        assert w.tag("prod") == "1.1.0"


async def test_a_file_that_cannot_be_read_at_the_first_look_is_no_trouble_any_more_once_it_can(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/prod/values.yaml": NOT_UTF8})
    async with w.working(database_url):
        said(await w.trouble("component", "shop/prod/api"), Code.INVALID_CONFIGURATION, "UTF-8")
        w.shop.commit({"shop/prod/values.yaml": values("0.9.0", "prod")})
        await w.look()
        assert await w.troubles() == []
        landed = await w.running.store.landed_in("shop", "prod")
        assert landed["api"].commit == w.shop.head()


async def test_a_file_of_fifty_megabytes_is_refused_without_being_read(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        large = b"image:\n  tag: 1.1.0\n# " + os.urandom(1) * (50 * 1024 * 1024)
        w.shop.commit({"shop/dev/values.yaml": large})
        assert await w.look() == []
        said(
            await w.trouble("component", "shop/dev/api"),
            Code.INVALID_CONFIGURATION,
            "52,4",
            "bytes",
            "Leave it out",
        )
        await w.others_go_on()
        made = await w.released("1.2.0")
        await w.succeeded(made)
        w.shop.commit({"shop/qa/values.yaml": large[: 11 * 1024 * 1024]})
        made = await w.released("1.3.0")
        stopped = await w.stopped_at(made, "qa", Code.INVALID_CONFIGURATION)
        assert stopped.status is Status.ERROR
        said(stopped.reason, Code.INVALID_CONFIGURATION, "shop/qa/values.yaml", "bytes", "smaller")


async def test_a_path_that_selects_several_places_by_a_key_that_is_not_unique_is_ambiguous(
    tmp_path: Path, database_url: str
) -> None:
    one = "containers:\n- name: api\n  image: app:{}\n"
    w = real_world.made(tmp_path)
    w.write("template.yaml", template("tag", {"values.yaml": ["$.containers[*].image"]}))
    w.shop.commit(
        {f"shop/{each}/values.yaml": one.format("1.0.0") for each in real_world.ENVIRONMENTS}
    )
    w.write_product("other", w.other, template="other")
    w.write("other-template.yaml", template("other", {"values.yaml": ["$.image.tag"]}))
    async with w.working(database_url):
        w.shop.commit(
            {
                "shop/prod/values.yaml": one.format("1.0.0") + "- name: api\n  image: b:2\n",
                "shop/dev/values.yaml": one.format("1.1.0"),
            }
        )
        (made,) = await w.look()
        stopped = await w.stopped_at(made, "prod", Code.VALUE_AMBIGUOUS)
        assert stopped.status is Status.ERROR
        said(stopped.reason, Code.VALUE_AMBIGUOUS, "prod/values.yaml", "api")
        w.shop.commit({"shop/dev/values.yaml": one.format("1.2.0") + "- name: api\n  image: b:2\n"})
        assert await w.look() == []
        said(await w.trouble("component", "shop/dev/api"), Code.VALUE_AMBIGUOUS, "api")
        await w.others_go_on()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("../values.yaml", ("../values.yaml", "Give a path inside")),
        ("linked.yaml", ("linked.yaml", "symbolic link", "out of the repository")),
        ("linked/values.yaml", ("symbolic link",)),
    ],
    ids=["dots", "link", "folder link"],
)
async def test_a_template_that_leads_out_of_the_folder_reads_nothing_and_says_so(
    tmp_path: Path, database_url: str, path: str, words: tuple[str, ...]
) -> None:
    w = real_world.made(tmp_path)
    rules = {path: ["*"]} if path.startswith("linked.") else {path: ["$.image.tag"]}
    w.write("leading-out.yaml", template("out", rules))
    w.write_product("shop", w.shop, template="out")
    links = {"linked.yaml": ("120000", b"../../../x"), "linked": ("120000", b"../../../etc")}
    w.shop.commit({f"shop/dev/{name}": link for name, link in links.items()})
    async with w.working(database_url):
        said(await w.trouble("component", "shop/dev"), Code.INVALID_CONFIGURATION, *words)
        await w.others_go_on()
        w.write_product("shop", w.shop)
        await w.until_in_force()
        await w.look()
        assert await w.troubles() == []
        await w.succeeded(await w.released("1.1.0"))


async def test_an_application_whose_folder_is_a_link_out_of_the_repository_is_refused(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.shop.commit({"shop/dev/values.yaml": None, "shop/dev": ("120000", b"../../secrets")})
    async with w.working(database_url):
        said(
            await w.trouble("component", "shop/dev"),
            Code.INVALID_CONFIGURATION,
            "symbolic link",
            "out of the repository",
        )
        await w.others_go_on()


async def test_of_two_products_in_one_repository_only_the_one_with_the_broken_file_stops(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write("twin.yaml", *_twin(w))
    w.shop.commit({f"twin/{e}/values.yaml": values("1.0.0", e) for e in real_world.ENVIRONMENTS})
    async with w.working(database_url):
        w.shop.commit(
            {
                "shop/qa/values.yaml": NOT_UTF8,
                "shop/dev/values.yaml": values("1.1.0"),
                "twin/dev/values.yaml": values("1.1.0"),
            }
        )
        assert sorted(await w.look()) == ["shop-1", "twin-1"]
        stopped = await w.stopped_at("shop-1", "qa", Code.INVALID_CONFIGURATION)
        said(stopped.reason, Code.INVALID_CONFIGURATION, "shop/qa/values.yaml:3", "UTF-8")
        await w.succeeded("twin-1")
        w.shop.commit({"shop/dev/values.yaml": "a: [", "twin/dev/values.yaml": values("1.2.0")})
        assert await w.look() == ["twin-2"]
        await w.succeeded("twin-2")


def _twin(w: real_world.World) -> list[real_world.Spec]:
    return [
        real_world.product("twin"),
        *(
            real_world.application(f"twin-{e}", "twin", e, "api", source(w.shop, f"twin/{e}"))
            for e in real_world.ENVIRONMENTS
        ),
    ]
