"""Every field of an Argo workflow, and what becomes of it here: it runs, is ignored, or is refused.

A field that is not in this table is refused. Ignored is only what changes nothing on a machine:
where a pod is placed, how it is tidied up, what is shown of it. `docs/reference/local-runner.md`
has the same table for people, and a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of a field."""

    RUNS = "runs"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Field:
    """A field's fate and shape: `text` (any scalar), `truth`, `any`, an object, or lists of them.

    `why` says what a refused field would need.
    """

    fate: Fate
    shape: str = "any"
    why: str = ""


Object = Mapping[str, Field]


def _runs(shape: str = "text") -> Field:
    return Field(Fate.RUNS, shape)


_IGNORED = Field(Fate.IGNORED)


def _refused(why: str) -> Field:
    return Field(Fate.REFUSED, why=why)


_POD = "there are no pods here, only processes"
_ARTIFACT = "artifacts need an artifact repository; pass values as parameters"
_VOLUME = "there are no volumes here; use the step's own folder"
_SECRET = "values of the cluster (secrets, config maps) are not there; give a value"  # noqa: S105 # no secret
_LOCK = "locks that several workflows share need a cluster"
_BESIDE = "only one process for each step runs here"

_ignored_by_name = (
    "nodeSelector",
    "affinity",
    "tolerations",
    "schedulerName",
    "serviceAccountName",
    "automountServiceAccountToken",
    "executor",
    "securityContext",
    "metrics",
    "podResources",
    "resourceClaims",
)
_EVERYWHERE: Object = dict.fromkeys(_ignored_by_name, _IGNORED)

_CALL: Object = {
    "name": _runs(),
    "template": _runs(),
    "templateRef": _runs("TemplateRef"),
    "inline": _runs("Template"),
    "arguments": _runs("Arguments"),
    "when": _runs(),
    "withItems": _runs("any"),
    "withParam": _runs(),
    "withSequence": _runs("Sequence"),
    "continueOn": _runs("ContinueOn"),
    "hooks": _runs("map of LifecycleHook"),
    "onExit": _runs(),
}
_PROCESS: Object = {
    "name": _IGNORED,
    "image": _runs(),
    "command": _runs("list of text"),
    "args": _runs("list of text"),
    "env": _runs("list of EnvVar"),
    "workingDir": _runs(),
    "imagePullPolicy": _IGNORED,
    "ports": _IGNORED,
    "resources": _IGNORED,
    "resizePolicy": _IGNORED,
    "securityContext": _IGNORED,
    "terminationMessagePath": _IGNORED,
    "terminationMessagePolicy": _IGNORED,
    "envFrom": _refused(_SECRET),
    "lifecycle": _refused(_POD),
    "livenessProbe": _refused(_POD),
    "readinessProbe": _refused(_POD),
    "startupProbe": _refused(_POD),
    "restartPolicy": _refused(_POD),
    "stdin": _refused("a step has no input"),
    "stdinOnce": _refused("a step has no input"),
    "tty": _refused("a step has no terminal"),
    "volumeDevices": _refused(_VOLUME),
    "volumeMounts": _refused(_VOLUME),
}

