"""The configuration repository: the demo's products, environments, flows and applications.

Writes manifests as a team would; how they are read is the business of `manifests`.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from towpath.demo import cast, checks, commits, objects

OURS = "towpath.dev/v1"
_ARGO = "argoproj.io/v1alpha1"


def build(
    path: Path, addresses: Mapping[str, Path], gitops: Path, workflows: str, now: datetime
) -> None:
    """Write the repository: four commits, the last of them two weeks old."""
    store = objects.Pack()
    steps = (
        (28, cast.JONAS, "Name our environments\n", {"environments.yaml": _environments(now)}),
        (26, cast.JONAS, "Describe the applications\n", _applications(gitops)),
        (21, cast.ADA, "Promote webshop and payments with Towpath\n", _promotion(addresses)),
        (14, cast.SOFIA, "Test before staging and after every deployment\n", _tests(workflows)),
    )
    tree: str | None = None
    tips: list[str] = []
    for ago, author, message, files in steps:
        tree = commits.with_files(store, tree, files)
        words = commits.Words(message, author, now - timedelta(days=ago))
        tips = [commits.write(store, tree, tips, words)]
    commits.create(path, store, tips[0], {})


def _promotion(addresses: Mapping[str, Path]) -> Mapping[str, str]:
    products = {
        f"products/{product.name}.yaml": _product(product, addresses)
        for product in cast.PRODUCTS.values()
    }
    policies, templates = _POLICIES, _TEMPLATES
    return products | {
        "flows.yaml": _flows(""),
        "policies.yaml": policies,
        "templates.yaml": templates,
    }


def _tests(workflows: str) -> Mapping[str, str]:
    return {
        "flows.yaml": _flows(_HOOKS),
        "policies.yaml": f"{_POLICIES}---\n{_TESTING}",
        "workflows.yaml": workflows,
    }


def _flows(hooks: str) -> str:
    return "---\n".join(_flow(product, hooks) for product in cast.PRODUCTS.values())


def _environments(now: datetime) -> str:
    documents = []
    for position, environment in enumerate(cast.ENVIRONMENTS, start=1):
        shared = environment.cluster == "nonprod"
        namespaces = f'\n      namespaces: ["*-{environment.name}"]' if shared else ""
        documents.append(f"""\
apiVersion: {OURS}
kind: Environment
metadata:
  name: {environment.name}
spec:
  kind: {environment.kind}
  position: {position}
  clusters:
    - name: {environment.cluster}{namespaces}
{_stocktaking(now) if environment.kind == "prod" else ""}""")
    return "---\n".join(documents)


def _stocktaking(now: datetime) -> str:
    """A window that is half a year away, whenever the demo is played."""
    day = now + timedelta(days=182)
    return f"""\
  windows:
    - kind: deny
      rrule: FREQ=YEARLY;BYMONTH={day.month};BYMONTHDAY={min(day.day, 28)}
      duration: 2d
      timezone: Europe/Berlin
      description: stocktaking
"""


def _product(product: cast.Product, addresses: Mapping[str, Path]) -> str:
    components = "".join(
        f"""\
    - name: {service.name}
      repository: {_quoted(addresses[service.name])}
      images: [{service.image}]
      tag: "{service.tag_pattern}"
"""
        for service in product.services
    )
    return f"""\
apiVersion: {OURS}
kind: Product
metadata:
  name: {product.name}
spec:
  description: {_quoted(product.description)}
  links:
    - title: Runbook
      url: https://wiki.webshop.example/{product.name}/runbook
    - title: Dashboard
      url: https://dashboards.webshop.example/{product.name}
  issueKeys: [{product.issue_key}]
  components:
{components}\
  promotionFlows:
    - name: {flow_name(product)}
"""


def flow_name(product: cast.Product) -> str:
    """The name of a product's promotion flow."""
    return f"{product.name}-to-production"


def _flow(product: cast.Product, hooks: str) -> str:
    trigger, *others = product.environments
    steps = "".join(
        f"""\
    - environment: {name}
      dependsOn: [{", ".join(product.environments[name])}]
"""
        for name in others
    )
    return f"""\
apiVersion: {OURS}
kind: PromotionFlow
metadata:
  name: {flow_name(product)}
  annotations:
    description: Every change, from {trigger} to production
    version: "1"
spec:
  triggerEnvironment: {trigger}
{hooks}  steps:
{steps}"""


_HOOKS = f"""\
  hooks:
    onSuccess: {checks.ANNOUNCE}
    onFail: {checks.ANNOUNCE}
"""

_TESTING = f"""\
apiVersion: {OURS}
kind: PromotionPolicy
metadata:
  name: smoke-test-everywhere
spec:
  priority: 1
  policy:
    postAction: {checks.SMOKE_TEST}
---
apiVersion: {OURS}
kind: PromotionPolicy
metadata:
  name: load-test-before-staging
spec:
  priority: 10
  selector:
    targetEnvironment:
      names: [staging]
  policy:
    preAction: {checks.LOAD_TEST}
"""


_POLICIES = f"""\
apiVersion: {OURS}
kind: PromotionPolicy
metadata:
  name: commit-everywhere
spec:
  priority: 1
  policy:
    action: commit
    onDrift: overwrite
---
apiVersion: {OURS}
kind: PromotionPolicy
metadata:
  name: care-in-production
spec:
  priority: 10
  selector:
    targetEnvironment:
      types: [PROD]
  policy:
    healthTimeout: 15m
    approval: {{required: 1, excludeAuthor: true}}
"""

