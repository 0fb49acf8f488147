"""Whose releases a change of the configuration in force concerns while they are under way.

A release has its own copy of its flow and settings. What is always taken from the configuration in
force are its applications, the windows of its environments, how its product lets releases meet,
and the workflows.
"""

from towpath.domain.catalog import Catalog


def concerned(before: Catalog, after: Catalog) -> frozenset[str]:
    """The products whose releases may go another way than before."""
    products = before.products.keys() | after.products.keys()
    if before.workflows != after.workflows:  # any of them may run it, or refer to it
        return frozenset(products)
    return frozenset(each for each in products if _holding(before, each) != _holding(after, each))


def _holding(config: Catalog, product: str) -> object:
    known = config.products.get(product)
    return (
        known and known.concurrency,
        [
            (name, config.environments[name].windows, config.applications_of(product, name))
            for name in config.environments_of(product)
        ],
    )
