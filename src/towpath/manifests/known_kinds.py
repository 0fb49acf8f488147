"""Which kinds of manifests there are, under which apiVersion, and the form of each.

The same kinds under codefresh.io load unchanged.
"""

from collections.abc import Mapping

from towpath.manifests import (
    environment_kind,
    flow_kind,
    parts,
    policy_kind,
    product_kind,
    template_kind,
)

OURS = "towpath.dev/v1"
CODEFRESH = ("codefresh.io/v1beta1", "codefresh.io/v1beta2")

MODELS: Mapping[str, type[parts.Manifest]] = {
    "Product": product_kind.Product,
    "Environment": environment_kind.Environment,
    "PromotionFlow": flow_kind.PromotionFlow,
    "PromotionPolicy": policy_kind.PromotionPolicy,
    "PromotionTemplate": template_kind.PromotionTemplate,
}
CODEFRESH_MODELS: Mapping[str, type[parts.Manifest]] = {
    "Product": product_kind.CodefreshProduct,
    "PromotionFlow": flow_kind.CodefreshPromotionFlow,
    "PromotionPolicy": policy_kind.CodefreshPromotionPolicy,
    "PromotionTemplate": template_kind.CodefreshPromotionTemplate,
}


def model(api_version: str, kind: str) -> type[parts.Manifest] | None:
    """The form of a kind under an apiVersion; None if it is not one of these."""
    if api_version == OURS:
        return MODELS.get(kind)
    return CODEFRESH_MODELS.get(kind) if api_version in CODEFRESH else None
