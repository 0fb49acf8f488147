"""What all manifests are made of: strict mappings, metadata, the top of a document.

No kind is known here.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from towpath.manifests import fields


class Part(BaseModel):
    """A mapping of a manifest: unknown fields are refused, values are not converted."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, allow_inf_nan=False
    )


class Metadata(Part):
    """Name, labels and annotations. What Kubernetes adds of its own is accepted and ignored."""

    name: fields.Name = Field(description="Name of the manifest, unique within its kind.")
    namespace: str | None = Field(None, description="Accepted and ignored.")
    labels: Mapping[str, str] = Field({}, description="Labels, for selectors and for people.")
    annotations: Mapping[str, str] = Field({}, description="Annotations, for people and programs.")
    uid: Any = Field(None, description="Accepted and ignored, as Kubernetes writes it.")
    resource_version: Any = Field(None, description="Accepted and ignored.")
    generation: Any = Field(None, description="Accepted and ignored.")
    creation_timestamp: Any = Field(None, description="Accepted and ignored.")
    finalizers: Any = Field(None, description="Accepted and ignored.")
    owner_references: Any = Field(None, description="Accepted and ignored.")
    managed_fields: Any = Field(None, description="Accepted and ignored.")


class LabelNamed(Metadata):
    """Metadata whose name is a DNS label, because it is used in branch names and addresses."""

    name: fields.DnsLabel = Field(description="Name, a DNS label: at most 63 of `a-z`, `0-9`, `-`.")


class SubdomainNamed(Metadata):
    """Metadata whose name is any Kubernetes name."""

    name: fields.DnsSubdomain = Field(description="Name of the manifest.")


class Manifest(Part):
    """What all manifests have at the top."""

    api_version: str = Field(description="Which form of the kind this is.")
    kind: str = Field(description="What the manifest describes.")
    status: Any = Field(None, description="Accepted and ignored, as Kubernetes writes it.")
