"""Bad configuration on the whole engine: the last good stays in force, and is said to be so."""

from pathlib import Path

import pytest
import yaml

import real_world
from real_world import document, flow, said
from towpath.domain import catalog
from towpath.domain.reasons import Code
from towpath.domain.status import Status


async def test_broken_yaml_changes_nothing_is_shown_and_is_taken_once_it_is_mended(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        good = w.text("flow.yaml")
        w.write_text("flow.yaml", good + "spec: [\n")
        await w.until_read()
        problem = next(each for each in w.problems if each.code == "broken_yaml")
        assert (problem.origin.file, problem.origin.line) == ("flow.yaml", 15)
        assert "not YAML" in problem.message
        assert w.running.in_force.catalog.flows["main"].environments == ("dev", "qa", "prod")
        await w.succeeded(await w.released("1.1.0"))
        await w.others_go_on()
        w.write("flow.yaml", flow("main", "dev", "prod"))
        await w.until_in_force()
        assert w.running.in_force.catalog.flows["main"].environments == ("dev", "prod")
        await w.succeeded(await w.released("1.2.0"))
        assert (w.tag("qa"), w.tag("prod")) == ("1.1.0", "1.2.0")


async def test_a_broken_configuration_is_mended_by_taking_the_change_back(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        good = w.text("shop.yaml")
        w.write_text("shop.yaml", good.replace("promotionFlows:", "promotionFlow:"))
        await w.until_read()
        assert w.problems
        w.write_text("shop.yaml", good)
        await w.until_in_force()


async def test_a_configuration_repository_that_is_away_is_shown_until_it_is_back(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.described_in = real_world.origin(tmp_path, "described")
    w.described_in.commit({each.name: each.read_text() for each in w.configuration.iterdir()})
    async with w.working(database_url):
        away = w.described_in.path.rename(tmp_path / "away.git")

        async def is_shown() -> bool:
            return await w.trouble("configuration", str(w.described_in.path)) is not None

        async def is_over() -> bool:
            return await w.troubles() == []

        await w.until("it is shown", is_shown)
        said(await w.trouble("configuration"), Code.REPOSITORY_MISSING, "described")
        await w.succeeded(await w.released("1.1.0"))
        away.rename(w.described_in.path)
        await w.until("it is over", is_over)


@pytest.mark.parametrize(
    ("file", "change", "code", "words"),
    [
        (
            "shop.yaml",
            lambda text: text.replace("promotionTemplateRef", "promotionTemplateReff"),
            "unknown_field",
            ("promotionTemplateReff", "promotionTemplateRef"),
        ),
        (
            "flow.yaml",
            lambda text: yaml.safe_dump(
                document(
                    "PromotionFlow",
                    "main",
                    {
                        "triggerEnvironment": "dev",
                        "steps": [
                            {"environment": "qa", "dependsOn": ["prod"]},
                            {"environment": "prod", "dependsOn": ["qa"]},
                        ],
                    },
                )
            ),
            "flow_cycle",
            ("qa", "prod"),
        ),
        (
            "flow.yaml",
            lambda text: text.replace("environment: qa", "environment: quality"),
            "unknown_environment",
            ("quality",),
        ),
        (
            "template.yaml",
            lambda text: text.replace("values.yaml", "../../../values.yaml"),
            "path_outside_repository",
            ("../../../values.yaml",),
        ),
        (
            "shop.yaml",
            lambda text: text.replace("kind: Product", "kind: Product\nkind: Product", 1),
            "duplicate_key",
            ("kind",),
        ),
        (
            "shop.yaml",
            lambda text: text.replace("- name: main", "- name: mian"),
            "unknown_flow",
            ("mian", "main"),
        ),
    ],
    ids=["field", "cycle", "environment", "template path", "duplicate key", "flow"],
)
async def test_a_mistake_in_the_configuration_is_named_with_its_place_and_stops_nobody(
    tmp_path: Path, database_url: str, file: str, change: object, code: str, words: tuple[str, ...]
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        good = w.text(file)
        w.write_text(file, change(good))  # type: ignore[operator]
        await w.until_read()
        found = {problem.code: problem for problem in w.problems}
        assert code in found, [str(problem) for problem in w.problems]
        assert found[code].origin.file == file
        assert all(word in found[code].message for word in words), found[code].message
        await w.others_go_on()
        w.write_text(file, good)
        await w.until_in_force()


@pytest.mark.parametrize(("is_there", "code"), [(False, "source_missing"), (True, "source_empty")])
async def test_a_configuration_folder_that_is_gone_or_empty_leaves_the_last_good_in_force(
    tmp_path: Path, database_url: str, is_there: bool, code: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        away = w.configuration.rename(tmp_path / "away")
        if is_there:  # a volume that is not mounted
            w.configuration.mkdir()
        await w.until_read()
        (problem,) = w.problems
        assert problem.code == code
        assert str(w.configuration) in str(problem)
        await w.others_go_on()
        if is_there:
            w.configuration.rmdir()
        away.rename(w.configuration)
        await w.until_in_force()


async def test_a_bad_configuration_at_the_start_waits_for_a_good_one_and_the_stored_one_serves(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        pass
    good = w.text("flow.yaml")
    w.write_text("flow.yaml", "kind: [")
    async with w.working(database_url):
        await w.until_read()
        assert "broken_yaml" in {problem.code for problem in w.problems}
        await w.others_go_on()
        w.write_text("flow.yaml", good)
        await w.until_in_force()


async def test_a_set_whose_repository_is_gone_is_a_problem_of_the_configuration_only(
    tmp_path: Path, database_url: str
) -> None:
    generated = document(
        "ApplicationSet",
        "services",
        {
            "generators": [
                {
                    "git": {
                        "repoURL": str(tmp_path / "nowhere.git"),
                        "revision": "HEAD",
                        "directories": [{"path": "*"}],
                    }
                }
            ],
            "template": {
                "metadata": {"name": "{{path.basename}}"},
                "spec": {
                    "project": "default",
                    "source": {
                        "repoURL": str(tmp_path / "nowhere.git"),
                        "path": "{{path}}",
                        "targetRevision": "main",
                    },
                    "destination": {"name": "cluster", "namespace": "default"},
                },
            },
        },
        "argoproj.io/v1alpha1",
    )
    w = real_world.made(tmp_path)
    async with w.working(database_url):
        w.write("set.yaml", generated)
        await w.until_read()
        (problem,) = w.problems
        assert problem.origin.file == "set.yaml"
        assert "nowhere.git" in problem.message
        await w.others_go_on()
        (w.configuration / "set.yaml").unlink()
        await w.until_in_force()


async def test_a_set_whose_repository_goes_away_leaves_the_last_good_configuration_after_a_restart(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    gone = real_world.origin(tmp_path, "sets")
    gone.commit({"one/values.yaml": "a: 1\n"})
    w.write(
        "set.yaml",
        document(
            "ApplicationSet",
            "services",
            {
                "generators": [
                    {
                        "git": {
                            "repoURL": str(gone.path),
                            "revision": "HEAD",
                            "directories": [{"path": "*"}],
                        }
                    }
                ],
                "template": {
                    "metadata": {"name": "{{path.basename}}"},
                    "spec": {
                        "project": "default",
                        "source": {
                            "repoURL": str(gone.path),
                            "path": "{{path}}",
                            "targetRevision": "main",
                        },
                        "destination": {"name": "cluster", "namespace": "default"},
                    },
                },
            },
            "argoproj.io/v1alpha1",
        ),
    )
    async with w.working(database_url):
        assert [a.name for a in w.running.in_force.catalog.applications if not a.product] == ["one"]
    gone.path.rename(tmp_path / "away.git")
    async with w.working(database_url):
        await w.others_go_on()


async def test_a_policy_that_asks_for_what_is_not_there_yet_fails_and_says_so(
    tmp_path: Path, database_url: str
) -> None:
    w = real_world.made(tmp_path)
    w.write(
        "policy.yaml",
        document(
            "PromotionPolicy",
            "reviewed",
            {
                "priority": 1,
                "selector": {"product": {"names": ["shop"]}},
                "policy": {"action": "pr"},
            },
        ),
    )
    async with w.working(database_url):
        stopped = await w.stopped_at(await w.released("1.1.0"), "qa", Code.UNSUPPORTED)
        assert stopped.status is Status.ERROR
        said(stopped.reason, Code.UNSUPPORTED, "action: pr", "Take it out")
        await w.others_go_on()


async def test_what_is_wrong_is_kept_with_the_last_good_configuration_in_the_store(
    tmp_path: Path, database_url: str
) -> None:
    async with real_world.made(tmp_path).working(database_url) as w:
        before = await w.running.store.configuration()
        w.write_text("broken.yaml", "a: [")
        await w.until_read()
        after = await w.running.store.configuration()
        assert before
        assert after
        assert (after.revision, after.files) == (before.revision, before.files)
        assert after.problems_revision != after.revision
        assert any(isinstance(p, catalog.Problem) for p in after.problems)
