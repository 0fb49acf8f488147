"""The demo's configuration, as Towpath's own loader reads it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

from towpath import manifests
from towpath.demo import cast, checks, configuration, world
from towpath.domain import policy, windows
from towpath.domain.catalog import Approval, Catalog, PromotionAction
from towpath.domain.workflow import Manifest
from towpath.engine import templates
from towpath.runner import LocalRunner

Git = Callable[..., str]


def written(made: world.World, git: Git) -> dict[str, bytes]:
    names = git(made.configuration, "ls-tree", "-r", "--name-only", "main").splitlines()
    return {n: git(made.configuration, "show", f"main:{n}").encode() for n in names}


@pytest.fixture(scope="module")
def catalog(seen: world.World, git: Git) -> Catalog:
    return manifests.load(written(seen, git)).catalog


def test_the_configuration_has_no_problem_and_no_notice(seen: world.World, git: Git) -> None:
    assert [str(problem) for problem in manifests.load(written(seen, git)).problems] == []


def test_every_component_has_one_application_in_every_environment(catalog: Catalog) -> None:
    for product in cast.PRODUCTS.values():
        assert catalog.environments_of(product.name) == tuple(product.environments)
        for environment in product.environments:
            found = catalog.components_in(product.name, environment)
            assert {name: len(applications) for name, applications in found.items()} == {
                service.name: 1 for service in product.services
            }


def test_every_application_reads_an_existing_folder_with_its_services_template(
    catalog: Catalog, seen: world.World, git: Git
) -> None:
    for application in catalog.applications:
        [source] = application.sources
        template = catalog.template_for(application)
        assert template is not None
        assert template.version_source is not None
        assert template.name == cast.SERVICES[application.component].style
        assert source.repository == str(seen.gitops)
        git(seen.gitops, "cat-file", "-e", f"main:{source.path}/{template.version_source.file}")


def test_a_component_knows_its_code_its_image_and_how_a_tag_names_a_commit(
    catalog: Catalog, seen: world.World
) -> None:
    for name, product in catalog.products.items():
        assert product.issue_keys == (cast.PRODUCTS[name].issue_key,)
        for component in product.components:
            service = cast.SERVICES[component.name]
            assert component.repository == str(seen.code[component.name])
            assert component.images == (service.image,)
            assert component.tag == service.tag.replace("{version}", "*")


def test_flows_go_from_dev_to_production(catalog: Catalog) -> None:
    for product in cast.PRODUCTS.values():
        flow = catalog.flows[configuration.flow_name(product)]
        steps = {step.environment: step.depends_on for step in flow.steps}
        assert {flow.trigger_environment: (), **steps} == dict(product.environments)


def test_production_asks_for_the_approval_of_somebody_else(catalog: Catalog) -> None:
    settings = [each.settings for each in catalog.policies]
    assert {s.action for s in settings} == {PromotionAction.COMMIT, None}
    for environment in ("prod-eu", "prod-us"):
        approval = policy.resolve(catalog, "webshop", environment, None).settings.approval
        assert approval == Approval(exclude_author=True)
    assert policy.resolve(catalog, "webshop", "staging", None).settings.approval is None


def test_every_workflow_is_named_by_a_policy_or_flow_and_runs_on_this_machine(
    catalog: Catalog,
) -> None:
    assert (
        templates.in_use(catalog)
        == catalog.workflows.keys()
        == {
            *(checks.SMOKE_TEST, checks.LOAD_TEST, checks.ANNOUNCE),
        }
    )
    for name in catalog.workflows:
        made = templates.manifest(catalog, name)
        assert isinstance(made, Manifest)
        assert [str(problem) for problem in LocalRunner().refuse(made)] == []


def test_staging_is_entered_by_a_load_test_and_every_environment_is_smoke_tested(
    catalog: Catalog,
) -> None:
    settings = {
        name: policy.resolve(catalog, "webshop", name, None).settings
        for name in catalog.environments
    }
    assert {name for name, s in settings.items() if s.pre_action} == {"staging"}
    assert {s.post_action for s in settings.values()} == {checks.SMOKE_TEST}


def test_production_has_a_window_that_is_half_a_year_away(catalog: Catalog, now: datetime) -> None:
    known = catalog.environments["prod-eu"].windows
    assert windows.is_open(known, now)
    closes = windows.closes_at(known, now, timedelta(days=200))
    assert closes is not None
    assert closes - now > timedelta(days=150)
    assert not catalog.environments["staging"].windows


def test_a_folder_with_odd_characters_in_its_name_is_written_as_it_is(
    tmp_path: Path, now: datetime, git: Git
) -> None:
    folder = tmp_path / "my \"demo\": 'ä' #1"
    folder.mkdir()
    made = world.build(folder, now)
    files = written(made, git)
    product = yaml.safe_load(files["products/webshop.yaml"])
    addresses = [component["repository"] for component in product["spec"]["components"]]
    assert addresses == [str(made.code[name]) for name in made.products["webshop"]]
    assert [str(problem) for problem in manifests.load(files).problems] == []
