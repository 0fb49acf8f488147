"""The language of a filled-in `when` (govaluate), where a bare word is a text.

    heads == heads && (3 > 2 || 'a b' =~ "^a")

Apart from `expressions`, because the two languages agree on little more than their signs.
"""

import operator
import re
from collections.abc import Callable
from typing import NoReturn

from towpath.runner import functions, texts
from towpath.runner.mistakes import Mistake

Value = str | float | bool | list["Value"]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>0[xX][0-9a-fA-F]{1,16}(?!\w)|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<escaped>\[[^\]]*\])
    | (?P<word>[^\W\d]\w*(?:\.\w+)*)
    | (?P<sign>&&|\|\||==|!=|=~|!~|>=|<=|\?\?|\*\*|<<|>>|[-+*/%<>!?:,()&|^~])
    )""",
    re.VERBOSE,
)
_BINDING = {
    "?": 0,
    "??": 1,
    "||": 2,
    "&&": 3,
    "==": 4,
    "!=": 4,
    ">": 4,
    "<": 4,
    ">=": 4,
    "<=": 4,
    "=~": 4,
    "!~": 4,
    "in": 4,
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
    "%": 7,
    "**": 8,
}
_PREFIX = 9
_HINT = "put texts with spaces or signs between quotes"


def holds(when: str) -> bool:
    """Whether a condition, filled in, is true; an empty one is. Raises `Mistake`."""
    if not when.strip():
        return True
    try:
        value = _Reader(when).whole()
    except RecursionError:
        raise Mistake(f"when `{when}` is nested too deep") from None
    if not isinstance(value, bool):
        raise Mistake(f"when `{when}` is {texts.of(value)}, and not true or false")
    return value


def _tokens(when: str) -> list[tuple[str, str]]:
    found = []
    position, end = 0, len(when.rstrip())
    while position < end:
        match = _TOKEN.match(when, position)
        if match is None:
            seen = when[position:].strip()[:20]
            raise Mistake(f"when `{when}` cannot be read at `{seen}`: {_HINT}")
        assert match.lastgroup is not None
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Reader:
    """Evaluates while it reads; both sides of `&&` and `||` are read, as they are short."""

    def __init__(self, when: str) -> None:
        self._when = when
        self._tokens = [*_tokens(when), ("end", "")]
        self._at = 0

    def whole(self) -> Value:
        value = self._value(0)
        if self._tokens[self._at][0] != "end":
            self._fail()
        return value

    def _fail(self) -> NoReturn:
        seen = self._tokens[self._at][1]
        raise Mistake(f"when `{self._when}` cannot be read at `{seen or 'its end'}`: {_HINT}")

    def _wrong(self, sign: str, left: Value, right: Value) -> NoReturn:
        both = f"{texts.of(left)} {sign} {texts.of(right)}"
        raise Mistake(f"when `{self._when}`: {both} cannot be compared or computed: {_HINT}")

    def _take(self, sign: str) -> bool:
        if self._tokens[self._at] == ("sign", sign):
            self._at += 1
            return True
        return False

    def _value(self, least: int) -> Value:
        left = self._prefixed()
        while True:
            kind, sign = self._tokens[self._at]
            binding = _BINDING.get(sign) if kind in ("sign", "word") else None
            if binding is None or binding < least:
                return left
            self._at += 1
            left = self._choice(left) if sign == "?" else self._joined(sign, left, binding)

    def _choice(self, test: Value) -> Value:
        then = self._value(0)
        if not self._take(":"):
            self._fail()
        otherwise = self._value(0)
        return then if test is True else otherwise

    def _joined(self, sign: str, left: Value, binding: int) -> Value:
        right = self._value(binding + 1)
        try:
            return _WORK[sign](left, right)
        except (TypeError, ArithmeticError):
            self._wrong(sign, left, right)

    def _prefixed(self) -> Value:
        if self._take("!"):
            value = self._value(_PREFIX)
            if not isinstance(value, bool):
                self._wrong("!", "", value)
            return not value
        if self._take("-"):
            value = self._value(_PREFIX)
            if isinstance(value, bool) or not isinstance(value, float):
                self._wrong("-", "", value)
            return -value
        return self._single()

    def _single(self) -> Value:
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return float(int(text, 16)) if text[:2] in ("0x", "0X") else float(text)
        if kind == "string":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "escaped":
            return text[1:-1]
        if kind == "word" and text != "in":
            return {"true": True, "false": False}.get(text, text)
        if (kind, text) == ("sign", "("):
            return self._inside()
        self._at -= 1
        return self._fail()

    def _inside(self) -> Value:
        values = [self._value(0)]
        while self._take(","):
            values.append(self._value(0))
        if not self._take(")"):
            self._fail()
        return values[0] if len(values) == 1 else values


def _both_true(work: Callable[[bool, bool], bool]) -> Callable[[Value, Value], Value]:
    def checked(left: Value, right: Value) -> Value:
        if not isinstance(left, bool) or not isinstance(right, bool):
            raise TypeError
        return work(left, right)

    return checked


def _ordered(work: Callable[[object, object], bool]) -> Callable[[Value, Value], Value]:
    def checked(left: Value, right: Value) -> Value:
        texts_both = isinstance(left, str) and isinstance(right, str)
        if not texts_both and (type(left), type(right)) != (float, float):
            raise TypeError
        return work(left, right)

    return checked


def _computed(work: Callable[[float, float], float]) -> Callable[[Value, Value], Value]:
    def checked(left: Value, right: Value) -> Value:
        if not isinstance(left, float) or not isinstance(right, float):
            raise TypeError
        return work(left, right)

    return checked


def _plus(left: Value, right: Value) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    if isinstance(left, str) or isinstance(right, str):
        return texts.of(left) + texts.of(right)
    raise TypeError


def _same(left: Value, right: Value) -> bool:
    return type(left) is type(right) and left == right


def _within(left: Value, right: Value) -> bool:
    if not isinstance(right, list):
        raise TypeError
    return any(_same(left, one) for one in right)


def _found(left: Value, right: Value) -> bool:
    if not isinstance(left, str) or not isinstance(right, str):
        raise TypeError
    return functions.matches(right, left)


_WORK: dict[str, Callable[[Value, Value], Value]] = {
    "??": lambda left, right: left,
    "||": _both_true(lambda left, right: left or right),
    "&&": _both_true(lambda left, right: left and right),
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    ">": _ordered(operator.gt),  # type: ignore[arg-type] # only what can be ordered comes there
    "<": _ordered(operator.lt),  # type: ignore[arg-type]
    ">=": _ordered(operator.ge),  # type: ignore[arg-type]
    "<=": _ordered(operator.le),  # type: ignore[arg-type]
    "=~": _found,
    "!~": lambda left, right: not _found(left, right),
    "in": _within,
    "+": _plus,
    "-": _computed(operator.sub),
    "*": _computed(operator.mul),
    "/": _computed(operator.truediv),
    "%": _computed(lambda left, right: left % right),
    "**": _computed(operator.pow),
}
