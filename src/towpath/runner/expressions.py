"""The expression language of Argo's `{{=…}}`, `expression` and `depends` (expr-lang).

A parser and an evaluator for the part of the language that workflows use. What is outside of it
is a `Mistake` when the expression is parsed, so that it is found before anything runs.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NoReturn

from towpath.runner import functions, operators, texts
from towpath.runner.effort import Effort
from towpath.runner.mistakes import Mistake

Value = object
Environment = Mapping[str, object]
Node = Callable[[Environment], Value]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d[\d_]*\.(?!\.)\d*|\.\d+|\d[\d_]*)(?:[eE][+-]?\d+)?(?![A-Za-z_]))
    | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    | (?P<sign>\?\?|\?\.|\*\*|\.\.|==|!=|<=|>=|&&|\|\||[-+*/%^<>!?:.,|()\[\]{}\#;])
    )""",
    re.VERBOSE,
)
_BINDING = {
    "|": 0,
    "||": 10,
    "or": 10,
    "&&": 15,
    "and": 15,
    "==": 20,
    "!=": 20,
    "<": 20,
    ">": 20,
    "<=": 20,
    ">=": 20,
    "in": 20,
    "not": 20,
    "contains": 20,
    "startsWith": 20,
    "endsWith": 20,
    "matches": 20,
    "..": 25,
    "+": 30,
    "-": 30,
    "*": 60,
    "/": 60,
    "%": 60,
    "**": 100,
    "^": 100,
    "??": 500,
}
_RIGHT = {"**", "^"}
_NOT, _SIGN = 50, 90
_DIGITS = 19
_WORDS = {"or", "and", "in", "not", "contains", "startsWith", "endsWith", "matches"}
_CONSTANTS: dict[str, Value] = {"true": True, "false": False, "nil": None}
_ITEM, _EFFORT = "#", ""


def evaluate(text: str, environment: Environment) -> Value:
    """What the expression comes to. Raises `Mistake`."""
    node = parsed(text)
    try:
        return node({**environment, _EFFORT: Effort()})
    except RecursionError:
        raise Mistake(f"`{text}` is nested too deep") from None


def evaluate_truth(text: str, environment: Environment) -> bool:
    """What an expression that must be true or false comes to. Raises `Mistake`."""
    value = evaluate(text, environment)
    if not isinstance(value, bool):
        raise Mistake(f"`{text}` is {texts.of(value)}, and not true or false")
    return value


