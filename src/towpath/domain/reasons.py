"""Why something has the status it has: a code, a sentence, and what a person could do.

Every status that is not self-evident carries one. The codes are the product's vocabulary of
causes; they are stored and shown, so a code is never renamed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Code(StrEnum):
    """The causes that Towpath can name."""

    WAITING_FOR_ENVIRONMENT = "waiting_for_environment"
    QUEUED_BEHIND_RELEASE = "queued_behind_release"
    APPROVAL_NEEDED = "approval_needed"
    APPROVAL_REJECTED = "approval_rejected"
    APPROVED = "approved"
    SOAKING = "soaking"
    SOAKED = "soaked"
    WINDOW_CLOSED = "window_closed"
    ENVIRONMENT_LOCKED = "environment_locked"
    ENVIRONMENT_BUSY = "environment_busy"
    WORKFLOW_RUNNING = "workflow_running"
    WORKFLOW_SUSPENDED = "workflow_suspended"
    CHANGED_BY_HAND = "changed_by_hand"
    WRITING = "writing"
    PUSH_REJECTED = "push_rejected"
    CREDENTIALS_REFUSED = "credentials_refused"
    HOST_UNTRUSTED = "host_untrusted"
    GIT_UNREACHABLE = "git_unreachable"
    GIT_DIVERGED = "git_diverged"
    REPOSITORY_MISSING = "repository_missing"
    BRANCH_MISSING = "branch_missing"
    DISK_FULL = "disk_full"
    OUTSIDE_UNREACHABLE = "outside_unreachable"
    OUTSIDE_REFUSED = "outside_refused"
    PARTLY_LANDED = "partly_landed"
    OVERWRITTEN = "overwritten"
    DISPLACED = "displaced"
    SYNC_PENDING = "sync_pending"
    SYNC_NEEDED = "sync_needed"
    SYNC_FAILED = "sync_failed"
    HEALTH_PROGRESSING = "health_progressing"
    HEALTH_DEGRADED = "health_degraded"
    STEP_FAILED = "step_failed"
    STEP_ERROR = "step_error"
    HOOK_FAILED = "hook_failed"
    CONTEXT_INVALID = "context_invalid"
    APPLICATION_MISSING = "application_missing"
    VALUE_MISSING = "value_missing"
    VALUE_AMBIGUOUS = "value_ambiguous"
    TAG_MOVED = "tag_moved"
    INVALID_CONFIGURATION = "invalid_configuration"
    UNSUPPORTED = "unsupported"
    TIMED_OUT = "timed_out"
    TERMINATED_BY = "terminated_by"
    SUPERSEDED_BY = "superseded_by"
    SKIPPED_BY = "skipped_by"
    NOTHING_TO_DO = "nothing_to_do"
    NOT_REACHED = "not_reached"
    NO_CHANGE = "no_change"
    RETRIES_EXHAUSTED = "retries_exhausted"


@dataclass(frozen=True, slots=True)
class Reason:
    """Code, sentence, data for programs, since when, and what a person could do about it."""

    code: Code
    sentence: str
    data: Mapping[str, object] = field(default_factory=dict)
    since: datetime | None = None
    advice: str = ""
