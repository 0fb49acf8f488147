"""The settings of a policy, with durations in seconds."""

from pydantic import ConfigDict, Field

from towpath.api.schemas.base import Seconds, Shown


class ApprovalShown(Shown):
    """Who must agree before a promotion acts."""

    required: int
    teams: tuple[str, ...]
    users: tuple[str, ...]
    exclude_author: bool
    rollback: bool


class SettingsShown(Shown):
    """How an environment is entered. Null: nothing is said."""

    model_config = ConfigDict(from_attributes=True, frozen=True, populate_by_name=True)

    action: str | None
    pre_action: str | None
    post_action: str | None
    approval: ApprovalShown | None
    soak_seconds: Seconds | None = Field(validation_alias="soak")
    auto_merge: bool | None
    sync_timeout_seconds: Seconds | None = Field(validation_alias="sync_timeout")
    health_timeout_seconds: Seconds | None = Field(validation_alias="health_timeout")
    degraded_grace_seconds: Seconds | None = Field(validation_alias="degraded_grace")
    settle_seconds: Seconds | None = Field(validation_alias="settle")
    sync: str | None
    on_drift: str | None
    retries: int | None


class HooksShown(Shown):
    """Workflows that are told of a start and an end."""

    on_start: str
    on_success: str
    on_fail: str
