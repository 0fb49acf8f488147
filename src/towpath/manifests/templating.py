"""The two template languages of ApplicationSets, as far as they can be told without guessing.

`{{name}}` (fasttemplate) in full; of Go templates: fields, `index`, string literals, pipelines
and the common text functions. Conditions, loops and variables are refused by name.

Rules: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/GoTemplate/
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_ACTION = re.compile(r"(\s*)\{\{(- )?(.*?)( -)?\}\}(\s*)", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<number>-?\d+)
    |(?P<field>(?:\.[A-Za-z_]\w*)+|\.)|(?P<word>[A-Za-z]\w*)|(?P<pipe>\|)|(?P<other>\S))""",
    re.VERBOSE,
)
_NOT_IN_NAMES = re.compile(r"[^-a-z0-9.]")
_MISSING = object()


class UnresolvedError(Exception):
    """A parameter that no generator gives."""


class UnsupportedError(Exception):
    """A construct of the template language that is not understood here."""


def rendered(
    value: object, parameters: Mapping[str, object], go: bool, strict: bool = False
) -> object:
    """`value` with every text in it rendered, keys included.

    fasttemplate leaves what it does not know as it stands, as Argo CD does. Go templates raise
    UnresolvedError and UnsupportedError; `strict` is `missingkey=error`.
    """
    if isinstance(value, str):
        return _rendered_text(value, parameters, go, strict)
    if isinstance(value, Mapping):
        return {
            rendered(key, parameters, go, strict): rendered(below, parameters, go, strict)
            for key, below in value.items()
        }
    if isinstance(value, Sequence):
        return [rendered(element, parameters, go, strict) for element in value]
    return value


def _rendered_text(text: str, parameters: Mapping[str, object], go: bool, strict: bool) -> str:
    if "{{" not in text:
        return text
    if go:
        return _ACTION.sub(lambda match: _go_action(match, parameters, strict), text)

    def known(match: re.Match[str]) -> str:
        value = parameters.get(match[1].strip())
        return value if isinstance(value, str) else match[0]

    return _TAG.sub(known, text)


def _go_action(match: re.Match[str], parameters: Mapping[str, object], strict: bool) -> str:
    before, trim_left, action, trim_right, after = match.groups()
    said = _printed(_pipeline(action.strip(), parameters, strict), action.strip())
    return f"{'' if trim_left else before}{said}{'' if trim_right else after}"


def _pipeline(action: str, parameters: Mapping[str, object], strict: bool) -> object:
    piped: list[object] = []
    for words in _commands(action):
        arguments = [_argument(word, parameters, action, strict) for word in words[1:]]
        kind, text = words[0]
        if kind != "word":
            if arguments or piped:
                raise UnsupportedError(action)
            piped = [_argument(words[0], parameters, action, strict)]
            continue
        piped = [_called(text, [*arguments, *piped], action)]
    return piped[0]


def _commands(action: str) -> list[list[tuple[str, str]]]:
    commands: list[list[tuple[str, str]]] = [[]]
    for match in _TOKEN.finditer(action):
        kind = match.lastgroup or "other"
        if kind == "other":
            raise UnsupportedError(action)
        if kind == "pipe":
            commands.append([])
        else:
            commands[-1].append((kind, match[kind]))
    if not all(commands):
        raise UnsupportedError(action)
    return commands


def _argument(
    word: tuple[str, str], parameters: Mapping[str, object], action: str, strict: bool
) -> object:
    kind, text = word
    match kind:
        case "text":
            return text[1:-1] if text[0] == "`" else re.sub(r"\\(.)", r"\1", text[1:-1])
        case "number":
            return int(text)
        case "field":
            return _field(parameters, text, strict)
    raise UnsupportedError(action)


def _field(parameters: Mapping[str, object], path: str, strict: bool) -> object:
    here: object = parameters
    for name in filter(None, path.split(".")):
        here = here.get(name, _MISSING) if isinstance(here, Mapping) else _MISSING
        if here is _MISSING:
            if strict:
                raise UnresolvedError(path)
            return _MISSING
    return here


def _called(name: str, arguments: list[object], action: str) -> object:
    if name == "default" and len(arguments) == 2:
        return arguments[0] if arguments[1] in (_MISSING, None, "", 0, False) else arguments[1]
    if any(argument is _MISSING for argument in arguments):
        raise UnresolvedError(action)
    if name == "index" and arguments:
        return _indexed(arguments[0], arguments[1:], action)
    function = _FUNCTIONS.get(name)
    if function is None or len(arguments) != function[0]:
        raise UnsupportedError(action)
    return function[1](*(_printed(argument, action) for argument in arguments))


def _indexed(value: object, keys: list[object], action: str) -> object:
    for key in keys:
        if isinstance(value, list):
            value = dict(enumerate(value))
        if not isinstance(value, Mapping) or key not in value:
            raise UnresolvedError(action)
        value = value[key]
    return value


def _printed(value: object, action: str) -> str:
    match value:
        case str():
            return value
        case bool() | int() | float():
            return go_text(value)
    if value is _MISSING or value is None:
        raise UnresolvedError(action)
    raise UnsupportedError(action)


def go_text(value: object) -> str:
    """A value as Go prints it (`%v`), where numbers are those of JSON: 1000000 is `1e+06`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "<nil>"
    if isinstance(value, int | float):
        return _go_number(float(value))
    return str(value)


def _go_number(value: float) -> str:
    """Go's `%g` with the fewest digits: an exponent from 1e+06 on and below 0.0001."""
    if not math.isfinite(value):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(str(value), "NaN")
    shortest = Decimal(repr(value)).normalize()
    sign, digits, exponent = shortest.as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) - 1 + exponent
    if not value or -4 <= power < 6:
        return f"{shortest:f}"
    fraction = "".join(map(str, digits[1:]))
    mantissa = f"{digits[0]}.{fraction}" if fraction else str(digits[0])
    return f"{'-' if sign else ''}{mantissa}e{power:+03d}"


def normalized(name: str) -> str:
    """A name as Kubernetes takes it: lower case, `-` for what is not allowed, at most 253."""
    return _NOT_IN_NAMES.sub("-", name.lower())[:253].strip("-.")


_FUNCTIONS: Mapping[str, tuple[int, Callable[..., str]]] = {
    "lower": (1, str.lower),
    "upper": (1, str.upper),
    "trim": (1, str.strip),
    "toString": (1, str),
    "normalize": (1, normalized),
    "quote": (1, lambda text: f'"{text}"'),
    "trimPrefix": (2, lambda prefix, text: text.removeprefix(prefix)),
    "trimSuffix": (2, lambda suffix, text: text.removesuffix(suffix)),
    "replace": (3, lambda old, new, text: text.replace(old, new)),
}
