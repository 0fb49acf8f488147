"""Teams that policies ask and the settings do not name."""

from towpath.domain import teams
from towpath.domain.catalog import (
    Approval,
    Catalog,
    Flow,
    FlowStep,
    Origin,
    Policy,
    PolicySettings,
)

ASKS = PolicySettings(approval=Approval(teams=("sre", "qa")))


def test_a_policy_or_step_that_asks_a_team_nobody_is_in_gets_a_warning() -> None:
    step = FlowStep("prod", ("qa",), ASKS)
    config = Catalog(
        policies=(Policy("production", 1, ASKS, origin=Origin("p.yaml", 3, 1)),),
        flows={"main": Flow("main", "dev", (step,), origin=Origin("f.yaml", 7, 1))},
    )
    but = "and the setting `teams` does not say who is in it: nobody is"
    assert [str(problem.origin) for problem in teams.unknown(config, {"qa"})] == [
        "p.yaml:3:1",
        "f.yaml:7:1",
    ]
    assert [problem.message for problem in teams.unknown(config, {"qa"})] == [
        f"the policy `production` asks the team `sre` to approve, {but}",
        f"the flow `main` asks the team `sre` to approve for `prod`, {but}",
    ]
    assert [*teams.unknown(config, {"qa", "sre"})] == []
