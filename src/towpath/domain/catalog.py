"""What is configured: products, environments, applications, flows, policies, templates.

Read-only values with the questions one asks of them. Where they come from (files, a cluster) is
not known here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property

from towpath.domain.rules import ImageSource, Rules, VersionSource


class Concurrency(StrEnum):
    """What several releases of one product do when they meet."""

    SUPERSEDE = "supersede"
    QUEUE = "queue"
    TERMINATE = "terminate"


class EnvironmentKind(StrEnum):
    """Whether an environment serves customers."""

    NONPROD = "nonprod"
    PROD = "prod"


class PromotionAction(StrEnum):
    """How a promotion changes its environment's files."""

    COMMIT = "commit"
    PULL_REQUEST = "pr"
    NONE = "none"


class OnDrift(StrEnum):
    """What to do with a value that a person changed in the environment since it landed."""

    OVERWRITE = "overwrite"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in the configuration source something is written: file, line and column."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the configuration. `error` problems keep a configuration from use."""

    origin: Origin
    code: str
    message: str
    severity: str = "error"  # error | warning | notice

    def __str__(self) -> str:
        return f"{self.origin}: {self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of an application: a folder at a revision of a repository.

    `repository` holds no user information; `revision` is as written (`HEAD` = default branch).
    `chart` names a Helm chart from a chart repository: such a source has no files to promote.
    """

    repository: str
    path: str = ""
    revision: str = "HEAD"
    chart: str = ""
    ref: str = ""
    value_files: tuple[str, ...] = ()
    kind: str = "directory"  # directory | helm | kustomize


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an application is deployed: cluster by name or server address, and namespace."""

    cluster: str = ""
    server: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """One Argo CD `Application`, with the product, environment and component it belongs to.

    Of an application whose manifests are hydrated, `sources` are the dry ones, which people and
    promotions write.
    """

    name: str
    sources: tuple[Source, ...]
    destination: Destination
    namespace: str = "argocd"
    product: str = ""
    environment: str = ""
    component: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = Origin("")


def promotable_sources(
    application: Application,
) -> tuple[tuple[int, Source, str], ...]:
    """The sources whose files can be promoted: their index, and the folder that is theirs.

    A chart from a chart repository has no files. A source that is only referred to (`ref`, no
    path) has the folder of the last value file that another source takes from it: in Helm the
    last one wins, so that is where an environment's own values are.
    """
    found = []
    for index, source in enumerate(application.sources):
        only_referred = source.ref and not source.path
        folder = _referred_folder(application, source) if only_referred else source.path
        if not source.chart and folder is not None:
            found.append((index, source, folder.strip("/")))
    return tuple(found)


def _referred_folder(application: Application, referred: Source) -> str | None:
    start = f"${referred.ref}/"
    files = [
        name.removeprefix(start)
        for source in application.sources
        for name in source.value_files
        if name.startswith(start)
    ]
    return files[-1].rpartition("/")[0] if files else None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that an environment covers, by name or server, with namespaces (empty = all)."""

    name: str = ""
    server: str = ""
    namespaces: tuple[str, ...] = ()

    def covers(self, destination: Destination) -> bool:
        """Whether what is deployed to `destination` is in here. Names may hold `*`."""
        same_name = bool(self.name) and fnmatchcase(destination.cluster, self.name)
        same_server = bool(self.server) and fnmatchcase(destination.server, self.server)
        in_namespace = not self.namespaces or any(
            fnmatchcase(destination.namespace, pattern) for pattern in self.namespaces
        )
        return (same_name or same_server) and in_namespace


@dataclass(frozen=True, slots=True)
class Window:
    """A recurring time in which promotions are allowed or denied (RFC 5545 recurrence)."""

    kind: str  # allow | deny
    rrule: str
    duration: timedelta
    timezone: str = "UTC"
    description: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """A named stage that applications are deployed to."""

    name: str
    kind: EnvironmentKind = EnvironmentKind.NONPROD
    position: float | None = None
    clusters: tuple[Cluster, ...] = ()
    windows: tuple[Window, ...] = ()
    tags: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    origin: Origin = Origin("")


@dataclass(frozen=True, slots=True)
class Component:
    """One service of a product, and where its code and images are."""

    name: str
    repository: str = ""
    paths: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    tag: str = ""


@dataclass(frozen=True, slots=True)
class TriggerSelector:
    """A condition on the commit that triggers a flow."""

    key: str  # commitMessage | gitRevision
    operator: str  # In | NotIn
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlowUse:
    """A flow that a product uses, with the conditions under which it is chosen."""

    flow: str
    selectors: tuple[TriggerSelector, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """Which files and values of an application are promoted, and where its version stands.

    `promotion` maps a file or glob, relative to the application's path, to JSONPaths; `('*',)`
    takes the file whole. None means the image references and the version source.
    """

    name: str
    priority: int = 0
    match_labels: Mapping[str, str] = field(default_factory=dict)
    match_expressions: tuple["LabelExpression", ...] = ()
    version_source: VersionSource | None = None
    promotion: Mapping[str, tuple[str, ...]] | None = None
    images: tuple[ImageSource, ...] = ()
    origin: Origin = Origin("")

    @property
    def rules(self) -> Rules:
        """What it promotes."""
        return Rules(
            None if self.promotion is None else tuple(self.promotion.items()),
            self.version_source,
            self.images,
        )

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether this template is meant for an application with these labels."""
        return all(labels.get(k) == v for k, v in self.match_labels.items()) and all(
            expression.matches(labels) for expression in self.match_expressions
        )


