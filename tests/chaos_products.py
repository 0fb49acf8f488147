"""What is delivered in the chaos test: products of different manners over three repositories."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORIES = ("north", "south", "east")
TRIGGER = "dev"
STEPS: Mapping[str, str] = {
    "qa": "dev",
    "staging": "qa",
    "prod-eu": "staging",
    "prod-us": "staging",
}
ENVIRONMENTS = (TRIGGER, *STEPS)


@dataclass(frozen=True, slots=True)
class Product:
    """A product: how its releases meet, and the repository of each component.

    `reverts`: its developers go back to an earlier version now and then.
    """

    name: str
    concurrency: str
    components: Mapping[str, str]
    reverts: bool = False


PRODUCTS = (
    Product("shop", "supersede", {"api": "north", "web": "north"}),
    Product("books", "queue", {"ledger": "south"}),
    Product("pay", "supersede", {"gateway": "south", "risk": "east"}),
    Product("desk", "terminate", {"ui": "east"}),
    Product("mail", "supersede", {"sender": "north"}, reverts=True),
)


def path(product: str, component: str, environment: str) -> str:
    """The values file of a component in an environment."""
    return f"{product}/{component}/{environment}/values.yaml"


def files(repository: str) -> Mapping[str, str]:
    """What the repository holds before anything is released."""
    return {
        path(product.name, component, environment): _values(product.name, component, environment)
        for product in PRODUCTS
        for component, place in product.components.items()
        if place == repository
        for environment in ENVIRONMENTS
    }


def _values(product: str, component: str, environment: str) -> str:
    return f"""\
# How {component} runs in {environment}.
replicas: 1
image:
  repository: registry.example/{product}/{component}
  tag: 1.0.0 # promoted
place: {environment}
"""


def write_configuration(folder: Path, addresses: Mapping[str, str]) -> None:
    """The configuration folder."""
    folder.mkdir()
    (folder / "delivery.yaml").write_text("---\n".join(_delivery()), encoding="utf-8")
    applications = "---\n".join(_applications(addresses))
    (folder / "applications.yaml").write_text(applications, encoding="utf-8")


def _delivery() -> Iterator[str]:
    for position, environment in enumerate(ENVIRONMENTS):
        yield f"""\
apiVersion: towpath.dev/v1
kind: Environment
metadata: {{name: {environment}}}
spec:
  kind: {"prod" if environment.startswith("prod") else "nonprod"}
  position: {position}
  clusters: [{{name: {environment}}}]
"""
    yield _flow(STEPS.items())
    yield """\
apiVersion: towpath.dev/v1
kind: PromotionTemplate
metadata: {name: tag}
spec:
  versionSource: {file: values.yaml, jsonPath: $.image.tag}
  promotion:
    values.yaml: {jsonPaths: [$.image.tag]}
"""
    for product in PRODUCTS:
        yield f"""\
apiVersion: towpath.dev/v1
kind: Product
metadata: {{name: {product.name}}}
spec:
  concurrency: {product.concurrency}
  promotionFlows: [{{name: to-production}}]
  promotionTemplateRef: tag
"""


def _flow(steps: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f"    - {{environment: {e}, dependsOn: [{d}]}}\n" for e, d in steps)
    return f"""\
apiVersion: towpath.dev/v1
kind: PromotionFlow
metadata: {{name: to-production}}
spec:
  triggerEnvironment: {TRIGGER}
  steps:
{lines}"""


def _applications(addresses: Mapping[str, str]) -> Iterator[str]:
    for product in PRODUCTS:
        for component, repository in product.components.items():
            for environment in ENVIRONMENTS:
                yield f"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {product.name}-{component}-{environment}
  namespace: argocd
  annotations:
    towpath.dev/product: {product.name}
    towpath.dev/component: {component}
spec:
  project: default
  source:
    repoURL: "{addresses[repository]}"
    path: {product.name}/{component}/{environment}
    targetRevision: main
  destination: {{name: {environment}, namespace: {product.name}}}
"""
