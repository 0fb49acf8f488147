"""Where a repository is, from its address: the parts that hosts and people name it by."""

from functools import lru_cache

from towpath.manifests import repositories


def same(one: str, other: str) -> bool:
    """Whether two addresses are of one repository, however they are spelled."""
    return one == other or repositories.identity(one) == repositories.identity(other)


def host(repository: str) -> str:
    """The host, with a port where it has one of its own; empty for a folder of this machine."""
    return repositories.identity(repository).partition("/")[0]


@lru_cache(1000)
def path(repository: str) -> str:
    """The path on its host, such as `acme/shop`."""
    return repositories.identity(repository).partition("/")[2]


def name(repository: str) -> str:
    """What people call it: the last part of its path."""
    return repositories.identity(repository).rpartition("/")[2]
