"""The kind Product, field by field, and as codefresh.io has it.

The codefresh.io form holds the fields both have; ours adds to it or is stricter.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from towpath.manifests import fields, parts, template_kind


class Link(parts.Part):
    """A link that is shown with the product."""

    title: fields.Text = Field(description="Text of the link.")
    url: fields.WebAddress = Field(description="Address, http or https.")


class Component(parts.Part):
    """One service of the product: where its code is and how its images are named."""

    name: fields.DnsLabel = Field(description="Name, as derived from or given by applications.")
    repository: fields.Text | None = Field(
        None, description="Address of the git repository of the code, without user information."
    )
    paths: fields.Texts = Field((), description="Globs of the repository that belong to it.")
    images: fields.Texts = Field((), description="Names of its images, without tag.")
    tag: fields.TagPattern | None = Field(
        None, description="How tags name a commit: `{sha}`, `v{tag}` or `*-{sha}`."
    )


class TriggerSelector(parts.Part):
    """A condition on the commit that triggers a flow."""

    key: Literal["commitMessage", "gitRevision"] = Field(
        description="What is compared: the commit's message, or branch, tag or commit id."
    )
    operator: Literal["In", "NotIn"] = Field(
        description="`In`: any value matches. `NotIn`: none does."
    )
    values: fields.SelectorValues = Field(description="Values, exact or with `*`.")


class FlowUse(parts.Part):
    """A flow that the product uses, and when."""

    name: fields.Name = Field(description="Name of a PromotionFlow.")
    git_trigger_selectors: Sequence[TriggerSelector] = Field(
        (), description="Conditions on the commit; all must match. None: always."
    )


class CodefreshProductSpec(parts.Part):
    """How a product is promoted."""

    tags: fields.Texts = Field((), description="Tags, for the selectors of policies.")
    promotion_flows: Sequence[FlowUse] = Field(
        (), description="Flows, tried in order; the first whose selectors match runs."
    )
    promotion_template_ref: fields.Name | None = Field(
        None, description="Name of a PromotionTemplate."
    )
    promotion_template: template_kind.CodefreshInlineTemplate | None = Field(
        None, description="Template of the product's own."
    )


class ProductSpec(CodefreshProductSpec):
    """What a product is and how it is promoted."""

    description: str | None = Field(None, description="What the product is, for people.")
    links: Sequence[Link] = Field((), description="Links that are shown with the product.")
    concurrency: Literal["supersede", "queue", "terminate"] = Field(
        "supersede", description="What several releases of the product do when they meet."
    )
    components: Sequence[Component] = Field(
        (), description="Its services: where their code is and how their images are named."
    )
    issue_keys: Sequence[fields.IssueKey] = Field(
        (), description="Keys of the tracker projects whose issues count."
    )
    promotion_flows: Annotated[Sequence[FlowUse], Field(min_length=1)] = Field(
        description="Flows, tried in order; the first whose selectors match runs."
    )
    promotion_template: template_kind.InlineTemplate | None = Field(
        None, description="Template of the product's own, instead of `promotionTemplateRef`."
    )


class CodefreshProduct(parts.Manifest):
    """The applications that ship together."""

    metadata: parts.SubdomainNamed
    spec: CodefreshProductSpec = CodefreshProductSpec()


class Product(parts.Manifest):
    """The applications that ship together, and how."""

    metadata: parts.LabelNamed = Field(description="Name, labels and annotations.")
    spec: ProductSpec = Field(description="The product.")
