"""What one asks of a configuration."""

import pytest

from towpath.domain import catalog
from towpath.domain.catalog import Application, Cluster, Destination, FlowStep, LabelExpression


def _application(
    name: str, environment: str, component: str = "api", **more: object
) -> Application:
    return Application(
        name,
        (),
        Destination(),
        product="checkout",
        environment=environment,
        component=component,
        **more,  # type: ignore[arg-type]
    )


CONFIG = catalog.Catalog(
    products={"checkout": catalog.Product("checkout")},
    environments={name: catalog.Environment(name) for name in ("prod", "qa", "dev", "lab")},
    flows={
        "main": catalog.Flow("main", "dev", (FlowStep("prod", ("qa",)), FlowStep("qa", ("dev",))))
    },
    applications=(
        _application("api-prod", "prod"),
        _application("api-prod-2", "prod"),
        _application("web-prod", "prod", "web"),
        _application("api-dev", "dev"),
        Application("stray", (), Destination()),
    ),
)


def test_environments_stand_in_the_order_in_which_flows_reach_them() -> None:
    assert [e.name for e in CONFIG.ordered_environments] == ["dev", "qa", "prod", "lab"]


def test_a_position_goes_before_the_order_of_the_flows() -> None:
    environments = {**CONFIG.environments, "prod": catalog.Environment("prod", position=-1)}
    moved = catalog.Catalog(environments=environments, flows=CONFIG.flows)
    assert next(e.name for e in moved.ordered_environments) == "prod"


def test_a_product_is_where_its_applications_are() -> None:
    assert CONFIG.environments_of("checkout") == ("dev", "prod")
    assert CONFIG.environments_of("unknown") == ()


def test_a_component_may_have_several_applications_in_an_environment() -> None:
    found = CONFIG.components_in("checkout", "prod")
    assert {name: [a.name for a in apps] for name, apps in found.items()} == {
        "api": ["api-prod", "api-prod-2"],
        "web": ["web-prod"],
    }
    assert CONFIG.applications_of("checkout", "qa") == ()


@pytest.mark.parametrize(
    ("cluster", "covered"),
    [
        (Cluster(name="eu-1"), True),
        (Cluster(name="eu-*"), True),
        (Cluster(name="us-*"), False),
        (Cluster(server="https://eu.example:6443"), True),
        (Cluster(name="eu-1", namespaces=("shop-*",)), True),
        (Cluster(name="eu-1", namespaces=("pay",)), False),
        (Cluster(), False),
    ],
)
def test_an_environment_covers_clusters_and_namespaces(cluster: Cluster, covered: bool) -> None:
    destination = Destination("eu-1", "https://eu.example:6443", "shop-api")
    assert cluster.covers(destination) is covered


@pytest.mark.parametrize(
    ("operator", "values", "present", "absent"),
    [
        ("In", ("a", "b"), True, False),
        ("NotIn", ("a",), False, True),
        ("Exists", (), True, False),
        ("DoesNotExist", (), False, True),
    ],
)
def test_a_label_requirement_is_met_as_in_kubernetes(
    operator: str, values: tuple[str, ...], present: bool, absent: bool
) -> None:
    expression = LabelExpression("tier", operator, values)
    assert expression.matches({"tier": "a"}) is present
    assert expression.matches({"other": "a"}) is absent


def test_the_template_of_the_highest_priority_that_selects_an_application_is_taken() -> None:
    config = catalog.Catalog(
        products={"checkout": catalog.Product("checkout")},
        templates={
            t.name: t
            for t in (
                catalog.Template("low", 1),
                catalog.Template("high", 5),
                catalog.Template("other", 9, match_labels={"kind": "job"}),
            )
        },
    )
    chosen = config.template_for(_application("api-dev", "dev"))
    assert chosen is not None
    assert chosen.name == "high"


def test_a_products_own_template_goes_before_every_other() -> None:
    own = catalog.Template("own")
    product = catalog.Product("checkout", template=own, template_ref="named")
    config = catalog.Catalog(
        products={"checkout": product}, templates={"named": catalog.Template("named", 99)}
    )
    assert config.template_for(_application("api-dev", "dev")) is own


def test_a_template_that_is_named_and_missing_is_not_replaced_by_another() -> None:
    product = catalog.Product("checkout", template_ref="gone")
    config = catalog.Catalog(
        products={"checkout": product}, templates={"any": catalog.Template("any")}
    )
    assert config.template_for(_application("api-dev", "dev")) is None


def test_a_flow_names_its_trigger_first() -> None:
    assert CONFIG.flows["main"].environments == ("dev", "prod", "qa")
