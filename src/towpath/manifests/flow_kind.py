"""The kind PromotionFlow, field by field, and as codefresh.io has it.

The codefresh.io form holds the fields both have; ours adds to it or is stricter.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from towpath.manifests import fields, parts, policy_kind


class Hooks(parts.Part):
    """WorkflowTemplates that are told of a start and an end."""

    on_start: fields.Name | None = Field(None, description="Runs before anything else.")
    on_success: fields.Name | None = Field(None, description="Is told of success.")
    on_fail: fields.Name | None = Field(None, description="Is told of failure.")


class CodefreshFlowStep(parts.Part):
    """An environment of the flow and what it comes after."""

    environment: fields.Text = Field(description="Name of the environment.")
    depends_on: Annotated[Sequence[fields.Text], Field(min_length=1)] = Field(
        description="Environments that must have succeeded before."
    )
    policy: policy_kind.CodefreshPolicySettings = Field(
        policy_kind.CodefreshPolicySettings(), description="Settings that win over every policy."
    )
    hooks: Hooks = Field(Hooks(), description="Hooks of this environment.")


class FlowStep(CodefreshFlowStep):
    """An environment of the flow and what it comes after."""

    policy: policy_kind.PolicySettings = Field(
        policy_kind.PolicySettings(), description="Settings that win over every policy."
    )


class CodefreshFlowSpec(parts.Part):
    """The environments of a flow and their order."""

    trigger_environment: fields.Text = Field(
        description="Environment whose changes begin releases."
    )
    promotion_timeout_limit: Annotated[int, Field(ge=1, le=5_256_000)] = Field(
        1440, description="Minutes after which an unended release is terminated."
    )
    hooks: Hooks = Field(Hooks(), description="Hooks of the release.")
    steps: Sequence[CodefreshFlowStep] = Field(
        (), description="The environments behind the trigger environment."
    )
    post_trigger: fields.Name | None = Field(
        None, description="WorkflowTemplate: post-action of the trigger environment."
    )


class FlowSpec(CodefreshFlowSpec):
    """The environments of a flow and their order."""

    steps: Sequence[FlowStep] = Field(
        (), description="The environments behind the trigger environment."
    )


class CodefreshPromotionFlow(parts.Manifest):
    """The graph of environments that a release goes through."""

    metadata: parts.Metadata
    spec: CodefreshFlowSpec


class PromotionFlow(parts.Manifest):
    """The graph of environments that a release goes through."""

    metadata: parts.Metadata = Field(
        description="Name, labels and annotations; `description` and `version` are shown."
    )
    spec: FlowSpec = Field(description="The flow.")
