"""A promotion in every state that there is, each brought there by what happens in the playbook."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import playbook
from towpath.domain.catalog import (
    Approval,
    Concurrency,
    Hooks,
    OnDrift,
    PolicySettings,
    PromotionAction,
    Window,
)
from towpath.domain.reasons import Code, Reason
from towpath.domain.status import Status

PROGRESSING = (Status.SUCCEEDED, Status.RUNNING)
SICK = (Status.SUCCEEDED, Status.FAILED)
HOUR = timedelta(hours=1)
Made = tuple[playbook.World, str, str]
"""A world, and the release and environment in it that are looked at."""


def waiting() -> Made:
    world = playbook.World(deployments={"qa": PROGRESSING})
    return world, world.push(), "prod"


def queued() -> Made:
    world = playbook.World(concurrency=Concurrency.QUEUE, deployments={"qa": PROGRESSING})
    world.push()
    return world, world.push(), "qa"


def asked_for_approval() -> Made:
    world = playbook.World(settings=PolicySettings(approval=Approval()))
    return world, world.push(), "qa"


def to_be_asked_later() -> Made:
    asking = replace(playbook.STRAIGHT[1], settings=PolicySettings(approval=Approval()))
    world = playbook.World(steps=(playbook.STRAIGHT[0], asking), deployments={"qa": PROGRESSING})
    return world, world.push(), "prod"


def approved_and_on_its_way() -> Made:
    world = playbook.World(
        settings=PolicySettings(approval=Approval()), deployments={"qa": PROGRESSING}
    )
    one = world.push()
    world.approve(one, "qa", "zoe")
    return world, one, "qa"


def approved_and_soaking() -> Made:
    world = playbook.World(settings=PolicySettings(approval=Approval(), soak=HOUR))
    one = world.push()
    world.approve(one, "qa", "zoe")
    return world, one, "qa"


def half_approved() -> Made:
    world = playbook.World(settings=PolicySettings(approval=Approval(required=2)))
    one = world.push()
    world.approve(one, "qa", "bob")
    return world, one, "qa"


def locked() -> Made:
    world = playbook.World()
    world.lock("qa")
    return world, world.push(), "qa"


def busy() -> Made:
    world = playbook.World(deployments={"qa": PROGRESSING})
    world.push()
    return world, world.push(), "qa"


def writing() -> Made:
    world = playbook.World(git={"qa": ["down"]})
    return world, world.push(), "qa"


def perhaps_written() -> Made:
    world = playbook.World(git={"qa": ["lost", "down"]})
    return world, world.push(), "qa"


def held_by_drift() -> Made:
    world = playbook.World(settings=PolicySettings(on_drift=OnDrift.HOLD))
    world.change_by_hand("qa")
    return world, world.push(), "qa"


def outside_its_window() -> Made:
    night = Window("deny", "FREQ=DAILY;BYHOUR=8", 4 * HOUR)
    world = playbook.World(windows={"qa": (night,)})
    return world, world.push(), "qa"


def soaking_where_it_is_sick() -> Made:
    sick = (None, Reason(Code.HEALTH_DEGRADED, "crash loop"))
    world = playbook.World(settings=PolicySettings(soak=HOUR), health={"dev": sick})
    return world, world.push(), "qa"


def without_an_application() -> Made:
    world = playbook.World()
    world.missing["qa"] = Reason(Code.APPLICATION_MISSING, "no application in qa")
    return world, world.push(), "qa"


def landed() -> Made:
    world = playbook.World(deployments={"qa": PROGRESSING})
    return world, world.push(), "qa"


def sync_needed() -> Made:
    world = playbook.World(deployments={"qa": (Status.SUSPENDED, Status.RUNNING)})
    return world, world.push(), "qa"


def succeeded() -> Made:
    world = playbook.World()
    return world, world.push(), "qa"


def succeeded_under_way() -> Made:
    world = playbook.World(deployments={"prod": PROGRESSING})
    return world, world.push(), "qa"


def refused() -> Made:
    world = playbook.World(git={"qa": ["refuse"]})
    return world, world.push(), "qa"


def cannot_run() -> Made:
    world = playbook.World(git={"qa": ["refuse value"]})
    return world, world.push(), "qa"


def rejected() -> Made:
    world, one, where = asked_for_approval()
    world.reject(one, where, "zoe")
    return world, one, where


def failed_after_landing() -> Made:
    world = playbook.World(deployments={"qa": SICK})
    return world, world.push(), "qa"


def behind_a_failure() -> Made:
    world, one, _ = refused()
    return world, one, "prod"


def stopped() -> Made:
    world = playbook.World(git={"qa": ["down"]})
    one = world.push()
    world.terminate(one)
    return world, one, "qa"


def stopped_before_it_began() -> Made:
    world, one, _ = stopped()
    return world, one, "prod"


def stopping() -> Made:
    world, one, where = perhaps_written()
    world.terminate(one)
    return world, one, where


def taken_by_a_rollback() -> Made:
    world = playbook.World()
    one = world.push()
    world.deployments["qa"] = PROGRESSING
    two = world.push()
    world.roll_back("qa", one, lock=False)
    return world, two, "qa"


def superseded() -> Made:
    world = playbook.World()
    world.lock("qa")
    one = world.push()
    world.push()
    world.unlock("qa")
    return world, one, "qa"


def behind_what_was_superseded() -> Made:
    world, one, _ = superseded()
    return world, one, "prod"


def skipped() -> Made:
    world = playbook.World(deployments={"prod": PROGRESSING}, git={"qa": ["refuse"]})
    one = world.push()
    world.skip(one, "qa")
    return world, one, "qa"


def nothing_to_do() -> Made:
    none = PolicySettings(action=PromotionAction.NONE)
    steps = (replace(playbook.STRAIGHT[0], settings=none), playbook.STRAIGHT[1])
    world = playbook.World(steps=steps, deployments={"prod": PROGRESSING})
    return world, world.push(), "qa"


def trigger() -> Made:
    world = playbook.World(deployments={"dev": PROGRESSING})
    return world, world.push(), "dev"


def failed_trigger() -> Made:
    world = playbook.World(deployments={"dev": SICK})
    return world, world.push(), "dev"


def source() -> Made:
    world = playbook.World(deployments={"prod": PROGRESSING})
    return world, world.promote("dev", "prod"), "dev"


# --- workflows and hooks -------------------------------------------------------------------------
BOTH = PolicySettings(pre_action="check", post_action="smoke")


def _with_workflows(name: str, *script: str, **more: object) -> Made:
    steps = (replace(playbook.STRAIGHT[0], settings=BOTH), playbook.STRAIGHT[1])
    world = playbook.World(steps=steps, workflows={name: list(script)}, **more)  # type: ignore[arg-type]
    return world, world.push(), "qa"


def start_hook_runs() -> Made:
    world = playbook.World(hooks=Hooks("start"), workflows={"start": ["running"]})
    return world, world.push(), "qa"


def start_hook_failed() -> Made:
    world = playbook.World(hooks=Hooks("start"), workflows={"start": ["failed"]})
    return world, world.push(), "qa"


def check_waits_for_a_worker() -> Made:
    return _with_workflows("check", "pending")


def check_runs() -> Made:
    return _with_workflows("check", "running")


def check_is_suspended() -> Made:
    return _with_workflows("check", "suspended")


def check_failed_and_another_runs() -> Made:
    return _with_workflows("check", "failed", "running", applications=("api", "web"))


def check_failed() -> Made:
    return _with_workflows("check", "failed")


def check_cannot_run() -> Made:
    return _with_workflows("check", "error")


def check_does_not_stop() -> Made:
    world, one, where = _with_workflows("check", "running", deaf=True)
    world.terminate(one)
    return world, one, where


def smoke_test_runs() -> Made:
    return _with_workflows("smoke", "running")


def smoke_test_failed() -> Made:
    return _with_workflows("smoke", "failed")


def its_end_is_being_told() -> Made:
    steps = (replace(playbook.STRAIGHT[0], hooks=Hooks(on_fail="bad")), playbook.STRAIGHT[1])
    world = playbook.World(steps=steps, workflows={"bad": ["running"]}, git={"qa": ["refuse"]})
    return world, world.push(), "qa"


STATES: tuple[Callable[[], Made], ...] = (
    waiting,
    queued,
    to_be_asked_later,
    asked_for_approval,
    approved_and_on_its_way,
    approved_and_soaking,
    half_approved,
    locked,
    busy,
    writing,
    perhaps_written,
    held_by_drift,
    outside_its_window,
    soaking_where_it_is_sick,
    without_an_application,
    landed,
    sync_needed,
    succeeded,
    succeeded_under_way,
    refused,
    cannot_run,
    rejected,
    failed_after_landing,
    behind_a_failure,
    stopped,
    stopped_before_it_began,
    stopping,
    taken_by_a_rollback,
    superseded,
    behind_what_was_superseded,
    skipped,
    nothing_to_do,
    trigger,
    failed_trigger,
    source,
    start_hook_runs,
    start_hook_failed,
    check_waits_for_a_worker,
    check_runs,
    check_is_suspended,
    check_failed_and_another_runs,
    check_failed,
    check_cannot_run,
    check_does_not_stop,
    smoke_test_runs,
    smoke_test_failed,
    its_end_is_being_told,
)
