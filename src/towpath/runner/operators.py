"""What the signs of an expression do, as expr-lang does it: strict about types."""

import math
import operator
from collections.abc import Callable

from towpath.runner import functions, texts
from towpath.runner.mistakes import Mistake

Value = object


class AbsentError(Mistake):
    """Something was asked of nil."""


def fetch(of: Value, key: Value, optional: bool) -> Value:
    """A member or element. Raises `Mistake`."""
    if isinstance(of, dict):
        return of.get(texts.of(key))
    if isinstance(of, list) and isinstance(key, int) and not isinstance(key, bool):
        if not -len(of) <= key < len(of):
            raise Mistake(f"there is no element {key} in a list of {len(of)}")
        return of[key]
    if of is None and optional:
        return None
    if of is None:
        raise AbsentError(f"there is no `{texts.of(key)}`: what it is asked of is nil")
    raise Mistake(f"{texts.of(of)} has no `{texts.of(key)}`")


def part(of: Value, start: Value, end: Value) -> Value:
    """A part of a list or text. Raises `Mistake`."""
    if not isinstance(of, list | str):
        raise Mistake(f"{texts.of(of)} is neither list nor text, and has no parts")
    return of[_bound(start) : _bound(end)]


def _bound(value: Value) -> int | None:
    if value is not None and not isinstance(value, int):
        raise Mistake(f"{texts.of(value)} is not a place in a list")
    return value


def truth(value: Value) -> bool:
    """The value, which must be true or false. Raises `Mistake`."""
    if not isinstance(value, bool):
        raise Mistake(f"{texts.of(value)} is not true or false")
    return value


def number(value: Value) -> int | float:
    """The value, which must be a number. Raises `Mistake`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mistake(f"{texts.of(value)} is not a number")
    return value


def equal(left: Value, right: Value) -> bool:
    """Equal as Go sees it: nothing of one type equals something of another, numbers aside."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    return type(left) is type(right) and left == right


def _order(compare: Callable[[Value, Value], bool]) -> Callable[[Value, Value], Value]:
    def work(left: Value, right: Value) -> Value:
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        return compare(number(left), number(right))

    return work


def _plus(left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return number(left) + number(right)


def _arithmetic(
    work: Callable[[int | float, int | float], Value],
) -> Callable[[Value, Value], Value]:
    def checked(left: Value, right: Value) -> Value:
        try:
            return work(number(left), number(right))
        except (ArithmeticError, ValueError) as wrong:
            raise Mistake(f"{texts.of(left)} and {texts.of(right)}: {wrong}") from None

    return checked


def _power(left: int | float, right: int | float) -> Value:
    if abs(right) > 1024:
        raise Mistake("an exponent beyond 1024 is not computed here")
    return math.pow(left, right)


def _remainder(left: int | float, right: int | float) -> Value:
    if not isinstance(left, int) or not isinstance(right, int):
        raise Mistake("`%` takes whole numbers")
    return abs(left) % abs(right) * (-1 if left < 0 else 1)  # as Go does, with the sign of the left


def _within(left: Value, right: Value) -> Value:
    if isinstance(right, dict):
        return left in right
    if isinstance(right, list):
        return any(equal(left, one) for one in right)
    raise Mistake(f"`in` takes a list or a map, and not {texts.of(right)}")


def _of_texts(work: Callable[[str, str], Value]) -> Callable[[Value, Value], Value]:
    def checked(left: Value, right: Value) -> Value:
        if not isinstance(left, str) or not isinstance(right, str):
            raise Mistake(f"{texts.of(left)} and {texts.of(right)} are not both text")
        return work(left, right)

    return checked


def _range(left: Value, right: Value) -> Value:
    start, end = left, right
    if not isinstance(start, int) or not isinstance(end, int) or end - start > 100_000:
        raise Mistake("`..` takes two whole numbers that are not far apart")
    return list(range(start, end + 1))


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _order(operator.lt),  # type: ignore[arg-type] # only what can be ordered comes there
    ">": _order(operator.gt),  # type: ignore[arg-type]
    "<=": _order(operator.le),  # type: ignore[arg-type]
    ">=": _order(operator.ge),  # type: ignore[arg-type]
    "+": _plus,
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
    "%": _arithmetic(_remainder),
    "**": _arithmetic(_power),
    "^": _arithmetic(_power),
    "..": _range,
    "in": _within,
    "contains": _of_texts(lambda left, right: right in left),
    "startsWith": _of_texts(lambda left, right: left.startswith(right)),
    "endsWith": _of_texts(lambda left, right: left.endswith(right)),
    "matches": _of_texts(lambda left, right: functions.matches(right, left)),
}
