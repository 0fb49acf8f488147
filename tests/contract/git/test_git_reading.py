"""What is read as a component's content, from a real repository."""

from hashlib import sha256

import pytest

import git_servers
from towpath.domain import catalog, content, reasons, values
from towpath.domain.reasons import Code
from towpath.domain.rules import Rules
from towpath.git.adapter import GitRepositories
from towpath.ports import git as port

VALUES = "image:\n  repository: acme/api\n  tag: v1\nreplicas: 1\n"
TAG: values.Place = (values.Key("image"), values.Key("tag"))


def of(rules: dict[str, tuple[str, ...]], **more: object) -> catalog.Template:
    return catalog.Template("t", promotion=rules, **more)  # type: ignore[arg-type]


async def read(
    door: GitRepositories,
    remote: git_servers.Origin,
    by: catalog.Template | None,
    path: str = "qa",
    revision: str = "main",
) -> port.Reading:
    await door.fetch(remote.url)
    rules = by.rules if by else Rules()
    request = port.ReadRequest("api", "api-qa", port.SourceAt(0, remote.url, path), rules)
    (reading,) = await door.read(remote.url, revision, [request])
    return reading


def reason(reading: port.Reading) -> reasons.Reason:
    assert reading.reason is not None
    assert reading == port.Reading(reading.request, reason=reading.reason)
    return reading.reason


async def test_values_are_selected_by_file_and_by_glob(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit(
        {
            "qa/values.yaml": VALUES,
            "qa/a/x.yaml": "tag: v1\n",
            "qa/a/b/y.yaml": "tag: v2\n",
            "prod/x.yaml": "",
        }
    )
    reading = await read(
        door, remote, of({"values.yaml": ("$.image.tag",), "a/**/*.yaml": ("$.tag",)})
    )
    key = (values.Key("tag"),)
    assert reading.files == (
        content.FileContent("a/b/y.yaml", (values.Value(key, "v2"),)),
        content.FileContent("a/x.yaml", (values.Value(key, "v1"),)),
        content.FileContent("values.yaml", (values.Value(TAG, "v1"),)),
    )
    assert reading.reason is None
    assert reading.unmatched == ()


async def test_what_selects_nothing_is_named(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES})
    rules = {"values.yaml": ("$.image.tag", "$.none"), "no.yaml": ("$.a",), "*.toml": ("$.b",)}
    reading = await read(door, remote, of(rules))
    assert reading.unmatched == (("values.yaml", "$.none"), ("no.yaml", "$.a"), ("*.toml", "$.b"))
    assert len(reading.files) == 1


async def test_whole_files_are_read_with_mode_digest_and_body(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit(
        {"qa/run": ("100755", b"\x00run"), "qa/l": ("120000", b"../prod/x"), "qa/.hidden": "h"}
    )
    reading = await read(door, remote, of({"**": ("*",)}))
    found = {file.path: file.whole for file in reading.files}
    body = sha256(b"\x00run").hexdigest()
    assert found["run"] == content.WholeFile("100755", body, 4)
    assert reading.bodies[body] == b"\x00run"
    link = found["l"]
    assert link is not None
    assert link.mode == "120000"
    assert reading.bodies[link.digest] == b"../prod/x"
    assert ".hidden" in found


@pytest.mark.parametrize("target", [b"../../etc", b"/etc/passwd", b"a/../../../x"])
async def test_a_link_that_leaves_the_repository_is_an_error(
    door: GitRepositories, remote: git_servers.Origin, target: bytes
) -> None:
    remote.commit({"qa/l": ("120000", target), "qa/a/x": "1"})
    found = reason(await read(door, remote, of({"l": ("*",)})))
    assert found.code is Code.INVALID_CONFIGURATION
    assert "qa/l" in found.sentence


@pytest.mark.parametrize("pattern", ["../prod/values.yaml", "/etc/passwd", "a/../../x", "../*"])
async def test_a_template_that_leaves_the_applications_folder_is_an_error(
    door: GitRepositories, remote: git_servers.Origin, pattern: str
) -> None:
    remote.commit({"qa/values.yaml": VALUES, "prod/values.yaml": VALUES})
    found = reason(await read(door, remote, of({pattern: ("$.image.tag",)})))
    assert found.code is Code.INVALID_CONFIGURATION
    assert pattern in found.sentence


async def test_a_path_through_a_link_out_of_the_repository_is_an_error(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES, "qa/out": ("120000", b"../../elsewhere")})
    found = reason(await read(door, remote, of({"out/values.yaml": ("$.image.tag",)})))
    assert "out of the repository" in found.sentence
    remote.commit({"away": ("120000", b"/etc")})
    assert reason(await read(door, remote, None, path="away/x")).code is Code.INVALID_CONFIGURATION


async def test_an_applications_path_may_go_through_a_link_inside_the_repository(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"v2/qa/values.yaml": VALUES, "current": ("120000", b"./v2")})
    reading = await read(door, remote, of({"values.yaml": ("$.image.tag",)}), path="current/qa")
    assert len(reading.files) == 1


async def test_links_in_a_circle_end_with_a_reason(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"a": ("120000", b"b"), "b": ("120000", b"a")})
    assert "too many" in reason(await read(door, remote, None, path="a/x")).sentence


