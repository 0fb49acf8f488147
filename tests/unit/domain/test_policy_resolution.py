"""Each setting is resolved by itself, and the losers are told why."""

from datetime import timedelta

from towpath.domain import catalog, policy
from towpath.domain.catalog import Approval, EnvironmentKind, FlowStep, OnDrift, PolicySettings

PRODUCT, PROD = "checkout", "prod"


def _config(*policies: catalog.Policy) -> catalog.Catalog:
    return catalog.Catalog(
        products={PRODUCT: catalog.Product(PRODUCT, tags=("money",))},
        environments={
            PROD: catalog.Environment(PROD, kind=EnvironmentKind.PROD, tags=("eu",)),
            "qa": catalog.Environment("qa"),
        },
        policies=policies,
    )


def _retries(*policies: catalog.Policy, step: FlowStep | None = None) -> policy.Resolved:
    return policy.resolve(_config(*policies), PRODUCT, PROD, step)


def _asking(name: str, priority: int, retries: int, **selector: object) -> catalog.Policy:
    return catalog.Policy(name, priority, PolicySettings(retries=retries), **selector)  # type: ignore[arg-type]


def test_without_a_policy_the_defaults_hold() -> None:
    resolved = _retries()
    assert resolved.settings == policy.DEFAULTS
    assert resolved.origin("action") == "default"


def test_the_higher_priority_wins_and_the_loser_knows_why() -> None:
    resolved = _retries(_asking("low", 1, 1), _asking("high", 9, 9))
    assert resolved.settings.retries == 9
    assert resolved.origin("retries") == "policy high"
    lost = {c.origin: c.lost for c in resolved.candidates["retries"][1:]}
    assert lost == {
        "policy low": "policy high goes first: priority 9 before 1",
        "default": "policy high goes first",
    }


def test_a_tie_goes_by_name() -> None:
    resolved = _retries(_asking("b", 1, 2), _asking("a", 1, 1))
    assert resolved.settings.retries == 1
    assert resolved.candidates["retries"][1].lost == "policy a goes first: same priority, by name"


def test_the_flows_step_goes_before_every_policy() -> None:
    step = FlowStep(PROD, ("qa",), settings=PolicySettings(retries=0))
    resolved = _retries(_asking("high", 9, 9), step=step)
    assert resolved.settings.retries == 0
    assert resolved.origin("retries") == "step"


def test_each_setting_is_taken_from_whoever_says_it() -> None:
    drift = catalog.Policy("drift", 1, PolicySettings(on_drift=OnDrift.HOLD))
    resolved = _retries(drift, _asking("high", 9, 9))
    assert (resolved.settings.retries, resolved.settings.on_drift) == (9, OnDrift.HOLD)
    assert resolved.origin("on_drift") == "policy drift"


def test_a_policy_for_others_loses_and_says_what_it_wanted() -> None:
    resolved = _retries(
        _asking("a", 9, 1, product_names=("other",)),
        _asking("b", 8, 2, environment_kinds=(EnvironmentKind.NONPROD,)),
        _asking("c", 7, 3, environment_tags=("us",)),
        _asking("d", 6, 4, product_tags=("money",), environment_tags=("eu", "us")),
    )
    assert resolved.settings.retries == 4
    lost = {c.origin: c.lost for c in resolved.candidates["retries"]}
    assert lost["policy a"] == "its selector wants product name in other"
    assert lost["policy b"] == "its selector wants environment type in nonprod"
    assert lost["policy c"] == "its selector wants environment tags in us"


def test_all_given_criteria_must_match() -> None:
    both = _asking("both", 9, 9, product_names=(PRODUCT,), environment_names=("qa",))
    assert _retries(both).settings.retries == 0
    assert policy.resolve(_config(both), PRODUCT, "qa", None).settings.retries == 9


def test_an_empty_list_selects_nothing() -> None:
    resolved = _retries(_asking("none", 9, 9, product_names=()))
    assert resolved.settings.retries == 0
    assert resolved.candidates["retries"][1].lost == (
        "its selector wants product name in an empty list"
    )


def _asked_of(approval: Approval) -> policy.Resolved:
    settings = PolicySettings(approval=approval, soak=timedelta(hours=1))
    return _retries(catalog.Policy("care", 1, settings))


def test_a_rollback_knows_no_soak_and_an_approval_only_where_it_says_so() -> None:
    resolved = policy.for_rollback(_asked_of(Approval()))
    assert (resolved.settings.approval, resolved.settings.soak) == (None, None)
    assert resolved.origin("soak") == "a rollback does not soak"
    why = "asked of a rollback only with `rollback: true`"
    lost = {c.origin: c.lost for c in resolved.candidates["approval"]}
    assert lost == {why: "", "policy care": why, "default": "policy care goes first"}
    asked = policy.for_rollback(_asked_of(Approval(rollback=True)))
    assert asked.settings.approval == Approval(rollback=True)


def test_a_manual_release_knows_no_soak() -> None:
    resolved = policy.by_hand(_asked_of(Approval()))
    assert (resolved.settings.approval, resolved.settings.soak) == (Approval(), None)
    assert policy.by_hand(_retries()).candidates == _retries().candidates
