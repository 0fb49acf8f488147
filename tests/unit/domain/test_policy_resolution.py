"""Each setting is resolved by itself, and the losers are told why."""

from towpath.domain import catalog, policy
from towpath.domain.catalog import EnvironmentKind, FlowStep, OnDrift, PolicySettings

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
    assert lost == {"policy low": "policy high goes first", "default": "policy high goes first"}


def test_a_tie_goes_by_name() -> None:
    assert _retries(_asking("b", 1, 2), _asking("a", 1, 1)).settings.retries == 1


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
    assert _retries(_asking("none", 9, 9, product_names=())).settings.retries == 0
