"""Whole configurations as teams have them: ours, and one that comes from codefresh.io unchanged."""

from datetime import timedelta
from pathlib import Path

import pytest

from towpath import manifests
from towpath.domain import catalog, policy
from towpath.manifests import folder

DATA = Path(__file__).parents[2] / "data" / "manifests"


@pytest.fixture
def shop() -> manifests.Loaded:
    files, problems = folder.files_of(DATA / "shop")
    assert not problems
    return manifests.load(files)


@pytest.fixture
def theirs() -> manifests.Loaded:
    return manifests.load(folder.files_of(DATA / "codefresh")[0])


def test_a_realistic_configuration_has_nothing_to_say_of(shop: manifests.Loaded) -> None:
    assert shop.usable
    assert shop.problems == ()


def test_every_service_is_a_component_in_every_environment(shop: manifests.Loaded) -> None:
    config = shop.catalog

    assert config.environments_of("checkout") == ("dev", "qa", "staging", "prod-eu", "prod-us")
    for environment in config.environments_of("checkout"):
        assert set(config.components_in("checkout", environment)) == {"api", "web", "worker"}


def test_the_fields_of_a_product_arrive(shop: manifests.Loaded) -> None:
    product = shop.catalog.products["checkout"]

    assert product.concurrency is catalog.Concurrency.QUEUE
    assert product.links == (("Runbook", "https://wiki.example/checkout"),)
    assert product.issue_keys == ("SHOP", "PAY")
    assert product.components[0] == catalog.Component(
        "api",
        "https://git.example/checkout-api.git",
        images=("registry.example/checkout/api",),
        tag="{sha}",
    )
    assert [use.flow for use in product.flows] == ["hotfix", "to-production"]
    assert product.flows[0].selectors == (
        catalog.TriggerSelector("commitMessage", "In", ("*[hotfix]*",)),
    )


def test_the_fields_of_a_flow_arrive(shop: manifests.Loaded) -> None:
    flow = shop.catalog.flows["to-production"]

    assert flow.timeout == timedelta(hours=12)
    assert flow.post_trigger == "smoke-tests"
    assert (flow.description, flow.version) == ("From dev to customers", "1.20")
    assert flow.hooks == catalog.Hooks(on_fail="tell-the-team")
    assert flow.steps[2].hooks == catalog.Hooks("tell-the-team", "tell-the-team")
    assert flow.steps[3].depends_on == ("staging", "prod-eu")


def test_the_fields_of_an_environment_arrive(shop: manifests.Loaded) -> None:
    environment = shop.catalog.environments["prod-eu"]

    assert environment.kind is catalog.EnvironmentKind.PROD
    assert environment.clusters == (catalog.Cluster("prod-eu", "", ("checkout",)),)
    assert environment.windows[0].duration == timedelta(hours=60)
    assert environment.windows[0].timezone == "Europe/Berlin"
    assert environment.labels == {"region": "eu"}


def test_every_setting_of_a_policy_arrives(shop: manifests.Loaded) -> None:
    settings = shop.catalog.policies[0].settings

    assert settings.approval == catalog.Approval(2, ("release",), ("mina",), True, True)
    given = {name: getattr(settings, name) for name in policy.SETTING_NAMES}
    assert {name for name, value in given.items() if value is None} == {
        "pre_action",
        "post_action",
    }


def test_policies_resolve_over_what_was_loaded(shop: manifests.Loaded) -> None:
    flow = shop.catalog.flows["to-production"]
    resolved = policy.resolve(shop.catalog, "checkout", "prod-eu", flow.steps[2])

    assert resolved.settings.soak == timedelta(minutes=90)
    assert resolved.origin("soak") == "policy production"
    assert policy.resolve(shop.catalog, "checkout", "qa", flow.steps[0]).settings.soak is None


def test_templates_find_their_applications(shop: manifests.Loaded) -> None:
    template = shop.catalog.template_for(shop.catalog.applications[0])

    assert template
    assert template.promotion == {"values.yaml": ("$.image", "$.version")}
    assert template.images == (catalog.ImageSource("values.yaml", "$.image.name", "$.image.tag"),)


def test_workflows_are_kept_as_written_with_the_place_of_everything(shop: manifests.Loaded) -> None:
    workflow = shop.catalog.workflows["smoke-tests"]
    origins = shop.catalog.workflow_origins["smoke-tests"]

    assert workflow["kind"] == "WorkflowTemplate"
    assert str(origins["spec.templates[0].container"]) == "workflows.yaml:10:18"
    assert "tell-the-team" in shop.catalog.workflows


def test_codefresh_manifests_load_unchanged(theirs: manifests.Loaded) -> None:
    assert theirs.usable
    assert set(theirs.catalog.products) == {"helm-guestbook", "no.flows"}
    assert set(theirs.catalog.environments) == {"dev", "qa", "staging", "prod"}


def test_paths_of_codefresh_manifests_are_read_as_they_are_meant(theirs: manifests.Loaded) -> None:
    product = theirs.catalog.products["helm-guestbook"]
    template = theirs.catalog.templates["base-helm"]

    assert product.template
    assert product.template.promotion
    assert product.template.promotion["values.yaml"] == ("$..image", "$['a-b']['c']")
    assert template.version_source
    assert template.version_source.json_path == "$['appVersion']"


def test_a_codefresh_template_without_files_takes_every_file(theirs: manifests.Loaded) -> None:
    assert theirs.catalog.templates["base-helm"].promotion == {"**": ("*",)}
    assert "promotes_every_file" in [problem.code for problem in theirs.problems]


def test_numbers_in_selectors_are_the_text_that_stands_there(theirs: manifests.Loaded) -> None:
    selector = theirs.catalog.products["helm-guestbook"].flows[0].selectors[1]

    assert selector.values == ("0123456", "hotfix")


def test_an_empty_criterion_of_a_policy_selects_all(theirs: manifests.Loaded) -> None:
    (found,) = theirs.catalog.policies

    assert found.product_names == ("helm-guestbook",)
    assert found.environment_names is None
    assert found.environment_kinds == (catalog.EnvironmentKind.NONPROD,)
