"""How an environment is entered: each setting resolved by itself, with its origin and the losers.

Inline value in the flow's step, else the matching policy of the highest priority that sets it
(ties: by name), else the default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta

from towpath.domain import catalog, spans

DEFAULTS = catalog.PolicySettings(
    action=catalog.PromotionAction.COMMIT,
    sync_timeout=timedelta(minutes=10),
    health_timeout=timedelta(minutes=10),
    degraded_grace=timedelta(seconds=30),
    settle=timedelta(seconds=5),
    sync="auto",
    on_drift=catalog.OnDrift.OVERWRITE,
    auto_merge=False,
    retries=0,
)
STEP = "step"  # the origin of what a flow's step says itself

SETTING_NAMES = tuple(field.name for field in fields(catalog.PolicySettings))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value somebody gave for a setting: who, what, and why it lost (empty: it won)."""

    origin: str
    value: object
    lost: str = ""
    priority: int | None = None  # a policy's


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings in force for a product's way into an environment, and where each is from."""

    settings: catalog.PolicySettings
    candidates: Mapping[str, tuple[Candidate, ...]]

    def origin(self, setting: str) -> str:
        """Who gave the value in force: `step`, `policy NAME`, `default`, or why it has none."""
        return self.candidates[setting][0].origin


def resolve(
    config: catalog.Catalog, product: str, environment: str, step: catalog.FlowStep | None
) -> Resolved:
    """Resolve every setting for the product in the environment. Winner first in each list."""
    candidates = {
        name: _ranked(list(_given(config, product, environment, step, name)))
        for name in SETTING_NAMES
    }
    won = {name: ranked[0].value for name, ranked in candidates.items()}
    return Resolved(catalog.PolicySettings(**won), candidates)  # type: ignore[arg-type] # by name


def _given(
    config: catalog.Catalog,
    product: str,
    environment: str,
    step: catalog.FlowStep | None,
    setting: str,
) -> Iterator[Candidate]:
    inline = getattr(step.settings, setting) if step else None
    if inline is not None:
        yield Candidate(STEP, inline)
    for policy in sorted(config.policies, key=lambda p: (-p.priority, p.name)):
        value = getattr(policy.settings, setting)
        if value is not None:
            mismatch = why_not(policy, config, product, environment)
            yield Candidate(f"policy {policy.name}", value, mismatch, policy.priority)
    yield Candidate("default", getattr(DEFAULTS, setting))


def _ranked(given: list[Candidate]) -> tuple[Candidate, ...]:
    """The first that is not out already wins; those after it lose to it."""
    winner = next(candidate for candidate in given if not candidate.lost)
    others = (candidate for candidate in given if candidate is not winner)
    return (winner, *(each if each.lost else _beaten(each, winner) for each in others))


def _beaten(candidate: Candidate, by: Candidate) -> Candidate:
    return replace(candidate, lost=f"{by.origin} goes first{_by_priority(candidate, by)}")


def _by_priority(candidate: Candidate, by: Candidate) -> str:
    if by.priority is None or candidate.priority is None:
        return ""
    if by.priority == candidate.priority:
        return ": same priority, by name"
    return f": priority {by.priority} before {candidate.priority}"


def for_rollback(resolved: Resolved) -> Resolved:
    """What holds for a rollback: no soak, and an approval only where it says so."""
    found = _without(resolved, "soak", "a rollback does not soak")
    approval = found.settings.approval
    if approval is None or approval.rollback:
        return found
    return _without(found, "approval", "asked of a rollback only with `rollback: true`")


def by_hand(resolved: Resolved) -> Resolved:
    """What holds for a manual release, whose source was not verified: no soak."""
    return _without(resolved, "soak", "a manual release does not soak")


def _without(resolved: Resolved, setting: str, why: str) -> Resolved:
    won, *lost = resolved.candidates[setting]
    if won.value is None:
        return resolved
    waived = (Candidate(why, None), replace(won, lost=why), *lost)
    return Resolved(
        replace(resolved.settings, **{setting: None}),
        {**resolved.candidates, setting: waived},
    )


def why_not(policy: catalog.Policy, config: catalog.Catalog, product: str, environment: str) -> str:
    """Why the policy does not speak for this product and environment; empty if it does."""
    known_product = config.products.get(product, catalog.Product(product))
    known_environment = config.environments.get(environment, catalog.Environment(environment))
    checks = (
        (policy.product_names, {known_product.name}, "product name"),
        (policy.product_tags, set(known_product.tags), "product tags"),
        (policy.environment_names, {known_environment.name}, "environment name"),
        (policy.environment_kinds, {known_environment.kind}, "environment type"),
        (policy.environment_tags, set(known_environment.tags), "environment tags"),
    )
    for wanted, own, what in checks:
        if wanted is not None and not own & set(wanted):
            return f"its selector wants {what} in {', '.join(map(str, wanted)) or 'an empty list'}"
    return ""


# --- in words --------------------------------------------------------------------------------
def changes(
    before: catalog.PolicySettings | catalog.Hooks, after: catalog.PolicySettings | catalog.Hooks
) -> tuple[str, ...]:
    """What is another value now, a line for each."""
    pairs = [(f.name, getattr(before, f.name), getattr(after, f.name)) for f in fields(before)]
    return tuple(f"{name}: {_words(old)} → {_words(new)}" for name, old, new in pairs if old != new)


def _words(value: object) -> str:
    if value in (None, ""):
        return "nothing"
    if isinstance(value, catalog.Approval):
        whom = " or ".join([*(f"team {name}" for name in value.teams), *value.users])
        author = ", not by authors" if value.exclude_author else ""
        back = ", rollbacks too" if value.rollback else ""
        return f"{value.required} by {whom or 'anyone'}{author}{back}"
    return spans.words(value) if isinstance(value, timedelta) else str(value)
