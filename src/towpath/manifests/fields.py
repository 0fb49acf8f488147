"""The kinds of values that manifest fields take: names, durations, paths, JSONPaths and so on.

Each refuses what it does not understand with a code of its own and a sentence that says what to
write, and describes itself in JSON Schema.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo

import jsonpath
from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from towpath.domain import windows
from towpath.manifests import durations, patterns

WHOLE_FILE = "*"
_NAME = r"^[A-Za-z0-9]([-A-Za-z0-9._]{0,251}[A-Za-z0-9])?$"
_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
_BARE_ROOT = re.compile(r"^\$(?=[A-Za-z_])")


def wrong(code: str, message: str) -> PydanticCustomError:
    """A refusal with a code of ours. Braces of the message are kept as they are."""
    return PydanticCustomError("towpath", "{said}", {"code": code, "said": message})


def _matching(pattern: str, code: str, expected: str) -> AfterValidator:
    form = re.compile(pattern)

    def check(text: str) -> str:
        if not form.fullmatch(text):
            raise wrong(code, f"`{text}` is not {expected}")
        return text

    return AfterValidator(check)


def _text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern})


_NAME_RULE = (
    "a name: letters, digits, `-`, `_` and `.`, beginning and ending with a letter or digit"
)
_LABEL_RULE = (
    "a DNS label: at most 63 lower-case letters, digits and `-`, "
    "beginning and ending with a letter or digit"
)
_SUBDOMAIN_RULE = "a Kubernetes name: lower-case letters, digits, `-` and `.`"

Name = Annotated[str, _matching(_NAME, "invalid_name", _NAME_RULE), _text(_NAME)]
DnsLabel = Annotated[str, _matching(_LABEL, "invalid_name", _LABEL_RULE), _text(_LABEL)]
DnsSubdomain = Annotated[
    str, _matching(_SUBDOMAIN, "invalid_name", _SUBDOMAIN_RULE), _text(_SUBDOMAIN)
]
Text = Annotated[str, Field(min_length=1)]
WebAddress = Annotated[
    str,
    _matching(
        r"^https?://\S+$", "invalid_value", "an address that begins with https:// or http://"
    ),
    _text(r"^https?://\S+$"),
]
_TAG = r"^[^{}]*\{(sha|tag)\}[^{}]*$"
TagPattern = Annotated[
    str,
    _matching(_TAG, "invalid_value", "a pattern of tags: write `{sha}` or `{tag}` in it, once"),
    _text(_TAG),
]
IssueKey = Annotated[
    str,
    _matching(r"^[A-Z][A-Z0-9_]*$", "invalid_value", "the key of a tracker project such as SHOP"),
    _text(r"^[A-Z][A-Z0-9_]*$"),
]


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        raise wrong("invalid_duration", "a duration has units: write for example 90s, 10m or 1h30m")
    try:
        return durations.parse(value)
    except ValueError as error:
        raise wrong("invalid_duration", str(error)) from None


def _longer_than_nothing(value: timedelta) -> timedelta:
    if not value:
        raise wrong("invalid_duration", "the duration must be longer than 0s")
    return value


_DURATION_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": durations.PATTERN, "examples": ["90s", "10m", "1h30m", "2d"]}
)
Duration = Annotated[timedelta, PlainValidator(_duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[
    timedelta, PlainValidator(_duration), AfterValidator(_longer_than_nothing), _DURATION_SCHEMA
]


def _recurrence(text: str) -> str:
    """Syntax of RFC 5545, section 3.3.10, and that it happens at all."""
    try:
        windows.parse(text, "UTC")
    except ValueError as error:
        said = f"`{text}` is not a recurrence rule (RFC 5545), as FREQ=WEEKLY;BYDAY=MO,TU: {error}"
        raise wrong("invalid_rrule", said) from None
    return text


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        said = f"`{text}` is not a time zone: write a name of the IANA list, as Europe/Berlin"
        raise wrong("invalid_timezone", said) from None
    return text


Recurrence = Annotated[str, AfterValidator(_recurrence), Field(examples=["FREQ=WEEKLY;BYDAY=FR"])]
TimeZone = Annotated[str, AfterValidator(_time_zone), Field(examples=["Europe/Berlin"])]


def _relative(text: str) -> str:
    path = text.removeprefix("./")
    if not path or path.startswith(("/", "\\")) or "\\" in path or re.match(r"^[A-Za-z]:", path):
        said = f"`{text}` leads outside the repository: write it relative to the application's path"
        raise wrong("path_outside_repository", said)
    return path


RelativePath = Annotated[str, AfterValidator(_relative)]


@cache
def _compiled(text: str, strict: bool) -> str:
    try:
        return str(patterns.json_paths(strict).compile(text))
    except jsonpath.JSONPathError as error:
        reason = error.args[0] if error.args else "not understood"
        raise ValueError(f"`{text}` is not a JSONPath (RFC 9535): {reason}") from None


def _json_path(text: str) -> str:
    try:
        _compiled(text, True)
    except ValueError as error:
        raise wrong("invalid_jsonpath", str(error)) from None
    return text


def _codefresh_json_path(text: str) -> str:
    """What their documentation writes besides RFC 9535: `appVersion`, `$appVersion`, `$.a-b`."""
    rooted = _BARE_ROOT.sub("$.", text)
    rooted = rooted if rooted.startswith("$") else f"$.{rooted.removeprefix('.')}"
    try:
        canonical = _compiled(rooted, False)
    except ValueError as error:
        raise wrong("invalid_jsonpath", str(error)) from None
    return rooted if text == rooted and "-" not in text else canonical


def _or_whole_file(check: AfterValidator) -> AfterValidator:
    def either(text: str) -> str:
        return text if text == WHOLE_FILE else check.func(text)  # type: ignore[call-arg]

    return AfterValidator(either)


_RFC = AfterValidator(_json_path)
_LOOSE = AfterValidator(_codefresh_json_path)
JsonPath = Annotated[str, _RFC, Field(examples=["$.image.tag"])]
LooseJsonPath = Annotated[str, _LOOSE]
JsonPathOrWhole = Annotated[str, _or_whole_file(_RFC), Field(examples=["$.image.tag", "*"])]
LooseJsonPathOrWhole = Annotated[str, _or_whole_file(_LOOSE)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Sequence[Text]
OneOrMore = Annotated[
    Sequence[Text],
    BeforeValidator(_listed),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string", "minLength": 1}},
            ]
        }
    ),
]
"""A list of texts; a single text stands for a list of one."""

SelectorValues = Annotated[
    Sequence[Text],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "number", "boolean"]},
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {"type": ["string", "number", "boolean"]},
                },
            ]
        }
    ),
]
"""As `OneOrMore`, not empty; a number is taken as the text that stands there."""
