"""Products: what each has where, and what is on its way."""

from datetime import datetime

from towpath.api.schemas.base import ReasonShown, Shown
from towpath.api.schemas.configuration import LockShown, TroubleShown
from towpath.api.schemas.releases import ImageShown, ReleaseInShort
from towpath.domain.status import Status


class OnItsWay(Shown):
    """A release that is acting, or held up, in an environment now."""

    release: str
    version: str
    status: Status
    reason: str | None
    sentence: str


class ProductEnvironment(Shown):
    """An environment of a product: what landed there last, and what is on its way.

    `status` is that of the promotion that brought it; null where no release did.
    """

    name: str
    kind: str
    versions: tuple[str, ...]
    release: str
    at: datetime | None
    status: Status | None
    locked: bool
    on_its_way: tuple[OnItsWay, ...]


class ProductItem(Shown):
    """A product as a row of a list; environments in the order of columns."""

    name: str
    description: str
    tags: tuple[str, ...]
    concurrency: str
    configured: bool
    components: tuple[str, ...]
    flows: tuple[str, ...]
    latest: ReleaseInShort | None
    unended: int
    trouble: tuple[TroubleShown, ...]
    environments: tuple[ProductEnvironment, ...]


class LinkShown(Shown):
    """A link of the product."""

    title: str
    url: str


class Cell(Shown):
    """What a component has in an environment; `subject` and `initiator` of the release, if one
    brought it.
    """

    component: str
    environment: str
    version: str
    revision: str
    commit: str
    release: str
    subject: str
    initiator: str
    at: datetime
    status: Status | None
    images: tuple[ImageShown, ...]


class HolderShown(Shown):
    """The release that has an environment's claim; `yields`: a newer one may take it over."""

    environment: str
    holder: str
    yields: bool


class ProductDocument(ProductItem):
    """All of one product."""

    links: tuple[LinkShown, ...]
    issue_keys: tuple[str, ...]
    labels: dict[str, str]
    origin: str
    locks: tuple[LockShown, ...]
    holders: tuple[HolderShown, ...]
    matrix: tuple[Cell, ...]


class LockAnswer(Shown):
    """Whether a product is locked in an environment now."""

    product: str
    environment: str
    locked: bool
    lock: LockShown | None


class RepositoryTrouble(Shown):
    """What kept a repository from being looked at."""

    repository: str
    reason: ReasonShown


class LookedShown(Shown):
    """What a refresh found."""

    repositories: tuple[str, ...]
    releases: tuple[str, ...]
    trouble: tuple[RepositoryTrouble, ...]
