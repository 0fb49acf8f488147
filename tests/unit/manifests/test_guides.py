"""The manifests that people are shown in the README and the guides: together, they hold."""

import re
from collections.abc import Iterator
from pathlib import Path

from towpath import manifests

ROOT = Path(__file__).parents[3]
PAGES = (ROOT / "README.md", ROOT / "docs" / "guides" / "checks-and-gates.md")
ENVIRONMENTS = ("dev", "staging", "prod")
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: shop-{environment}
  annotations: {{towpath.dev/product: shop}}
spec:
  project: default
  destination: {{name: {environment}, namespace: shop}}
  source:
    repoURL: https://git.example.org/gitops.git
    path: shop/{environment}
    targetRevision: main
"""


def _manifests(page: Path) -> Iterator[tuple[str, str]]:
    """Each with its file: what a later page says of a kind and name goes before."""
    for block in re.findall(r"^ *```yaml\n(.*?)^ *```$", page.read_text("utf-8"), re.M | re.S):
        indent = re.match(r" *", block)
        text = re.sub(rf"^{indent.group() if indent else ''}", "", block, flags=re.M)
        for document in text.split("---\n"):
            kind, name = (re.search(rf"\b{key}: ([\w-]+)", document) for key in ("kind", "name"))
            assert kind, document
            assert name, document
            yield f"{kind[1]}-{name[1]}.yaml", document


def test_what_the_readme_and_the_guides_show_is_a_configuration_without_problems() -> None:
    shown = dict(each for page in PAGES for each in _manifests(page))
    applications = {
        f"Application-{name}.yaml": APPLICATION.format(environment=name) for name in ENVIRONMENTS
    }
    loaded = manifests.load(
        {file: text.encode() for file, text in {**shown, **applications}.items()}
    )
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.catalog.workflows.keys() == {"smoke-test", "tell-the-team"}
    assert loaded.catalog.environments["prod"].windows
