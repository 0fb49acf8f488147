"""The kind PromotionTemplate, field by field, and as codefresh.io has it.

The codefresh.io form holds the fields both have; ours adds to it or is stricter.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from towpath.manifests import fields, parts


class CodefreshVersionSource(parts.Part):
    """Where an application's version is written."""

    file: fields.RelativePath = Field(description="File, relative to the application's path.")
    json_path: fields.LooseJsonPath = Field(description="JSONPath of the version in the file.")


class VersionSource(CodefreshVersionSource):
    """Where an application's version is written."""

    json_path: fields.JsonPath = Field(
        description="JSONPath (RFC 9535) of the version in the file."
    )


class CodefreshPromotedValues(parts.Part):
    """Which values of a file are promoted."""

    json_paths: Annotated[Sequence[fields.LooseJsonPathOrWhole], Field(min_length=1)] = Field(
        description="JSONPaths of the values; `*` takes the file whole."
    )


class PromotedValues(CodefreshPromotedValues):
    """Which values of a file are promoted."""

    json_paths: Annotated[Sequence[fields.JsonPathOrWhole], Field(min_length=1)] = Field(
        description="JSONPaths (RFC 9535) of the values; `*` takes the file whole."
    )


class LabelExpression(parts.Part):
    """A requirement of a Kubernetes label selector."""

    key: fields.Text = Field(description="Label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="How the label's value is compared."
    )
    values: fields.Texts = Field(
        (), description="Values for `In` and `NotIn`; none for the others."
    )

    @model_validator(mode="after")
    def _has_values_where_needed(self) -> Self:
        if bool(self.values) != self.operator.endswith("In"):
            said = f"`{self.operator}` takes {'no ' * bool(self.values)}values"
            raise fields.wrong("invalid_value", said)
        return self


class LabelSelector(parts.Part):
    """Which applications are meant, by their labels. All requirements must be met."""

    match_labels: Mapping[str, str] = Field({}, description="Labels and the values they must have.")
    match_expressions: Sequence[LabelExpression] = Field(
        (), description="Requirements with an operator."
    )


class ImageSource(parts.Part):
    """Where an image reference is written, for images that are not found by themselves."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["tag"]}, {"required": ["digest"]}]}
    )

    file: fields.RelativePath = Field(description="File, relative to the application's path.")
    repository: fields.JsonPath = Field(description="JSONPath of the image's name.")
    tag: fields.JsonPath | None = Field(None, description="JSONPath of the image's tag.")
    digest: fields.JsonPath | None = Field(None, description="JSONPath of the image's digest.")

    @model_validator(mode="after")
    def _has_either(self) -> Self:
        if self.tag is None and self.digest is None:
            raise fields.wrong("missing_field", "`tag` or `digest` is required")
        return self


_PROMOTION = (
    "Files or globs, relative to the application's path, and the values of them that are promoted."
)


class CodefreshInlineTemplate(parts.Part):
    """A template written in a product."""

    version_source: CodefreshVersionSource | None = Field(
        None, description="Where the application's version is written."
    )
    promotion: Mapping[fields.RelativePath, CodefreshPromotedValues] | None = Field(
        None, description=_PROMOTION + " Absent: every file below the application's path."
    )


class InlineTemplate(CodefreshInlineTemplate):
    """A template written in a product."""

    version_source: VersionSource | None = Field(
        None, description="Where the application's version is written."
    )
    promotion: Mapping[fields.RelativePath, PromotedValues] | None = Field(
        None, description=_PROMOTION + " Absent: the image references and the version."
    )
    images: Sequence[ImageSource] = Field(
        (), description="Image references that are not found by themselves."
    )


class CodefreshTemplateSpec(CodefreshInlineTemplate):
    """What a template promotes, and for which applications it is meant."""

    priority: int = Field(0, description="The higher number wins where several templates match.")
    application_source_selector: LabelSelector | None = Field(
        None, description="Which applications the template is meant for. Absent: all."
    )


class TemplateSpec(InlineTemplate):
    """What a template promotes, and for which applications it is meant."""

    priority: int = Field(0, description="The higher number wins where several templates match.")
    application_source_selector: LabelSelector | None = Field(
        None, description="Which applications the template is meant for. Absent: all."
    )


class CodefreshPromotionTemplate(parts.Manifest):
    """Which files and values of an application are promoted, and where its version stands."""

    metadata: parts.Metadata
    spec: CodefreshTemplateSpec = CodefreshTemplateSpec()


class PromotionTemplate(parts.Manifest):
    """Which files and values of an application are promoted, and where its version stands."""

    metadata: parts.Metadata = Field(description="Name, labels and annotations.")
    spec: TemplateSpec = Field(TemplateSpec(), description="The template.")