@dataclass(frozen=True, slots=True)
class LabelExpression:
    """A Kubernetes label selector requirement."""

    key: str
    operator: str  # In | NotIn | Exists | DoesNotExist
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet the requirement (`NotIn` is met by a missing label)."""
        present = self.key in labels
        match self.operator:
            case "Exists":
                return present
            case "DoesNotExist":
                return not present
            case "In":
                return present and labels[self.key] in self.values
            case _:
                return not present or labels[self.key] not in self.values


@dataclass(frozen=True, slots=True)
class Product:
    """The applications that ship together, and how.

    `configured` is False for a product that only an application's annotation names: it is
    tracked and not promoted.
    """

    name: str
    description: str = ""
    links: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    concurrency: Concurrency = Concurrency.SUPERSEDE
    components: tuple[Component, ...] = ()
    issue_keys: tuple[str, ...] = ()
    flows: tuple[FlowUse, ...] = ()
    template_ref: str = ""
    template: Template | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    configured: bool = True
    origin: Origin = Origin("")


@dataclass(frozen=True, slots=True)
class Approval:
    """Who must agree before a promotion acts."""

    required: int = 1
    teams: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    exclude_author: bool = False
    rollback: bool = False


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """What a policy may say of how an environment is entered. None: it does not say."""

    action: PromotionAction | None = None
    pre_action: str | None = None
    post_action: str | None = None
    approval: Approval | None = None
    soak: timedelta | None = None
    auto_merge: bool | None = None
    sync_timeout: timedelta | None = None
    health_timeout: timedelta | None = None
    degraded_grace: timedelta | None = None
    settle: timedelta | None = None
    sync: str | None = None  # auto | request
    on_drift: OnDrift | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy: settings for the products and environments it selects. None selects all."""

    name: str
    priority: int
    settings: PolicySettings
    product_names: tuple[str, ...] | None = None
    product_tags: tuple[str, ...] | None = None
    environment_names: tuple[str, ...] | None = None
    environment_kinds: tuple[EnvironmentKind, ...] | None = None
    environment_tags: tuple[str, ...] | None = None
    origin: Origin = Origin("")


@dataclass(frozen=True, slots=True)
class Hooks:
    """Workflows that are told of a start and an end, by the names of their templates."""

    on_start: str = ""
    on_success: str = ""
    on_fail: str = ""


@dataclass(frozen=True, slots=True)
class FlowStep:
    """An environment of a flow and what it comes after."""

    environment: str
    depends_on: tuple[str, ...]
    settings: PolicySettings = PolicySettings()
    hooks: Hooks = Hooks()


@dataclass(frozen=True, slots=True)
class Flow:
    """The graph of environments behind a trigger environment."""

    name: str
    trigger_environment: str
    steps: tuple[FlowStep, ...] = ()
    timeout: timedelta = timedelta(minutes=1440)
    hooks: Hooks = Hooks()
    post_trigger: str = ""
    description: str = ""
    version: str = ""
    origin: Origin = Origin("")

    @property
    def environments(self) -> tuple[str, ...]:
        """The trigger environment and then every step's, as written."""
        return (self.trigger_environment, *(step.environment for step in self.steps))


