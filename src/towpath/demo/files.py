"""How a service's files look in the GitOps repository, in each of three styles.

Text in, text out: first files, reading and setting an image tag, turning a switch. No git.
"""

import re
from collections.abc import Mapping

from towpath.demo import cast
from towpath.demo.commits import DemoError

TAG_FILE = {
    cast.Style.HELM: "values.yaml",
    cast.Style.KUSTOMIZE: "kustomization.yaml",
    cast.Style.MANIFESTS: "deployment.yaml",
}
_TAG = {
    cast.Style.HELM: re.compile(r"""(?m)(^  tag: *["']?)([^\s"'#]+)"""),
    cast.Style.KUSTOMIZE: re.compile(r"""(?m)(^ +newTag: *["']?)([^\s"'#]+)"""),
    cast.Style.MANIFESTS: re.compile(r"""(?m)(^ +image: *["']?[^\s"'#]+:)([^\s"'#:]+)"""),
}
_VERSION_LABEL = re.compile(r"""(?m)(^    app\.kubernetes\.io/version: *["']?)([^\s"'#]+)""")
_SIZE = {
    cast.Style.HELM: re.compile(r"(?m)(^replicaCount: *)(\d+)"),
    cast.Style.KUSTOMIZE: re.compile(r"(?m)(^  path: /spec/replicas\n  value: *)(\d+)"),
    cast.Style.MANIFESTS: re.compile(r"(?m)(^  replicas: *)(\d+)"),
}
_SWITCH = r"(?m)(^  {name}: *)(true|false)\b"

Files = Mapping[str, str]


def folder(service: cast.Service, environment: str) -> str:
    """The folder of an application: `apps/cart/dev`."""
    return f"apps/{service.name}/{environment}"


def tag_file(service: cast.Service, environment: str) -> str:
    """The file that holds the image tag."""
    return f"{folder(service, environment)}/{TAG_FILE[service.style]}"


def tag_in(service: cast.Service, text: str) -> str:
    """The image tag written in the service's file."""
    found = _TAG[service.style].search(text)
    if not found:
        raise DemoError(f"{TAG_FILE[service.style]} of {service.name} names no image tag.")
    return found[2]


def with_tag(service: cast.Service, text: str, tag: str) -> str:
    """The same text with another tag (and version label, where the style has one)."""
    tag_in(service, text)
    text = _TAG[service.style].sub(rf"\g<1>{tag}", text, count=1)
    if service.style is not cast.Style.MANIFESTS:
        return text
    version = ".".join(map(str, service.version_of(tag)))
    return _VERSION_LABEL.sub(rf"\g<1>{version}", text, count=1)


def turned(text: str, switch: str) -> tuple[str, bool]:
    """The text with a feature switch turned to its other side, and that side."""
    pattern = re.compile(_SWITCH.format(name=re.escape(switch)))
    found = pattern.search(text)
    if not found:
        raise DemoError(f"values.yaml has no switch `{switch}` below `features`; put it back.")
    on = found[2] == "false"
    return pattern.sub(rf"\g<1>{str(on).lower()}", text, count=1), on


def size_file(service: cast.Service, environment: str) -> str:
    """The file that says how many copies run."""
    kustomize = service.style is cast.Style.KUSTOMIZE
    name = "size.yaml" if kustomize else TAG_FILE[service.style]
    return f"{folder(service, environment)}/{name}"


def resized(service: cast.Service, text: str) -> tuple[str, int]:
    """The text with one replica more (two, after nine), and how many there are now."""
    found = _SIZE[service.style].search(text)
    if not found:
        raise DemoError(f"The files of {service.name} say no number of replicas; put it back.")
    replicas = int(found[2]) + 1 if int(found[2]) < 9 else 2
    return _SIZE[service.style].sub(rf"\g<1>{replicas}", text, count=1), replicas


def shared(product: cast.Product) -> Files:
    """What lies beside the applications: the library chart and the bases of kustomize."""
    found: dict[str, str] = {}
    for service in product.services:
        if service.style is cast.Style.KUSTOMIZE:
            found |= _base(service)
    return found


def first(service: cast.Service, environment: cast.Environment, tag: str) -> Files:
    """The files of a service in an environment, with their differences between environments."""
    written = {
        cast.Style.HELM: _helm,
        cast.Style.KUSTOMIZE: _kustomize,
        cast.Style.MANIFESTS: _manifests,
    }[service.style](service, environment, tag)
    place = folder(service, environment.name)
    return {f"{place}/{name}": text for name, text in written.items()}


