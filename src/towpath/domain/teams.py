"""Teams that are asked to approve although the settings do not say who is in them."""

from collections.abc import Collection, Iterator

from towpath.domain.catalog import Approval, Catalog, Problem


def unknown(catalog: Catalog, known: Collection[str]) -> Iterator[Problem]:
    """A warning for each policy, and each step of a flow, that asks a team nobody is in."""
    for policy in catalog.policies:
        for team in _unknown(policy.settings.approval, known):
            said = f"the policy `{policy.name}` asks the team `{team}` to approve"
            yield Problem(policy.origin, "unknown_team", f"{said}, {_BUT}", "warning")
    for flow in catalog.flows.values():
        for step in flow.steps:
            for team in _unknown(step.settings.approval, known):
                said = f"the flow `{flow.name}` asks the team `{team}` to approve"
                told = f"{said} for `{step.environment}`, {_BUT}"
                yield Problem(flow.origin, "unknown_team", told, "warning")


_BUT = "and the setting `teams` does not say who is in it: nobody is"


def _unknown(approval: Approval | None, known: Collection[str]) -> list[str]:
    return [team for team in approval.teams if team not in known] if approval else []
