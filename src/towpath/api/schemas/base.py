"""What all answers share: how values are shown, and the forms of lists and problems."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

T = TypeVar("T")

Seconds = Annotated[timedelta, PlainSerializer(timedelta.total_seconds, return_type=float)]
# PostgreSQL takes no U+0000, and no name or sentence needs it.
Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
Name = Annotated[str, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]


class Shown(BaseModel):
    """A part of an answer, made from a value's attributes of the same names."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


class Asked(BaseModel):
    """The body of a request; what is not known is refused rather than ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Listing(Shown, Generic[T]):
    """Some items, and the cursor of the next ones (null: there are no more)."""

    items: list[T]
    next_cursor: str | None = None


class ReasonShown(Shown):
    """Why something has the status it has, and what a person could do."""

    code: str
    sentence: str
    data: dict[str, Any] = Field(default_factory=dict)
    since: datetime | None = None
    advice: str = ""


class WrongField(Shown):
    """What is wrong with one field of a request."""

    field: str
    message: str


class ProblemDocument(Shown):
    """RFC 9457. `code` is for programs; `advice` says what one could do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    advice: str | None = None
    reason: str | None = None
    errors: list[WrongField] | None = None


def plain(value: object) -> Any:
    """A setting's value as JSON: durations in seconds, named words as text."""
    match value:
        case timedelta():
            return value.total_seconds()
        case str() | bool() | int() | float() | None:
            return value if value is None or not isinstance(value, str) else str(value)
        case _:
            return str(value)
