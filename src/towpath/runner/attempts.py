"""Attempts of one step: when it is tried again, how long that waits, and when it is given up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from towpath.domain.reasons import Code
from towpath.domain.status import Status
from towpath.domain.workflow import Step
from towpath.runner import durations, expressions, substitution, texts, variables
from towpath.runner.book import Fields, Template
from towpath.runner.course import UNSUCCESSFUL, Course
from towpath.runner.mistakes import Mistake

MOST = 1000
"""Attempts of a step whose strategy has no limit."""
_A_YEAR = 365 * 86400.0
POLICIES = ("Always", "OnFailure", "OnError", "OnTransientError")


def proceed(course: Course, step: Step, template: Template) -> None:
    """Let the current attempt go on, and begin the next if there is to be one."""
    while _goes_on(course, course.steps[step.id], template):
        """An attempt may end as it begins: then the next is due at once, or none."""


def _goes_on(course: Course, step: Step, template: Template) -> bool:
    """Whether an attempt was begun that has already ended."""
    fields = course.retry_strategy(template) or {}
    attempts = [child for child in course.children(step.id) if "hook" not in child.memo]
    if attempts and not attempts[-1].status.ended:
        try:
            current = course.go_on(attempts[-1])
        except Mistake as problem:
            current = course.wrong(course.steps[attempts[-1].id], problem)
        attempts[-1] = current
    if attempts and not attempts[-1].status.ended:
        return False
    if attempts and attempts[-1].status not in UNSUCCESSFUL:
        course.end(step, attempts[-1].status, outputs=attempts[-1].outputs)
        return False
    strategy: Any = substitution.fill(fields, course.inside(step))
    given_up = _given_up(course, strategy, attempts) if attempts else ""
    if given_up:
        last = attempts[-1]
        said = f"{last.reason.sentence if last.reason else last.status} ({given_up})"
        code = Code.RETRIES_EXHAUSTED if len(attempts) > 1 else Code.STEP_FAILED
        course.end(step, last.status, course.because(code, said), last.outputs)
        return False
    due = _due(strategy, attempts)
    if due > course.now:
        why = course.because(Code.STEP_FAILED, f"tried again at {variables.moment(due)}")
        if step.until != due:
            course.keep(replace(step, until=due, reason=why))
        return False
    return _begin(course, step, template, strategy, attempts).status.ended


def _begin(
    course: Course, step: Step, template: Template, strategy: Fields, attempts: Sequence[Step]
) -> Step:
    step = course.keep(replace(step, until=None, reason=None))
    number = len(attempts)
    memo = {name: value for name, value in step.memo.items() if name != "hook"}
    latest = _latest(strategy, attempts)
    if latest is not None:
        memo["no_later"] = latest.isoformat()
    attempt = Step(
        id=f"{step.id}({number})",
        name=f"{step.name}({number})",
        kind=template.kind,
        template=step.template,
        parent=step.id,
        started_at=course.now,
        inputs=step.inputs,
        memo=memo,
    )
    try:
        course.open(attempt, template, {"retries": str(number), **_last(attempts, "0")})
    except Mistake as problem:
        course.wrong(attempt, problem)
    return course.steps[attempt.id]


def _last(attempts: Sequence[Step], no_exit_code: str) -> dict[str, object]:
    """`lastRetry.…`: how the attempt before ended."""
    last = attempts[-1] if attempts else None
    code = last.outputs.get("exitCode", no_exit_code) if last else "0"
    duration = (
        last.ended_at - last.started_at if last and last.ended_at and last.started_at else None
    )
    return {
        "lastRetry.exitCode": code,
        "lastRetry.status": variables.phase(last) if last else "",
        "lastRetry.duration": str(int(duration.total_seconds())) if duration else "0",
        "lastRetry.message": last.reason.sentence if last and last.reason else "",
    }


def _given_up(course: Course, strategy: Fields, attempts: Sequence[Step]) -> str:
    """Why there is no further attempt; empty if there is."""
    last = attempts[-1]
    if course.ending and "always" not in last.memo:
        return "the run ends"
    latest = _latest(strategy, attempts)
    if latest is not None and max(course.now, _due(strategy, attempts)) >= latest:
        return "no time is left for another attempt"
    if not _is_retried(strategy, last.status):
        return "its retry policy does not try that again"
    limit = _whole(strategy.get("limit"), "limit")
    if len(attempts) > (MOST if limit is None else min(limit, MOST)):
        return f"no attempts are left after {len(attempts)}"
    expression = strategy.get("expression")
    if expression:
        known = {"retries": str(len(attempts) - 1), **_last(attempts, "-1")}
        if not expressions.evaluate_truth(texts.of(expression), expressions.expand(known)):
            return "its retry expression is false"
    return ""


def _is_retried(strategy: Fields, status: Status) -> bool:
    usual = "Always" if strategy.get("expression") else "OnFailure"
    policy = strategy.get("retryPolicy") or usual
    if policy not in POLICIES:
        raise Mistake(f"retryPolicy is `{policy}`, and must be one of {', '.join(POLICIES)}")
    if status is Status.ERROR:
        return policy in ("Always", "OnError")
    return policy in ("Always", "OnFailure")


def _due(strategy: Fields, attempts: Sequence[Step]) -> datetime:
    """When the next attempt begins."""
    ended = attempts[-1].ended_at if attempts else None
    if ended is None:
        return datetime.min.replace(tzinfo=UTC)
    return ended + _backoff(strategy.get("backoff") or {}, len(attempts) - 1)


def _backoff(backoff: Fields, before: int) -> timedelta:
    if not backoff:
        return timedelta()
    if backoff.get("duration") is None:
        raise Mistake("retryStrategy.backoff has no duration")
    base = durations.parse(backoff["duration"])
    factor = _whole(backoff.get("factor"), "backoff.factor") or 1
    wait = min(base.total_seconds() * _power(factor, before), _A_YEAR)
    cap = backoff.get("cap")
    return min(timedelta(seconds=wait), durations.parse(cap)) if cap else timedelta(seconds=wait)


def _power(factor: int, times: int) -> float:
    try:
        return float(factor) ** min(times, 60)
    except OverflowError:  # any wait is a year then, and none is none
        return _A_YEAR


def _latest(strategy: Fields, attempts: Sequence[Step]) -> datetime | None:
    """The moment after which `backoff.maxDuration` lets nothing run."""
    longest = (strategy.get("backoff") or {}).get("maxDuration")
    began = attempts[0].started_at if attempts else None
    return began + durations.parse(longest) if longest and began else None


def _whole(value: object, field: str) -> int | None:
    if value in (None, ""):
        return None
    try:
        return int(texts.of(value))
    except ValueError:
        raise Mistake(f"retryStrategy.{field} is `{texts.of(value)}`, and not a number") from None
