"""The kind Environment, field by field. codefresh.io keeps its environments outside git."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from towpath.manifests import fields, parts


class Cluster(parts.Part):
    """A cluster that the environment covers, by the name or the server that Argo CD knows."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["name"]}, {"required": ["server"]}]}
    )

    name: fields.Text | None = Field(None, description="Name of the cluster; may hold `*`.")
    server: fields.Text | None = Field(None, description="Address of its API; may hold `*`.")
    namespaces: fields.Texts = Field(
        (), description="Namespaces that belong to the environment; may hold `*`. None: all."
    )

    @model_validator(mode="after")
    def _has_either(self) -> Self:
        if self.name is None and self.server is None:
            raise fields.wrong("missing_field", "`name` or `server` is required")
        return self


class Window(parts.Part):
    """A recurring time in which promotions are allowed or denied."""

    kind: Literal["allow", "deny"] = Field(description="Whether promotions may act then.")
    rrule: fields.Recurrence = Field(description="When it begins: a recurrence rule of RFC 5545.")
    duration: fields.PositiveDuration = Field(description="How long it lasts.")
    timezone: fields.TimeZone = Field("UTC", description="Time zone of the IANA list.")
    description: str | None = Field(None, description="Why, for people.")


class EnvironmentSpec(parts.Part):
    """What an environment is and covers."""

    kind: Literal["nonprod", "prod"] = Field("nonprod", description="Whether it serves customers.")
    position: float | None = Field(
        None, description="Order of columns. Absent: in the order of the flows."
    )
    clusters: Sequence[Cluster] = Field(
        (), description="Clusters and namespaces whose applications belong to it."
    )
    windows: Sequence[Window] = Field((), description="When promotions to it may act.")
    tags: fields.Texts = Field((), description="Tags, for the selectors of policies.")


class Environment(parts.Manifest):
    """A named stage that applications are deployed to."""

    metadata: parts.LabelNamed = Field(description="Name, labels and annotations.")
    spec: EnvironmentSpec = Field(EnvironmentSpec(), description="The environment.")
