"""Which commits name an issue or pull request that no release names."""

from collections.abc import Sequence

from towpath.domain import catalog
from towpath.domain.changes import Commit
from towpath.history import indexing, references, searching

REPOSITORY = "https://git.example.org/acme/shop.git"
GITOPS = "https://git.example.org/acme/gitops.git"


class _Code:
    """One mirror whose commits all mention what is asked for."""

    def __init__(self, *said: str) -> None:
        self._said = [
            Commit(f"{n:040x}", (), "Ada", "2026-03-01T12:00:00Z", text)
            for n, text in enumerate(said)
        ]

    async def mentioning(
        self, repository: str, texts: Sequence[str], limit: int
    ) -> Sequence[Commit]:
        return [c for c in self._said if any(text in c.message for text in texts)][:limit]


def _product(name: str, *keys: str) -> catalog.Product:
    component = catalog.Component("api", REPOSITORY)
    return catalog.Product(name, components=(component,), issue_keys=keys)


async def _found(
    code: _Code, ref: str, *products: catalog.Product, gitops: _Code | None = None
) -> list[str]:
    applications = tuple(
        catalog.Application(
            one.name, (catalog.Source(GITOPS),), catalog.Destination(), product=one.name
        )
        for one in products
    )
    config = catalog.Catalog({one.name: one for one in products}, applications=applications)
    said: list[str] = []
    for meaning in references.meanings(ref):
        if not {indexing.ISSUE, indexing.REQUEST} & {*meaning.kinds}:
            continue
        found, _ = await searching.commits(code, gitops or _Code(), config, meaning)  # type: ignore[arg-type] # of the port only what is asked
        said += [f"{one.kind} {one.ref}: {len(commits)}" for one, commits in found.items()]
    return said


async def test_each_product_of_a_repository_finds_its_own_issues() -> None:
    code = _Code("SHOP-1 and PAY-1", "SHOP-12", "XSHOP-1")
    products = (_product("shop", "SHOP"), _product("pay", "PAY"))
    assert await _found(code, "SHOP-1", *products) == ["issue SHOP-1: 1"]
    assert await _found(code, "PAY-1", *products) == ["issue PAY-1: 1"]
    assert await _found(code, "OPS-1", *products) == []


async def test_pull_requests_are_found_as_hosts_write_them() -> None:
    code = _Code("fix (#7)", "see #7", "Merge branch 'x' into 'main'\n\nSee merge request a/b!7")
    assert await _found(code, "#7", _product("shop")) == ["pull_request 7: 2"]
    assert await _found(code, "shop#7", _product("shop")) == ["pull_request 7: 2"]
    assert await _found(code, "other#7", _product("shop")) == []


async def test_an_issue_in_the_branch_of_a_merge_or_of_the_host_is_found() -> None:
    code = _Code("Merge pull request #3 from mei/SHOP-4-x\n\nTitle", "fix\n\nCloses #9")
    assert await _found(code, "SHOP-4", _product("shop", "SHOP")) == ["issue SHOP-4: 1"]
    assert await _found(code, "acme/shop#9", _product("shop")) == ["issue acme/shop#9: 1"]


async def test_changes_in_the_gitops_repository_name_issues_and_pull_requests_too() -> None:
    gitops = _Code("SHOP-4 more replicas (#12)", "shop: SHOP-4\n\nTowpath-Promotion: 7")
    product, nothing = _product("shop", "SHOP"), _Code()
    assert await _found(nothing, "SHOP-4", product, gitops=gitops) == ["issue SHOP-4: 1"]
    assert await _found(nothing, "gitops#12", product, gitops=gitops) == ["pull_request 12: 1"]
    assert await _found(_Code("SHOP-4"), "SHOP-4", product, gitops=gitops) == ["issue SHOP-4: 2"]
