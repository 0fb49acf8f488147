"""Every function that the page names, called."""

import pytest

from local_runner_page import functions
from towpath.runner import expressions
from towpath.runner import functions as known

OWN: dict[str, tuple[str, object]] = {
    "abs": ("abs(-2)", 2),
    "asFloat": ("asFloat('1.5')", 1.5),
    "asInt": ("asInt('3')", 3),
    "ceil": ("ceil(1.2)", 2.0),
    "first": ("first([1, 2])", 1),
    "float": ("float('1.5')", 1.5),
    "floor": ("floor(1.8)", 1.0),
    "fromBase64": ("fromBase64('aGk=')", "hi"),
    "fromJSON": ("fromJSON('[1]')", [1]),
    "hasPrefix": ("hasPrefix('abc', 'ab')", True),
    "hasSuffix": ("hasSuffix('abc', 'ab')", False),
    "indexOf": ("indexOf('abcb', 'b')", 1),
    "int": ("int('3')", 3),
    "join": ("join(['a', 'b'], '-')", "a-b"),
    "jsonpath": ("jsonpath('{\"a\": [1, 2]}', '$.a[1]')", 2),
    "keys": ("keys({a: 1})", ["a"]),
    "last": ("last([1, 2])", 2),
    "lastIndexOf": ("lastIndexOf('abcb', 'b')", 3),
    "len": ("len('abc')", 3),
    "lower": ("lower('A')", "a"),
    "max": ("max(1, 3, 2)", 3),
    "mean": ("mean([1, 2])", 1.5),
    "min": ("min(1, 3, 2)", 1),
    "repeat": ("repeat('ab', 2)", "abab"),
    "replace": ("replace('aba', 'a', 'c')", "cbc"),
    "reverse": ("reverse([1, 2])", [2, 1]),
    "round": ("round(1.5)", 2.0),
    "sort": ("sort([2, 1])", [1, 2]),
    "split": ("split('a,b', ',')", ["a", "b"]),
    "string": ("string(1)", "1"),
    "sum": ("sum([1, 2])", 3),
    "toBase64": ("toBase64('hi')", "aGk="),
    "toJSON": ("toJSON([1])", "[\n  1\n]"),
    "toJson": ("toJson([1])", "[1]"),
    "trim": ("trim(' a ')", "a"),
    "trimPrefix": ("trimPrefix('abc', 'a')", "bc"),
    "trimSuffix": ("trimSuffix('abc', 'c')", "ab"),
    "upper": ("upper('a')", "A"),
    "values": ("values({a: 1})", [1]),
    "all": ("all([1, 2], # > 0)", True),
    "any": ("any([1, 2], # > 2)", False),
    "count": ("count([1, 2], # > 1)", 1),
    "filter": ("filter([1, 2], # > 1)", [2]),
    "find": ("find([1, 2], # > 1)", 2),
    "findIndex": ("findIndex([1, 2], # > 1)", 1),
    "map": ("map([1, 2], # * 2)", [2, 4]),
    "none": ("none([1, 2], # > 2)", True),
    "one": ("one([1, 2], # > 1)", True),
}
SPRIG: dict[str, tuple[str, object]] = {
    "add": ("sprig.add(1, '2')", 3),
    "b64dec": ("sprig.b64dec('aGk=')", "hi"),
    "b64enc": ("sprig.b64enc('hi')", "aGk="),
    "coalesce": ("sprig.coalesce('', 'a')", "a"),
    "contains": ("sprig.contains('b', 'abc')", True),
    "date": ("sprig.date('2006-01-02', '2026-03-01T12:00:00Z')", "2026-03-01"),
    "default": ("sprig.default('a', '')", "a"),
    "div": ("sprig.div(-7, 2)", -3),
    "empty": ("sprig.empty('')", True),
    "fromJson": ("sprig.fromJson('[1]')", [1]),
    "hasPrefix": ("sprig.hasPrefix('ab', 'abc')", True),
    "hasSuffix": ("sprig.hasSuffix('bc', 'abc')", True),
    "indent": ("sprig.indent(2, 'a')", "  a"),
    "int": ("sprig.int('3')", 3),
    "join": ("sprig.join('-', ['a', 'b'])", "a-b"),
    "lower": ("sprig.lower('A')", "a"),
    "max": ("sprig.max(1, 2)", 2),
    "min": ("sprig.min(1, 2)", 1),
    "mul": ("sprig.mul(2, 3)", 6),
    "quote": ("sprig.quote('a')", '"a"'),
    "repeat": ("sprig.repeat(2, 'ab')", "abab"),
    "replace": ("sprig.replace('a', 'c', 'aba')", "cbc"),
    "sha256sum": (
        "sprig.sha256sum('')",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    "splitList": ("sprig.splitList(',', 'a,b')", ["a", "b"]),
    "sub": ("sprig.sub(3, 1)", 2),
    "substr": ("sprig.substr(1, 3, 'abcd')", "bc"),
    "ternary": ("sprig.ternary('y', 'n', true)", "y"),
    "title": ("sprig.title('ab cd')", "Ab Cd"),
    "toJson": ("sprig.toJson([1])", "[1]"),
    "toString": ("sprig.toString(1)", "1"),
    "trim": ("sprig.trim(' a ')", "a"),
    "trimPrefix": ("sprig.trimPrefix('a', 'abc')", "bc"),
    "trimSuffix": ("sprig.trimSuffix('c', 'abc')", "ab"),
    "trunc": ("sprig.trunc(2, 'abc')", "ab"),
    "upper": ("sprig.upper('a')", "A"),
}


@pytest.mark.parametrize(("expression", "value"), [*OWN.values(), *SPRIG.values()])
def test_a_function_comes_to_what_it_does_in_argo(expression: str, value: object) -> None:
    assert expressions.evaluate(expression, {}) == value


def test_every_function_of_the_page_is_known_and_tried_here() -> None:
    own, sprig = functions()
    assert own == set(OWN) == {*known.NAMED, *known.WITH_PREDICATE}
    assert sprig == set(SPRIG) == set(known.SPRIG)