def _helm(service: cast.Service, environment: cast.Environment, tag: str) -> Files:
    switches = SWITCHES[service.name]
    features = "\n".join(f"  {name}: {str(on).lower()}" for name, on in switches.items())
    values = f"""\
# {service.name} in {environment.name}. CI writes the tag in dev, promotions write it elsewhere.
image:
  repository: {service.image}
  tag: {tag}
  pullPolicy: IfNotPresent

replicaCount: {environment.replicas}

resources:
  requests:
    cpu: 100m
    memory: {environment.memory}
  limits:
    memory: {environment.memory}  # same as requested: no surprises at night

env:
  - name: LOG_LEVEL
    value: {environment.log_level}
  - name: SHOP_URL
    value: https://{environment.name}.webshop.example
  - name: DATABASE_POOL
    value: "{5 * environment.replicas}"

# Travel with the image: what a switch is in dev it becomes, in time, for customers.
features:
{features}
"""
    chart = f"""\
apiVersion: v2
name: {service.name}
description: The {service.name} service of {service.product}
type: application
version: 1.0.0
dependencies:
  - name: web-service
    version: 0.4.1
    repository: file://../../../charts/web-service
"""
    return {
        "Chart.yaml": chart,
        "values.yaml": values,
        "templates/service.yaml": '{{ include "web-service.all" . }}\n',
    }


SWITCHES: Mapping[str, Mapping[str, bool]] = {
    "cart": {"savedBaskets": True, "giftWrap": False, "expressLane": False},
    "ledger": {"instantPayouts": False, "dailyReports": True},
}


def _kustomize(service: cast.Service, environment: cast.Environment, tag: str) -> Files:
    kustomization = f"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: {service.product}-{environment.name}
resources:
  - ../base
images:
  - name: {service.image}
    newTag: "{tag}"
patches:
  - path: size.yaml  # differs on purpose between environments
    target:
      kind: Deployment
      name: {service.name}
configMapGenerator:
  - name: {service.name}-settings
    literals:
      - LOG_LEVEL={environment.log_level}
"""
    size = f"""\
- op: replace
  path: /spec/replicas
  value: {environment.replicas}
- op: add
  path: /spec/template/spec/containers/0/resources
  value:
    requests: {{cpu: 150m, memory: {environment.memory}}}
    limits: {{memory: {environment.memory}}}
"""
    return {"kustomization.yaml": kustomization, "size.yaml": size}


def _base(service: cast.Service) -> Files:
    place = f"apps/{service.name}/base"
    listing = "resources:\n  - deployment.yaml\n  - service.yaml\n"
    return {
        f"{place}/kustomization.yaml": (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + listing
        ),
        f"{place}/deployment.yaml": f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {service.name}
spec:
  replicas: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: {service.name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {service.name}
    spec:
      containers:
        - name: {service.name}
          image: {service.image}
          envFrom:
            - configMapRef:
                name: {service.name}-settings
""",
        f"{place}/service.yaml": _service(service),
    }


def _manifests(service: cast.Service, environment: cast.Environment, tag: str) -> Files:
    version = ".".join(map(str, service.version_of(tag)))
    deployment = f"""\
# {service.name} in {environment.name}; questions to the team channel.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {service.name}
  namespace: {service.product}-{environment.name}
  labels:
    app.kubernetes.io/name: {service.name}
    app.kubernetes.io/version: "{version}"
spec:
  replicas: {environment.replicas}
  selector:
    matchLabels:
      app.kubernetes.io/name: {service.name}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {service.name}
    spec:
      containers:
        - name: {service.name}
          image: {service.image}:{tag}
          env:
            - name: LOG_LEVEL
              value: {environment.log_level}
            - name: PAYMENTS_URL
              value: http://gateway.payments-{environment.name}  # inside the cluster
          resources:
            requests: {{cpu: 200m, memory: {environment.memory}}}
            limits: {{memory: {environment.memory}}}
---
# Only reachable inside the cluster: the ingress belongs to the platform team.
"""
    return {"deployment.yaml": deployment + _service(service)}


def _service(service: cast.Service) -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata:
  name: {service.name}
  labels:
    app.kubernetes.io/name: {service.name}
spec:
  selector:
    app.kubernetes.io/name: {service.name}
  ports:
    - name: http
      port: 80
      targetPort: 8080
"""


LIBRARY_CHART: Files = {
    "charts/web-service/Chart.yaml": """\
apiVersion: v2
name: web-service
description: Deployment and service of a small web service
type: library
version: 0.4.1
""",
    "charts/web-service/templates/_all.tpl": """\
{{- define "web-service.all" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Chart.Name }}
spec:
  replicas: {{ .Values.replicaCount }}
  selector:
    matchLabels:
      app.kubernetes.io/name: {{ .Chart.Name }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ .Chart.Name }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: {{ .Values.image.repository }}:{{ .Values.image.tag }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          env: {{- toYaml .Values.env | nindent 12 }}
            - name: FEATURES
              value: {{ .Values.features | toJson | quote }}
          resources: {{- toYaml .Values.resources | nindent 12 }}
{{- end -}}
""",
}