_TEMPLATES = f"""\
# Helm: the tag and the switches of the features travel, everything else stays where it is.
apiVersion: {OURS}
kind: PromotionTemplate
metadata:
  name: helm
spec:
  priority: 10
  applicationSourceSelector:
    matchLabels:
      style: helm
  versionSource:
    file: values.yaml
    jsonPath: $.image.tag
  promotion:
    values.yaml:
      jsonPaths: [$.image.tag, $.features]
---
# Kustomize: the image references travel; they are found by themselves.
apiVersion: {OURS}
kind: PromotionTemplate
metadata:
  name: kustomize
spec:
  priority: 10
  applicationSourceSelector:
    matchLabels:
      style: kustomize
  versionSource:
    file: kustomization.yaml
    jsonPath: $.images[0].newTag
---
# Plain manifests: the image references and the version label travel.
apiVersion: {OURS}
kind: PromotionTemplate
metadata:
  name: manifests
spec:
  priority: 10
  applicationSourceSelector:
    matchLabels:
      style: manifests
  versionSource:
    file: deployment.yaml
    jsonPath: $.metadata.labels['app.kubernetes.io/version']
"""


def _applications(gitops: Path) -> Mapping[str, str]:
    return {
        "applications/cart.yaml": _one_by_one(cast.CART, gitops),
        "applications/catalog.yaml": _by_list(cast.CATALOG, gitops),
        "applications/checkout.yaml": _one_by_one(cast.CHECKOUT, gitops),
        "applications/payments.yaml": _by_matrix(cast.PAYMENTS, gitops),
    }


def _one_by_one(service: cast.Service, gitops: Path) -> str:
    environments = cast.product_of(service).environments
    values = service.style is cast.Style.HELM
    helm = "    helm:\n      valueFiles: [values.yaml]\n" if values else ""
    return "---\n".join(
        f"""\
apiVersion: {_ARGO}
kind: Application
metadata:
  name: {service.name}-{environment.name}
  namespace: argocd
  labels:
    style: {service.style}
  annotations:
    towpath.dev/product: {service.product}
spec:
  project: {service.product}
  source:
    repoURL: {_quoted(gitops)}
    path: apps/{service.name}/{environment.name}
    targetRevision: main
{helm}\
  destination:
    name: {environment.cluster}
    namespace: {service.product}-{environment.name}
  syncPolicy:
    automated: {{prune: true}}
"""
        for environment in cast.ENVIRONMENTS
        if environment.name in environments
    )


def _by_list(service: cast.Service, gitops: Path) -> str:
    elements = "".join(
        f"          - {{environment: {environment.name}, cluster: {environment.cluster}}}\n"
        for environment in cast.ENVIRONMENTS
        if environment.name in cast.product_of(service).environments
    )
    return f"""\
apiVersion: {_ARGO}
kind: ApplicationSet
metadata:
  name: {service.name}
  namespace: argocd
spec:
  generators:
    - list:
        elements:
{elements}\
  template:
    metadata:
      name: "{service.name}-{{{{environment}}}}"
      labels:
        style: {service.style}
      annotations:
        towpath.dev/product: {service.product}
    spec:
      project: {service.product}
      source:
        repoURL: {_quoted(gitops)}
        path: "apps/{service.name}/{{{{environment}}}}"
        targetRevision: main
      destination:
        name: "{{{{cluster}}}}"
        namespace: "{service.product}-{{{{environment}}}}"
      syncPolicy:
        automated: {{prune: true}}
"""


def _by_matrix(product: cast.Product, gitops: Path) -> str:
    services = "".join(
        f"                - {{service: {service.name}, style: {service.style}}}\n"
        for service in product.services
    )
    stages = "".join(
        f"                - {{environment: {environment.name}, cluster: {environment.cluster}}}\n"
        for environment in cast.ENVIRONMENTS
        if environment.name in product.environments
    )
    return f"""\
apiVersion: {_ARGO}
kind: ApplicationSet
metadata:
  name: {product.name}
  namespace: argocd
spec:
  goTemplate: true
  goTemplateOptions: [missingkey=error]
  generators:
    - matrix:
        generators:
          - list:
              elements:
{services}\
          - list:
              elements:
{stages}\
  template:
    metadata:
      name: "{product.name}-{{{{.service}}}}-{{{{.environment}}}}"
      labels:
        style: "{{{{.style}}}}"
      annotations:
        towpath.dev/product: {product.name}
        towpath.dev/component: "{{{{.service}}}}"
    spec:
      project: {product.name}
      source:
        repoURL: {_quoted(gitops)}
        path: "apps/{{{{.service}}}}/{{{{.environment}}}}"
        targetRevision: main
      destination:
        name: "{{{{.cluster}}}}"
        namespace: "{product.name}-{{{{.environment}}}}"
      syncPolicy:
        automated: {{prune: true}}
"""


def _quoted(text: str | Path) -> str:
    """Any text as a YAML scalar, whatever is in it: JSON's strings are YAML's."""
    return json.dumps(str(text), ensure_ascii=False)
