"""The workflows of the configuration in force: as manifests that can be run, or why they cannot."""

from collections.abc import Iterable, Iterator, Mapping

from towpath.domain import catalog
from towpath.domain.catalog import Catalog
from towpath.domain.reasons import Code, Reason
from towpath.domain.workflow import Manifest
from towpath.engine.inforce import InForce
from towpath.ports.runner import Runner

_REFERENCES = ("templateRef", "workflowTemplateRef")


class Templates:
    """Finds workflows by name. What was found is kept until the configuration changes."""

    def __init__(self, in_force: InForce, runner: Runner) -> None:
        self._in_force = in_force
        self._runner = runner
        self._of: Catalog | None = None
        self._found: dict[str, Manifest | Reason] = {}

    def find(self, name: str) -> Manifest | Reason:
        """The workflow with all that it refers to, or why it cannot be run."""
        config = self._in_force.catalog
        if config is not self._of:
            self._of, self._found = config, {}
        if name not in self._found:
            self._found[name] = self._look_up(config, name)
        return self._found[name]

    def refused(self, names: Iterable[str]) -> Mapping[str, Reason]:
        """Why those that cannot be run cannot."""
        found = {name: self.find(name) for name in set(names)}
        return {name: reason for name, reason in found.items() if isinstance(reason, Reason)}

    def _look_up(self, config: Catalog, name: str) -> Manifest | Reason:
        made = manifest(config, name)
        if isinstance(made, Reason):
            return made
        problems = [each for each in self._runner.refuse(made) if each.severity == "error"]
        return _refused(name, problems) if problems else made


def manifest(config: Catalog, name: str) -> Manifest | Reason:
    """The workflow and those whose templates it refers to, directly or not."""
    if name not in config.workflows:
        return _missing(name, f"there is no workflow {name} in the configuration")
    documents: dict[str, Mapping[str, object]] = {}
    wanted = [name]
    while wanted:
        here = wanted.pop()
        if here in documents:
            continue
        documents[here] = config.workflows[here]
        for path, other in _references(documents[here]):
            if other not in config.workflows:
                origin = config.workflow_origins.get(here, {}).get(path)
                return _missing(
                    name,
                    f"workflow {name} refers to {other}, which is not in the configuration"
                    + (f" ({origin})" if origin else ""),
                )
            wanted.append(other)
    origins = {each: config.workflow_origins.get(each, {}) for each in documents}
    return Manifest(name, documents, origins)


def in_use(config: Catalog) -> frozenset[str]:
    """The workflows that policies and flows name."""
    flows = config.flows.values()
    steps = [step for flow in flows for step in flow.steps]
    settings = [*(policy.settings for policy in config.policies), *(s.settings for s in steps)]
    hooks = [*(flow.hooks for flow in flows), *(step.hooks for step in steps)]
    named = [flow.post_trigger for flow in flows]
    named += [name or "" for each in settings for name in (each.pre_action, each.post_action)]
    named += [name for h in hooks for name in (h.on_start, h.on_success, h.on_fail)]
    return frozenset(named) - {""}


def _references(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Where a workflow names another one, and which."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            here = f"{path}.{key}" if path else str(key)
            other = value.get("name") if isinstance(value, Mapping) else None
            if key in _REFERENCES and isinstance(other, str):
                yield f"{here}.name", other
            yield from _references(value, here)
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from _references(value, f"{path}[{index}]")


def _missing(name: str, sentence: str) -> Reason:
    return Reason(
        Code.STEP_ERROR,
        sentence,
        {"workflow": name},
        advice="Add the WorkflowTemplate, or correct the name where it is used; then retry.",
    )


def _refused(name: str, problems: list[catalog.Problem]) -> Reason:
    first = problems[0]
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return Reason(
        Code.UNSUPPORTED,
        f"workflow {name} cannot be run here: {first.message} ({first.origin}){more}",
        {"workflow": name, "problems": [str(each) for each in problems]},
        advice="Write the workflow without it, or run it where it is supported; then retry.",
    )
