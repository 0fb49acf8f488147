"""What can be in trouble, and what it is called: in the store, in answers and to people."""

from enum import StrEnum


class Scope(StrEnum):
    """What something is wrong with, or who says so."""

    CONFIGURATION = "configuration"  # the source that it is read from
    REPOSITORY = "repository"
    BRANCH = "branch"  # that a trigger environment follows
    PRODUCT = "product"
    COMPONENT = "component"  # what it holds in an environment cannot be read
    DRIFT = "drift"  # people changed it by hand where promotions write


def component(product: str, environment: str, name: str) -> str:
    """A component in an environment."""
    return f"{product}/{environment}/{name}"


def branch(repository: str, revision: str) -> str:
    """What a source follows; no revision is the default branch."""
    return f"{repository} {revision or 'HEAD'}"