@dataclass(frozen=True)
class Catalog:
    """One consistent configuration, indexed by name.

    `workflow_origins` says for each workflow where its values are written, by their path:
    `spec.templates[0].name`.
    """

    products: Mapping[str, Product] = field(default_factory=dict)
    environments: Mapping[str, Environment] = field(default_factory=dict)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()
    templates: Mapping[str, Template] = field(default_factory=dict)
    applications: tuple[Application, ...] = ()
    workflows: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    workflow_origins: Mapping[str, Mapping[str, Origin]] = field(default_factory=dict)

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str], tuple[Application, ...]]:
        return _grouped(self.applications)

    @cached_property
    def _places(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for product, environment in self._by_place:
            found.setdefault(product, set()).add(environment)
        return {product: frozenset(environments) for product, environments in found.items()}

    @cached_property
    def ordered_environments(self) -> tuple[Environment, ...]:
        """Environments in the order of columns: by position, else as flows reach them."""
        depth = _depths(self.flows.values())
        far = len(depth) + 1

        def rank(environment: Environment) -> tuple[float, str]:
            own = environment.position
            return (depth.get(environment.name, far) if own is None else own, environment.name)

        return tuple(sorted(self.environments.values(), key=rank))

    def applications_of(self, product: str, environment: str) -> tuple[Application, ...]:
        """The product's applications in the environment, in configuration order."""
        return self._by_place.get((product, environment), ())

    @cached_property
    def _components(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for (product, _), applications in self._by_place.items():
            found.setdefault(product, set()).update(each.component for each in applications)
        return {product: tuple(sorted(components)) for product, components in found.items()}

    def components_of(self, product: str) -> tuple[str, ...]:
        """The product's components in all its environments, by name."""
        return self._components.get(product, ())

    @cached_property
    def _inhabitants(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for product, environment in self._by_place:
            found.setdefault(environment, set()).add(product)
        return {environment: tuple(sorted(products)) for environment, products in found.items()}

    def products_in(self, environment: str) -> tuple[str, ...]:
        """The products with applications in the environment, by name."""
        return self._inhabitants.get(environment, ())

    def environments_of(self, product: str) -> tuple[str, ...]:
        """The environments in which the product has applications, in the order of columns."""
        here = self._places.get(product, frozenset())
        return tuple(e.name for e in self.ordered_environments if e.name in here)

    def components_in(
        self, product: str, environment: str
    ) -> Mapping[str, tuple[Application, ...]]:
        """The applications of each component of the product in the environment."""
        found: dict[str, list[Application]] = {}
        for application in self.applications_of(product, environment):
            found.setdefault(application.component, []).append(application)
        return {name: tuple(applications) for name, applications in found.items()}

    def template_for(self, application: Application) -> Template | None:
        """The product's own template, the one it names, else the best that matches."""
        product = self.products.get(application.product)
        if product and product.template:
            return product.template
        if product and product.template_ref:
            return self.templates.get(product.template_ref)
        matching = [t for t in self.templates.values() if t.selects(application.labels)]
        return min(matching, key=lambda t: (-t.priority, t.name), default=None)

    def rules_for(self, application: Application) -> Rules:
        """What is promoted of the application, with a template or without one."""
        template = self.template_for(application)
        return template.rules if template else Rules()


def _grouped(
    applications: Iterable[Application],
) -> Mapping[tuple[str, str], tuple[Application, ...]]:
    places: dict[tuple[str, str], list[Application]] = {}
    for application in applications:
        if application.product and application.environment:
            places.setdefault((application.product, application.environment), []).append(
                application
            )
    return {place: tuple(found) for place, found in places.items()}


def _depths(flows: Iterable[Flow]) -> Mapping[str, int]:
    """How far behind its trigger environment each environment stands, at most, over all flows."""
    depths: dict[str, int] = {}
    for flow in flows:
        depths.setdefault(flow.trigger_environment, 0)
        for _ in flow.steps:
            for step in flow.steps:
                before = max((depths.get(name, 0) for name in step.depends_on), default=0)
                depths[step.environment] = max(depths.get(step.environment, 0), before + 1)
    return depths