@lru_cache(maxsize=1024)
def parsed(text: str) -> Node:
    """The expression as a function of its environment. Raises `Mistake`."""
    try:
        return _Parser(text).whole()
    except RecursionError:
        raise Mistake(f"`{text}` is nested too deep") from None


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise Mistake(f"`{text}` cannot be read at `{text[position:].strip()[:20]}`")
        assert match.lastgroup is not None
        found.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Parser:
    """Precedence climbing: each method eats tokens and answers with a function."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [*_tokens(text), ("end", "")]
        self._at = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._kind != "end":
            self._fail()
        return node

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _here(self) -> str:
        kind, text = self._tokens[self._at]
        return text if kind in ("sign", "name", "end") else ""

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _take(self, text: str) -> bool:
        if self._here == text and self._kind != "end":
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._fail(f", where `{text}` is expected")

    def _fail(self, more: str = "") -> NoReturn:
        seen = self._tokens[self._at][1]
        raise Mistake(f"`{self._text}` cannot be read at `{seen or 'its end'}`{more}")

    def _expression(self, least: int = 0) -> Node:
        left = self._unary()
        while True:
            sign = self._here
            binding = _BINDING.get(sign)
            is_word = self._kind == "name"
            if binding is None or binding < least or (is_word and sign not in _WORDS):
                break
            left = self._binary(left, binding)
        return self._choice(left) if least == 0 else left

    def _binary(self, left: Node, binding: int) -> Node:
        sign = self._next()
        if sign == "|":
            return self._pipe(left)
        negated = sign == "not"
        if negated:
            sign = self._next()
            if sign not in _WORDS - {"or", "and", "not"}:
                self._fail()
        right = self._expression(binding if sign in _RIGHT else binding + 1)
        node = _joined(sign, left, right)
        return _negated(node) if negated else node

    def _choice(self, condition: Node) -> Node:
        if not self._take("?"):
            return condition
        then = self._expression()
        self._expect(":")
        otherwise = self._expression()
        return lambda env: then(env) if operators.truth(condition(env)) else otherwise(env)

    def _pipe(self, left: Node) -> Node:
        if self._kind != "name":
            self._fail()
        return self._after(self._call(self._next(), [left]))

    def _unary(self) -> Node:
        if self._take("!") or self._take("not"):
            return _negated(self._expression(_NOT))
        if self._take("-"):
            below = self._expression(_SIGN)
            return lambda env: -operators.number(below(env))
        if self._take("+"):
            below = self._expression(_SIGN)
            return lambda env: +operators.number(below(env))
        return self._after(self._primary())

    def _primary(self) -> Node:
        kind = self._kind
        if kind == "number":
            return _constant(self._number(self._next()))
        if kind == "string":
            return _constant(_read_string(self._next()))
        if kind == "name":
            return self._named(self._next())
        if self._take("("):
            node = self._expression()
            self._expect(")")
            return node
        if self._take("["):
            return self._array()
        if self._take("{"):
            return self._map()
        if self._take(_ITEM) or self._here == ".":  # or a field of the item
            return _variable(_ITEM)
        return self._fail()

    def _number(self, text: str) -> int | float:
        plain = text.replace("_", "")
        if not plain.isdigit():
            return float(plain)
        if len(plain) > _DIGITS:
            raise Mistake(f"`{self._text}`: {text} is more than a whole number can be")
        return int(plain)

    def _named(self, name: str) -> Node:
        if name in _CONSTANTS:
            return _constant(_CONSTANTS[name])
        if name == "let":
            self._fail(": `let` is not understood here")
        if name == "sprig":
            self._expect(".")
            return self._call(self._next(), [], functions.SPRIG)
        if self._here == "(":
            return self._call(name, [])
        return _variable(name)

    def _call(
        self,
        name: str,
        before: list[Node],
        known: Mapping[str, Callable[..., Value]] = functions.NAMED,
    ) -> Node:
        if name in functions.WITH_PREDICATE and known is functions.NAMED:
            self._expect("(")
            return self._with_predicate(name, before)
        function = known.get(name)
        if function is None:
            raise Mistake(f"`{self._text}`: there is no function `{name}` here")
        self._expect("(")
        return _calling(name, function, [*before, *self._arguments()])

    def _arguments(self) -> list[Node]:
        found: list[Node] = []
        while not self._take(")"):
            if found:
                self._expect(",")
            found.append(self._expression())
        return found

    def _with_predicate(self, name: str, before: list[Node]) -> Node:
        if not before:
            before = [self._expression()]
            self._expect(",")
        braced = self._take("{")
        predicate = self._expression()
        if braced:
            self._expect("}")
        self._expect(")")
        function, (over,) = functions.WITH_PREDICATE[name], before

        def work(env: Environment) -> Value:
            items = over(env)
            if not isinstance(items, list):
                raise Mistake(f"`{name}` takes a list, and not {texts.of(items)}")
            effort = _effort(env)

            def of_item(item: Value) -> Value:
                effort.call()
                return effort.made(predicate({**env, _ITEM: item}))

            return function(items, of_item)

        return work

    def _array(self) -> Node:
        elements: list[Node] = []
        while not self._take("]"):
            if elements:
                self._expect(",")
                if self._take("]"):
                    break
            elements.append(self._expression())
        return lambda env: _effort(env).made([element(env) for element in elements])

    def _map(self) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self._take("}"):
            if entries:
                self._expect(",")
                if self._take("}"):
                    break
            entries.append(self._entry())
        return lambda env: _effort(env).made(
            {texts.of(key(env)): value(env) for key, value in entries}
        )

    def _entry(self) -> tuple[Node, Node]:
        key: Node
        if self._kind == "name":
            key = _constant(self._next())
        elif self._kind == "string":
            key = _constant(_read_string(self._next()))
        else:
            self._expect("(")
            key = self._expression()
            self._expect(")")
        self._expect(":")
        return key, self._expression()

    def _after(self, node: Node) -> Node:
        """Members, elements and methods behind a value."""
        while True:
            if self._take("?."):
                node = self._member(node, optional=True)
            elif self._take("."):
                node = self._member(node, optional=False)
            elif self._take("["):
                node = self._element(node)
            else:
                return node

    def _member(self, of: Node, optional: bool) -> Node:
        if self._kind != "name":
            self._fail()
        name = self._next()
        return lambda env: operators.fetch(of(env), name, optional)

    def _element(self, of: Node) -> Node:
        start: Node | None = None
        if self._here != ":":
            start = self._expression()
            if self._take("]"):
                key = start
                return lambda env: operators.fetch(of(env), key(env), False)
        self._expect(":")
        end = None if self._here == "]" else self._expression()
        self._expect("]")
        return lambda env: operators.part(of(env), start and start(env), end and end(env))


def _constant(value: Value) -> Node:
    return lambda env: value


def _variable(name: str) -> Node:
    def work(env: Environment) -> Value:
        if name not in env:
            raise Mistake(f"there is no `{name}` here")
        return env[name]

    return work


def _calling(name: str, function: Callable[..., Value], arguments: list[Node]) -> Node:
    def work(env: Environment) -> Value:
        given = [argument(env) for argument in arguments]
        effort = _effort(env)
        effort.call(*given)
        try:
            return effort.made(function(*given))
        except Mistake:
            raise
        except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as wrong:
            shown = ", ".join(json.dumps(one, default=str) for one in given)
            raise Mistake(f"`{name}({shown[:200]})` cannot be done: {wrong}") from None

    return work


def _negated(node: Node) -> Node:
    return lambda env: not operators.truth(node(env))


def _joined(sign: str, left: Node, right: Node) -> Node:
    if sign in ("||", "or"):
        return lambda env: operators.truth(left(env)) or operators.truth(right(env))
    if sign in ("&&", "and"):
        return lambda env: operators.truth(left(env)) and operators.truth(right(env))
    if sign == "??":
        return lambda env: _otherwise(left, right, env)
    return lambda env: _both(operators.BINARY[sign], left(env), right(env), _effort(env))


def _both(
    work: Callable[[Value, Value], Value], left: Value, right: Value, effort: Effort
) -> Value:
    effort.call(left, right)
    return effort.made(work(left, right))


def _effort(env: Environment) -> Effort:
    effort = env[_EFFORT]
    assert isinstance(effort, Effort)
    return effort


def _otherwise(left: Node, right: Node, env: Environment) -> Value:
    try:
        value = left(env)
    except operators.AbsentError:
        value = None
    return right(env) if value is None else value


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "a": "\a", "0": "\0"}


def _read_string(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]

    def written(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        return _ESCAPES.get(code, code)

    return _ESCAPE.sub(written, text[1:-1])


def expand(variables: Mapping[str, object]) -> dict[str, object]:
    """`{"steps.a.status": "x"}` as the maps that an expression walks: `steps.a.status`."""
    found: dict[str, object] = {}
    for name in sorted(variables):
        *path, last = name.split(".")
        place = found
        for part in path:
            below = place.get(part)
            if not isinstance(below, dict):
                below = place[part] = {}
            place = below
        place[last] = variables[name]
    return found
