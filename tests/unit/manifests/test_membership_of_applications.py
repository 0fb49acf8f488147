"""To which environment and component an application belongs."""

import pytest

from towpath.domain import catalog
from towpath.manifests import clusters, membership


@pytest.mark.parametrize(
    ("application", "product", "environment", "component"),
    [
        ("checkout-api-dev", "checkout", "dev", "api"),
        ("checkout-api-prod-eu", "checkout", "prod-eu", "api"),
        ("dev-checkout-api", "checkout", "dev", "api"),
        ("api-dev", "checkout", "dev", "api"),
        ("checkout-dev", "checkout", "dev", "checkout"),
        ("dev", "checkout", "dev", "checkout"),
        ("api-checkout-dev", "checkout", "dev", "api"),
        ("checkout-api", "checkout", "dev", "api"),
        ("checkout-developer-api-dev", "checkout", "dev", "developer-api"),
        ("checkout-api-prod-eu-2", "checkout", "prod-eu", "api-2"),
        ("checkout-dev-tools-dev", "checkout", "dev", "dev-tools"),
        ("checkout-api-dev", "checkout", "", "api-dev"),
    ],
)
def test_a_component_is_what_the_name_leaves(
    application: str, product: str, environment: str, component: str
) -> None:
    assert membership.component_name(application, product, environment) == component


ENVIRONMENTS = {
    "dev": catalog.Environment("dev", clusters=(catalog.Cluster("in-cluster", "", ("dev-*",)),)),
    "prod": catalog.Environment("prod", clusters=(catalog.Cluster("", "https://prod"),)),
}


def placed(
    destination: catalog.Destination, annotations: dict[str, str] | None = None
) -> catalog.Application:
    application = catalog.Application(
        "shop-api-dev",
        (),
        destination,
        annotations={membership.PRODUCT: "shop", **(annotations or {})},
    )
    known = clusters.known([clusters.KnownCluster("prod-1", "https://prod")], ())
    return membership.placed(application, ENVIRONMENTS, known).application


def test_an_environment_covers_clusters_by_either_name() -> None:
    local = catalog.Destination(server="https://kubernetes.default.svc", namespace="dev-shop")

    assert placed(local).environment == "dev"
    assert placed(catalog.Destination("prod-1", "", "shop")).environment == "prod"


def test_annotations_go_before_everything_derived() -> None:
    found = placed(
        catalog.Destination("prod-1", "", "shop"),
        {membership.ENVIRONMENT: "dev", membership.COMPONENT: "front"},
    )

    assert (found.environment, found.component) == ("dev", "front")
