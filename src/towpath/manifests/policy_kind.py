"""The kind PromotionPolicy, field by field, and as codefresh.io has it.

The codefresh.io form holds the fields both have; ours adds to it or is stricter.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from towpath.manifests import fields, parts


class CodefreshPolicySettings(parts.Part):
    """How an environment is entered."""

    action: Literal["commit", "pr", "none"] | None = Field(
        None, description="How the files are changed: a commit, a pull request, or not at all."
    )
    pre_action: fields.Name | None = Field(
        None, description="WorkflowTemplate that runs before the action."
    )
    post_action: fields.Name | None = Field(
        None, description="WorkflowTemplate that runs once the environment is healthy."
    )


class Approval(parts.Part):
    """Who must agree before a promotion acts."""

    required: Annotated[int, Field(ge=1)] = Field(1, description="How many must agree.")
    teams: fields.Texts = Field((), description="Teams whose members may agree.")
    users: fields.Texts = Field((), description="People who may agree.")
    exclude_author: bool = Field(False, description="Whether authors of the change may not agree.")
    rollback: bool = Field(False, description="Whether a rollback waits for it as well.")

    @model_validator(mode="after")
    def _can_be_given(self) -> Self:
        known = set(self.users)
        if known and not self.teams and len(known) < self.required:
            said = (
                f"{self.required} must agree, and only {len(known)} may: {', '.join(sorted(known))}"
            )
            raise fields.wrong("approval_impossible", said)
        return self


class PolicySettings(CodefreshPolicySettings):
    """How an environment is entered. What is absent is not said."""

    approval: Approval | None = Field(None, description="Who must agree before.")
    soak: fields.Duration | None = Field(
        None, description="How long the environments before must have been healthy."
    )
    auto_merge: bool | None = Field(
        None, description="Whether the pull request is merged once its checks pass."
    )
    sync_timeout: fields.PositiveDuration | None = Field(
        None, description="From landing to synced; then the promotion fails."
    )
    health_timeout: fields.PositiveDuration | None = Field(
        None, description="From synced to healthy; then the promotion fails."
    )
    degraded_grace: fields.Duration | None = Field(
        None, description="How long `Degraded` is borne before the promotion fails."
    )
    settle: fields.Duration | None = Field(
        None, description="How long health must have lasted to be believed."
    )
    sync: Literal["auto", "request"] | None = Field(
        None, description="`request`: ask Argo CD to sync what does not do so by itself."
    )
    on_drift: Literal["overwrite", "hold"] | None = Field(
        None, description="What happens to values that somebody changed by hand."
    )
    retries: Annotated[int, Field(ge=0)] | None = Field(
        None, description="How often a refused action is tried again."
    )


class ProductSelector(parts.Part):
    """Which products are meant. Both criteria must match where both are given."""

    names: fields.OneOrMore = Field((), description="Names of products. None: all.")
    tags: fields.OneOrMore = Field((), description="Tags, one of which the product has. None: all.")


class EnvironmentSelector(parts.Part):
    """Which environments are meant. All criteria given must match."""

    names: fields.OneOrMore = Field((), description="Names of environments. None: all.")
    types: Annotated[
        Sequence[Literal["PROD", "NON_PROD"]],
        Field(description="Types of environments: `PROD`, `NON_PROD`. None: all."),
    ] = ()
    tags: fields.OneOrMore = Field(
        (), description="Tags, one of which the environment has. None: all."
    )


class PolicySelector(parts.Part):
    """For which products and environments a policy speaks. All criteria given must match."""

    product: ProductSelector = Field(ProductSelector(), description="Which products. Absent: all.")
    target_environment: EnvironmentSelector = Field(
        EnvironmentSelector(), description="Which environments. Absent: all."
    )


class CodefreshPolicySpec(parts.Part):
    """For what a policy speaks, and what it says."""

    priority: int = Field(description="The higher number wins; ties go by name.")
    selector: PolicySelector = Field(
        PolicySelector(), description="Which products and environments. Absent: all."
    )
    policy: CodefreshPolicySettings = Field(description="How the environments are entered.")


class PolicySpec(CodefreshPolicySpec):
    """For what a policy speaks, and what it says."""

    policy: PolicySettings = Field(description="How the environments are entered.")


class CodefreshPromotionPolicy(parts.Manifest):
    """How environments are entered, for the products and environments it selects."""

    metadata: parts.Metadata
    spec: CodefreshPolicySpec


class PromotionPolicy(parts.Manifest):
    """How environments are entered, for the products and environments it selects."""

    metadata: parts.Metadata = Field(description="Name, labels and annotations.")
    spec: PolicySpec = Field(description="The policy.")
