"""Documents sorted by kind: ours as what the domain knows, the others as they are.

Kinds nobody here knows are passed over with a notice, a mistake in one of our own is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from towpath.domain import catalog
from towpath.manifests import (
    applications,
    clusters,
    documents,
    environment_kind,
    flow_kind,
    known_kinds,
    parts,
    policy_kind,
    product_kind,
    repositories,
    sources,
    template_kind,
    translation,
    validation,
    values,
)

WORKFLOW_KINDS = ("WorkflowTemplate", "ClusterWorkflowTemplate", "Workflow")


@dataclass(slots=True)
class Gathered:
    """Everything the files hold, by kind and name, with what was wrong with it.

    `complete` is False once there is an application that could not be read.
    """

    problems: list[catalog.Problem] = field(default_factory=list)
    products: dict[str, catalog.Product] = field(default_factory=dict)
    environments: dict[str, catalog.Environment] = field(default_factory=dict)
    flows: dict[str, catalog.Flow] = field(default_factory=dict)
    policies: dict[str, catalog.Policy] = field(default_factory=dict)
    templates: dict[str, catalog.Template] = field(default_factory=dict)
    workflows: dict[str, Mapping[str, object]] = field(default_factory=dict)
    workflow_origins: dict[str, Mapping[str, catalog.Origin]] = field(default_factory=dict)
    known_clusters: list[clusters.KnownCluster] = field(default_factory=list)
    applications: list[catalog.Application] = field(default_factory=list)
    complete: bool = True
    application_sets: list[documents.Document] = field(default_factory=list)
    _documents: dict[tuple[str, str], documents.Document] = field(default_factory=dict)
    _broken: set[tuple[str, str]] = field(default_factory=set)

    def take(self, document: documents.Document) -> None:
        """Take one document in."""
        version, kind = document.api_version, document.kind
        group = version.partition("/")[0]
        if form := known_kinds.model(version, kind):
            self._take_ours(document, form)
        elif group == "towpath.dev" or (
            group == "codefresh.io" and kind in known_kinds.CODEFRESH_MODELS
        ):
            self._refuse(document)
        elif version == applications.API_VERSION and kind == "Application":
            self._take_application(document)
        elif version == applications.API_VERSION and kind == "ApplicationSet":
            self.application_sets.append(document)
        elif version == applications.API_VERSION and kind in WORKFLOW_KINDS:
            self._take_workflow(document)
        elif version == "v1" and kind == "Secret":
            self._take_secret(document)
        else:
            self._pass_over(document)

    def written(self) -> sources.Sources:
        """Where everything is written."""
        return sources.Sources(self._documents, frozenset(self._broken))

    def _take_ours(self, document: documents.Document, form: type[parts.Manifest]) -> None:
        fuller = known_kinds.MODELS.get(document.kind)
        manifest, wrong = validation.validated(document, form, fuller)
        self.problems.extend(wrong)
        if manifest is None:
            self._broken.add((document.kind, document.name))
            return
        if self._is_first(document):
            self._documents[document.kind, document.name] = document
            self._keep(manifest, document.origin("metadata", "name"))
        if isinstance(manifest, product_kind.Product):
            self._warn_of_secrets(document, manifest)

    def _keep(self, manifest: parts.Manifest, origin: catalog.Origin) -> None:
        match manifest:
            case product_kind.Product() | product_kind.CodefreshProduct():
                self.products[manifest.metadata.name] = translation.product(manifest, origin)
            case environment_kind.Environment():
                self.environments[manifest.metadata.name] = translation.environment(
                    manifest, origin
                )
            case flow_kind.PromotionFlow() | flow_kind.CodefreshPromotionFlow():
                self.flows[manifest.metadata.name] = translation.flow(manifest, origin)
            case policy_kind.PromotionPolicy() | policy_kind.CodefreshPromotionPolicy():
                self.policies[manifest.metadata.name] = translation.policy(manifest, origin)
            case template_kind.PromotionTemplate() | template_kind.CodefreshPromotionTemplate():
                self.templates[manifest.metadata.name] = translation.template(manifest, origin)

    def _is_first(self, document: documents.Document) -> bool:
        first = self._documents.get((document.kind, document.name))
        if first is None:
            return True
        said = (
            f"there are two manifests {document.kind} `{document.name}`; "
            f"the first is {first.origin('metadata', 'name')}"
        )
        self._problem(document, ("metadata", "name"), "duplicate_name", said)
        return False

    def _warn_of_secrets(
        self, document: documents.Document, manifest: product_kind.Product
    ) -> None:
        for index, component in enumerate(manifest.spec.components):
            if repositories.has_secret(component.repository or ""):
                path = ("spec", "components", index, "repository")
                said = "user information in an address is left out: secrets do not belong here"
                self._problem(document, path, "secret_in_address", said, "warning")

    def _refuse(self, document: documents.Document) -> None:
        """A kind of ours in a version, or by a name, that there is not."""
        self._broken.add((document.kind, document.name))
        version, kind = document.api_version, document.kind
        if kind in known_kinds.MODELS:
            known = [
                known_kinds.OURS,
                *(known_kinds.CODEFRESH if kind in known_kinds.CODEFRESH_MODELS else ()),
            ]
            said = f"{kind} is known as {', '.join(known)}, not as {version}"
            self._problem(document, ("apiVersion",), "unsupported_version", said)
        else:
            said = f"there is no kind `{kind}`{validation.nearest(kind, known_kinds.MODELS)}"
            self._problem(document, ("kind",), "unknown_kind", said)

    def _pass_over(self, document: documents.Document) -> None:
        if not document.api_version or not document.kind:
            lacks = "kind" if document.api_version else "apiVersion"
            said = f"not a manifest: it lacks {lacks}; ignored"
            self._problem(document, (), "not_a_manifest", said, "notice")
            return
        named = f"{document.kind} ({document.api_version})"
        self._problem(document, ("kind",), "unknown_kind", f"{named} is ignored", "notice")

    def _take_application(self, document: documents.Document) -> None:
        """Read at once: of thousands of applications, the nodes need not be kept."""
        manifest, wrong = values.plain(document)
        application = None
        if manifest and not wrong:
            application, wrong = applications.read(manifest, document.origin)
        self.problems.extend(wrong)
        if application:
            self.applications.append(application)
        else:
            self.complete = False

    def _take_secret(self, document: documents.Document) -> None:
        manifest, _ = values.plain(document)
        cluster = clusters.from_secret(manifest)
        if cluster:
            self.known_clusters.append(cluster)

    def _take_workflow(self, document: documents.Document) -> None:
        manifest, wrong = values.plain(document)
        self.problems.extend(wrong)
        metadata = manifest.get("metadata")
        named = metadata if isinstance(metadata, dict) else {}
        name = named.get("name") or named.get("generateName")
        if not isinstance(name, str):
            said = "metadata.name: is required"
            self._problem(document, ("metadata",), "missing_field", said)
        elif name in self.workflows:
            first = self.workflow_origins[name]["metadata"]
            said = f"there are two workflows `{name}`; the first is {first}"
            self._problem(document, ("metadata", "name"), "duplicate_name", said)
        else:
            self.workflows[name] = manifest
            self.workflow_origins[name] = dict(document.places())

    def _problem(
        self,
        document: documents.Document,
        path: tuple[str | int, ...],
        code: str,
        message: str,
        severity: str = "error",
    ) -> None:
        self.problems.append(catalog.Problem(document.origin(*path), code, message, severity))