OBJECTS: Mapping[str, Object] = {
    "Workflow": {
        "apiVersion": _runs(),
        "kind": _runs(),
        "metadata": _runs("Metadata"),
        "spec": _runs("WorkflowSpec"),
        "status": _IGNORED,
    },
    "Metadata": {
        "name": _runs(),
        "generateName": _runs(),
        "namespace": _runs(),
        "labels": _runs("map of text"),
        "annotations": _runs("map of text"),
        "creationTimestamp": _IGNORED,
        "deletionGracePeriodSeconds": _IGNORED,
        "deletionTimestamp": _IGNORED,
        "finalizers": _IGNORED,
        "generation": _IGNORED,
        "managedFields": _IGNORED,
        "ownerReferences": _IGNORED,
        "resourceVersion": _IGNORED,
        "selfLink": _IGNORED,
        "uid": _IGNORED,
    },
    "WorkflowSpec": {
        **_EVERYWHERE,
        "entrypoint": _runs(),
        "templates": _runs("list of Template"),
        "arguments": _runs("WorkflowArguments"),
        "parallelism": _runs(),
        "onExit": _runs(),
        "hooks": _runs("map of LifecycleHook"),
        "activeDeadlineSeconds": _runs(),
        "retryStrategy": _runs("RetryStrategy"),
        "templateDefaults": _runs("Template"),
        "workflowTemplateRef": _runs("WorkflowTemplateRef"),
        "workflowMetadata": _runs("WorkflowMetadata"),
        "priority": _runs(),
        "podSpecPatch": Field(Fate.IGNORED, "patch"),
        "archiveLogs": _IGNORED,
        "artifactGC": _IGNORED,
        "artifactRepositoryRef": _IGNORED,
        "dnsConfig": _IGNORED,
        "dnsPolicy": _IGNORED,
        "hostNetwork": _IGNORED,
        "imagePullSecrets": _IGNORED,
        "podDisruptionBudget": _IGNORED,
        "podGC": _IGNORED,
        "podMetadata": _IGNORED,
        "podPriorityClassName": _IGNORED,
        "ttlSecondsAfterFinished": _IGNORED,
        "ttlStrategy": _IGNORED,
        "volumeClaimGC": _IGNORED,
        "executorPlugins": _refused("plugins run in a cluster's agent"),
        "hostAliases": _refused("names are resolved by this machine"),
        "shutdown": _refused("stop the run instead"),
        "suspend": _refused("begin with a `suspend` step instead"),
        "synchronization": _refused(_LOCK),
        "volumeClaimTemplates": _refused(_VOLUME),
        "volumes": _refused(_VOLUME),
    },
    "WorkflowMetadata": {
        "labels": _runs("map of text"),
        "annotations": _runs("map of text"),
        "labelsFrom": _runs("map of LabelFrom"),
    },
    "LabelFrom": {"expression": _runs("expression")},
    "WorkflowTemplateRef": {"name": _runs(), "clusterScope": _IGNORED},
    "Template": {
        **_EVERYWHERE,
        "name": _runs(),
        "inputs": _runs("Inputs"),
        "outputs": _runs("Outputs"),
        "steps": _runs("lines of WorkflowStep"),
        "dag": _runs("DAGTemplate"),
        "container": _runs("Container"),
        "script": _runs("ScriptTemplate"),
        "http": _runs("HTTP"),
        "suspend": _runs("SuspendTemplate"),
        "activeDeadlineSeconds": _runs(),
        "timeout": _runs(),
        "retryStrategy": _runs("RetryStrategy"),
        "parallelism": _runs(),
        "failFast": _runs("truth"),
        "podSpecPatch": Field(Fate.IGNORED, "patch"),
        "annotations": _IGNORED,
        "archiveLocation": _IGNORED,
        "metadata": _IGNORED,
        "priorityClassName": _IGNORED,
        "containerSet": _refused(_BESIDE),
        "daemon": _refused(_BESIDE),
        "data": _refused(_ARTIFACT),
        "hostAliases": _refused("names are resolved by this machine"),
        "initContainers": _refused(_BESIDE),
        "memoize": _refused("its cache is a config map of the cluster"),
        "pendingTimeout": _refused("no pod waits for a node here; use `timeout`"),
        "plugin": _refused("plugins run in a cluster's agent"),
        "resource": _refused("there is no cluster to make a resource in"),
        "sidecars": _refused(_BESIDE),
        "synchronization": _refused(_LOCK),
        "volumes": _refused(_VOLUME),
    },
    "Inputs": {"parameters": _runs("list of InputParameter"), "artifacts": _refused(_ARTIFACT)},
    "InputParameter": {
        "name": _runs(),
        "value": _runs("any"),
        "default": _runs("any"),
        "enum": _runs("list of text"),
        "description": _IGNORED,
        "valueFrom": _refused(_SECRET),
        "globalName": _refused("only outputs can be made global"),
    },
    "Arguments": {"parameters": _runs("list of Argument"), "artifacts": _refused(_ARTIFACT)},
    "Argument": {
        "name": _runs(),
        "value": _runs("any"),
        "default": _runs("any"),
        "description": _IGNORED,
        "enum": _IGNORED,
        "valueFrom": _refused(_SECRET),
        "globalName": _refused("only outputs can be made global"),
    },
    "WorkflowArguments": {
        "parameters": _runs("list of InputParameter"),
        "artifacts": _refused(_ARTIFACT),
    },
    "Outputs": {
        "parameters": _runs("list of OutputParameter"),
        "artifacts": _refused(_ARTIFACT),
        "exitCode": _IGNORED,
        "result": _IGNORED,
    },
    "OutputParameter": {
        "name": _runs(),
        "value": _runs("any"),
        "valueFrom": _runs("ValueFrom"),
        "globalName": _runs(),
        "description": _IGNORED,
        "default": _refused("give `valueFrom.default`"),
        "enum": _refused("outputs are not chosen from a list"),
    },
    "ValueFrom": {
        "path": _runs(),
        "parameter": _runs(),
        "expression": _runs("expression"),
        "supplied": _runs("any"),
        "default": _runs("any"),
        "configMapKeyRef": _refused(_SECRET),
        "event": _refused("there are no events here"),
        "jqFilter": _refused("there is no resource to ask"),
        "jsonPath": _refused("there is no resource to ask"),
    },
    "WorkflowStep": _CALL,
    "DAGTemplate": {
        "tasks": _runs("list of DAGTask"),
        "target": _runs(),
        "failFast": _runs("truth"),
    },
    "DAGTask": {**_CALL, "dependencies": _runs("list of text"), "depends": _runs()},
    "TemplateRef": {"name": _runs(), "template": _runs(), "clusterScope": _IGNORED},
    "LifecycleHook": {
        "template": _runs(),
        "templateRef": _runs("TemplateRef"),
        "arguments": _runs("Arguments"),
        "expression": _runs("expression"),
    },
    "ContinueOn": {"error": _runs("truth"), "failed": _runs("truth")},
    "Sequence": {"count": _runs(), "start": _runs(), "end": _runs(), "format": _runs()},
    "RetryStrategy": {
        "limit": _runs(),
        "retryPolicy": _runs(),
        "backoff": _runs("Backoff"),
        "expression": _runs("expression"),
        "affinity": _IGNORED,
    },
    "Backoff": {"duration": _runs(), "factor": _runs(), "maxDuration": _runs(), "cap": _runs()},
    "Container": _PROCESS,
    "ScriptTemplate": {**_PROCESS, "source": _runs()},
    "EnvVar": {"name": _runs(), "value": _runs(), "valueFrom": _refused(_SECRET)},
    "SuspendTemplate": {"duration": _runs()},
    "HTTP": {
        "url": _runs(),
        "method": _runs(),
        "headers": _runs("list of HTTPHeader"),
        "body": _runs(),
        "timeoutSeconds": _runs(),
        "successCondition": _runs("expression"),
        "insecureSkipVerify": _runs("truth"),
        "bodyFrom": _refused("give `body`"),
    },
    "HTTPHeader": {"name": _runs(), "value": _runs(), "valueFrom": _refused(_SECRET)},
}
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "InputParameter": ("name",),
    "Argument": ("name",),
    "OutputParameter": ("name",),
    "WorkflowStep": ("name",),
    "DAGTask": ("name",),
    "DAGTemplate": ("tasks",),
    "EnvVar": ("name",),
    "HTTP": ("url",),
    "HTTPHeader": ("name",),
    "TemplateRef": ("name", "template"),
    "WorkflowTemplateRef": ("name",),
    "ScriptTemplate": ("source",),
    "LabelFrom": ("expression",),
}
PATCHED: frozenset[str] = frozenset(
    {"resources", "imagePullPolicy", "image", "name", "ports", "securityContext"}
)
"""What a `podSpecPatch` may say of a container: nothing that changes a process."""
PATCHED_POD: frozenset[str] = frozenset(
    {
        "affinity",
        "imagePullSecrets",
        "nodeName",
        "nodeSelector",
        "priorityClassName",
        "schedulerName",
        "securityContext",
        "serviceAccountName",
        "terminationGracePeriodSeconds",
        "tolerations",
        "topologySpreadConstraints",
    }
)
