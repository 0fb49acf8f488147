"""Who must agree before a promotion acts, who may, and who has.

Approvals belong to an attempt. Who somebody is, and in which teams, is told by whoever asks.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from towpath.domain import catalog, events, release, trouble, wishes
from towpath.domain.reasons import Code, Reason
from towpath.domain.release import Gate, GateKind, Promotion, Release, Trigger
from towpath.domain.status import Status


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and the teams they are in."""

    name: str
    teams: frozenset[str] = frozenset()


def person(name: str, teams: Mapping[str, Collection[str]]) -> Person:
    """Somebody, with the teams whose members they are."""
    return Person(name, frozenset(team for team, members in teams.items() if name in members))


def needed(of: Release, promotion: Promotion) -> catalog.Approval | None:
    """What must be agreed to; a rollback waits for it only where the policy says so."""
    approval = promotion.settings.approval
    if approval is None or (of.trigger is Trigger.ROLLBACK and not approval.rollback):
        return None
    return approval


def gate(of: Release, promotion: Promotion) -> Gate | None:
    """The gate, `suspended` until enough have agreed; None where nobody must."""
    approval = needed(of, promotion)
    if approval is None:
        return None
    missing = approval.required - len(promotion.approvals)
    if missing <= 0:
        given = Reason(Code.APPROVED, _said(promotion), _data(approval, promotion))
        return Gate(GateKind.APPROVAL, Status.SUCCEEDED, given)
    number = "an approval" if missing == 1 else f"{missing} approvals"
    said = f"; {_said(promotion)}" if promotion.approvals else ""
    reason = Reason(
        Code.APPROVAL_NEEDED,
        f"needs {number} {_of_whom(approval)}{said}",
        _data(approval, promotion),
        advice=f"towpath approve {of.id} {promotion.environment}",
    )
    return Gate(GateKind.APPROVAL, Status.SUSPENDED, reason)


def _said(promotion: Promotion) -> str:
    names = [given.by for given in promotion.approvals]
    return f"{' and '.join(names)} approved it"


def _data(approval: catalog.Approval, promotion: Promotion) -> dict[str, object]:
    return {
        "required": approval.required,
        "approved_by": [given.by for given in promotion.approvals],
        "teams": list(approval.teams),
        "users": list(approval.users),
        "exclude_author": approval.exclude_author,
    }


def _of_whom(approval: catalog.Approval) -> str:
    teams = [f"team {name}" for name in approval.teams]
    whom = f"by {' or '.join([*teams, *approval.users]) or 'anyone'}"
    return f"{whom} but the authors" if approval.exclude_author else whom


def may_decide(approval: catalog.Approval, who: Person) -> bool:
    """Whether the person is among those who may agree, or reject."""
    if not approval.users and not approval.teams:
        return True
    return who.name in approval.users or not who.teams.isdisjoint(approval.teams)


def is_author(who: Person, authors: Collection[str]) -> bool:
    """Whether the person is one of the authors, by any name that commits have for them.

    A name, a mail address, or its part before the `@`, in any case: rather one too many than one
    who approves what they wrote.
    """
    own = who.name.casefold()
    known = {name.casefold() for name in authors if name}
    return own in known | {name.partition("@")[0] for name in known if "@" in name}


def authors(of: release.Release) -> frozenset[str]:
    """Everybody who wrote something of a release, by every name known."""
    commits = [*of.commits, *([of.commit] if of.commit else ())]
    names = {name for commit in commits for name in (commit.author, commit.author_email)}
    return frozenset({of.initiator, *names} - {""})


# --- what people say -------------------------------------------------------------------------
def approve(
    of: Release, environment: str, who: Person, wrote: Collection[str], comment: str = ""
) -> tuple[events.Event, ...]:
    """Agree to the attempt. `wrote`: the authors of this release and of those it supersedes there.

    Agreeing twice counts once.
    """
    promotion = wishes.there(of, environment)
    went_on = not promotion.status.ended or promotion.status is Status.SUCCEEDED
    if went_on and any(given.by == who.name for given in promotion.approvals):
        return ()
    approval = _asked(of, promotion)
    if len(promotion.approvals) >= approval.required:
        raise wishes.Refused("already_approved", f"{environment} has all the approvals it needs")
    _check(approval, who)
    if approval.exclude_author and is_author(who, wrote):
        raise wishes.Refused(
            "author_excluded", f"{who.name} is an author of what {of.id} brings to {environment}"
        )
    return (events.ApprovalGiven(promotion.attempt, who.name, comment, environment=environment),)


def reject(
    of: Release, environment: str, who: Person, comment: str = ""
) -> tuple[events.Event, ...]:
    """Say no to the attempt, which ends it. Saying so again changes nothing."""
    promotion = wishes.there(of, environment)
    reason = promotion.reason
    if promotion.status is Status.FAILED and reason and reason.code is Code.APPROVAL_REJECTED:
        return ()
    _check(_asked(of, promotion), who)
    phase = promotion.current
    assert phase is not None
    words = f"{who.name} rejected it" + (f": {comment}" if comment else "")
    data = {"actor": who.name, "comment": comment}
    no = Reason(Code.APPROVAL_REJECTED, words, data, advice=f"towpath release retry {of.id}")
    return (
        events.ApprovalRejected(promotion.attempt, who.name, comment, environment=environment),
        *trouble.failure(promotion, phase, no),
    )


def _asked(of: Release, promotion: Promotion) -> catalog.Approval:
    """The approval that is being asked for now; refused where none is."""
    where, approval = promotion.environment, needed(of, promotion)
    if approval is None:
        raise wishes.Refused("no_approval_needed", f"{of.id} needs no approval in {where}")
    if promotion.at_gates and any(g.kind is GateKind.APPROVAL for g in promotion.gates):
        return approval
    if promotion.status.ended or promotion.begun:
        sentence = f"{of.id} is past its gates in {where} ({promotion.status})"
        raise wishes.Refused("past_gates", sentence)
    raise wishes.Refused("not_reached", f"{of.id} has not reached {where} yet")


def _check(approval: catalog.Approval, who: Person) -> None:
    if not may_decide(approval, who):
        sentence = f"{who.name} may not decide: it needs an approval {_of_whom(approval)}"
        raise wishes.Refused("not_an_approver", sentence)
