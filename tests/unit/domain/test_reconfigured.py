"""Whom a new configuration concerns: those it may send another way, and nobody else."""

from dataclasses import replace
from datetime import timedelta

import pytest

from towpath.domain import reconfigured
from towpath.domain.catalog import (
    Application,
    Catalog,
    Concurrency,
    Destination,
    Environment,
    Flow,
    FlowUse,
    Policy,
    PolicySettings,
    Product,
    Source,
    Window,
)


def _application(product: str, environment: str, path: str = "chart") -> Application:
    source = Source("deploy", path, "main")
    return Application(
        f"{product}-{environment}",
        (source,),
        Destination(),
        product=product,
        environment=environment,
        component="api",
    )


BEFORE = Catalog(
    products={name: Product(name, flows=(FlowUse("main"),)) for name in ("shop", "search")},
    environments={name: Environment(name) for name in ("dev", "qa", "prod")},
    flows={"main": Flow("main", "dev")},
    applications=(
        _application("shop", "dev"),
        _application("shop", "qa"),
        _application("search", "dev"),
        _application("search", "prod"),
    ),
)
FROZEN = Environment("qa", windows=(Window("deny", "FREQ=DAILY", timedelta(hours=1)),))
QUEUED = Product("search", concurrency=Concurrency.QUEUE, flows=(FlowUse("main"),))
SELECTED = Policy("all", 1, PolicySettings(soak=timedelta(hours=1)))


@pytest.mark.parametrize(
    ("after", "concerned"),
    [
        (replace(BEFORE), set()),
        (replace(BEFORE, environments={**BEFORE.environments, "qa": FROZEN}), {"shop"}),
        (replace(BEFORE, products={**BEFORE.products, "search": QUEUED}), {"search"}),
        (replace(BEFORE, applications=BEFORE.applications[:3]), {"search"}),
        (
            replace(BEFORE, applications=(*BEFORE.applications, _application("new", "dev"))),
            set(),
        ),
        (
            replace(
                BEFORE,
                applications=(_application("shop", "dev", "other"), *BEFORE.applications[1:]),
            ),
            {"shop"},
        ),
        (replace(BEFORE, products={"shop": BEFORE.products["shop"]}), {"search"}),
        (replace(BEFORE, workflows={"smoke": {"kind": "WorkflowTemplate"}}), {"shop", "search"}),
        (replace(BEFORE, policies=(SELECTED,), flows={}), set()),
    ],
    ids=[
        "nothing changed",
        "windows of an environment",
        "how releases meet",
        "an application is gone",
        "a product is new",
        "an application moved",
        "a product is gone",
        "a workflow",
        "what releases have a copy of",
    ],
)
def test_a_change_concerns_the_products_that_it_may_send_another_way(
    after: Catalog, concerned: set[str]
) -> None:
    assert reconfigured.concerned(BEFORE, after) == concerned