async def test_values_in_a_link_are_refused(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/real.yaml": VALUES, "qa/values.yaml": ("120000", b"real.yaml")})
    found = reason(await read(door, remote, of({"values.yaml": ("$.image.tag",)})))
    assert "symbolic link" in found.sentence


async def test_a_submodule_is_an_error(door: GitRepositories, remote: git_servers.Origin) -> None:
    head = remote.commit({"qa/values.yaml": VALUES}).encode()
    remote.commit({"qa/sub": ("160000", head)})
    for path, rules in (
        ("qa", {"**": ("*",)}),
        ("qa/sub", {"x": ("*",)}),
        ("qa/sub/x", {"x": ("*",)}),
    ):
        found = reason(await read(door, remote, of(rules), path=path))
        assert found.code in (Code.UNSUPPORTED, Code.INVALID_CONFIGURATION)


async def test_a_file_above_ten_mebibytes_is_an_error(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/big": b"x" * (10 * 1024 * 1024 + 1)})
    found = reason(await read(door, remote, of({"big": ("*",)})))
    assert "10,485,761 bytes" in found.sentence


async def test_a_missing_folder_is_a_reason_and_spoils_no_other_answer(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES})
    await door.fetch(remote.url)
    by = of({"values.yaml": ("$.image.tag",)})
    requests = [
        port.ReadRequest("api", path, port.SourceAt(0, remote.url, path), by.rules)
        for path in ("nowhere", "qa", "qa/values.yaml")
    ]
    readings = await door.read(remote.url, "main", requests)
    assert reason(readings[0]).code is Code.VALUE_MISSING
    assert "nowhere" in reason(readings[0]).sentence
    assert readings[1].files
    assert "not a folder" in reason(readings[2]).sentence


async def test_a_file_that_is_no_yaml_is_named_with_line_and_column(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": "a: 1\nb: [\n"})
    found = reason(await read(door, remote, of({"values.yaml": ("$.a",)})))
    assert found.data["file"] == "qa/values.yaml"
    assert found.data["line"]


async def test_the_version_comes_from_its_source(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/Chart.yaml": "appVersion: 1.10\n", "qa/values.yaml": VALUES})
    source = catalog.VersionSource("Chart.yaml", "$.appVersion")
    reading = await read(door, remote, of({"values.yaml": ("$.image.tag",)}, version_source=source))
    assert reading.version == "1.10"
    assert [file.path for file in reading.files] == ["values.yaml"]
    assert reading.images == (content.Image("acme/api", "v1"),)


async def test_without_a_template_the_image_references_are_promoted(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit(
        {
            "qa/Chart.yaml": "name: api\nappVersion: '7'\n",
            "qa/values.yaml": VALUES + "sidecar:\n  image: acme/proxy:2.1\n",
            "qa/templates/deployment.yaml": "image: {{ .Values.image }}\n",
            "qa/README.md": "image: x:y",
            "qa/notes.yaml": "image: not/a-reference:1\n",
        }
    )
    reading = await read(door, remote, None)
    assert reading.reason is None
    assert [
        (file.path, {values.spell(v.place): v.value for v in file.values}) for file in reading.files
    ] == [
        (
            "values.yaml",
            {
                "$.image.repository": "acme/api",
                "$.image.tag": "v1",
                "$.sidecar.image": "acme/proxy:2.1",
            },
        )
    ]
    assert reading.images == (content.Image("acme/api", "v1"), content.Image("acme/proxy", "2.1"))


async def test_without_a_promotion_the_version_source_is_promoted_too(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/Chart.yaml": "appVersion: '7'\nname: x\n", "qa/values.yaml": VALUES})
    source = catalog.VersionSource("Chart.yaml", "$.appVersion")
    reading = await read(door, remote, catalog.Template("t", version_source=source))
    assert [file.path for file in reading.files] == ["Chart.yaml", "values.yaml"]
    assert reading.version == "7"


async def test_images_that_a_template_declares_are_found_and_promoted(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/app.toml": 'repo = "acme/x"\nversion = "3"\nother = 1\n'})
    declared = catalog.ImageSource("app.toml", "$.repo", tag="$.version")
    reading = await read(door, remote, catalog.Template("t", images=(declared,)))
    assert reading.images == (content.Image("acme/x", "3"),)
    assert [values.spell(value.place) for value in reading.files[0].values] == [
        "$.repo",
        "$.version",
    ]
    assert reading.version == "3"


async def test_an_unchanged_folder_is_not_read_again_at_another_commit(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES, "prod/values.yaml": VALUES})
    by = of({"values.yaml": ("$.image.tag",)})
    before = await read(door, remote, by)
    remote.commit({"prod/values.yaml": VALUES.replace("v1", "v2")})
    after = await read(door, remote, by)
    assert after.files is before.files
    remote.commit({"qa/values.yaml": VALUES.replace("v1", "v2")})
    assert (await read(door, remote, by)).files[0].values[0].value == "v2"


async def test_standing_tells_whether_a_folder_holds_the_content_and_what_differs(
    door: GitRepositories, remote: git_servers.Origin
) -> None:
    remote.commit({"qa/values.yaml": VALUES, "qa/run": ("100755", b"x")})
    reading = await read(door, remote, of({"values.yaml": ("$.image.tag",), "run": ("*",)}))
    files = reading.files
    assert (await door.standing(remote.url, "main", "qa", files)).holds
    more = remote.commit({"qa/values.yaml": VALUES + "more: 1\n", "qa/own": "x"})
    other = remote.commit(
        {"qa/values.yaml": VALUES.replace("v1", "v9"), "qa/run": b"x"}, author="Eve"
    )
    await door.fetch(remote.url)
    assert (await door.standing(remote.url, more, "qa", files)).holds
    standing = await door.standing(remote.url, other, "qa", files)
    assert not standing.holds
    by_file = {difference.file: difference for difference in standing.differences}
    assert by_file["qa/values.yaml"] == port.Drift(
        "qa/values.yaml", "$.image.tag", "v1", "v9", other, "Eve"
    )
    assert by_file["qa/run"].found.startswith("100644")
    gone = await door.standing(remote.url, other, "nowhere", files)
    assert not gone.holds
    assert "nowhere" in gone.differences[0].found
