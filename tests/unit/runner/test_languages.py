"""The languages inside of a workflow: expressions, conditions, tags, durations."""

from datetime import timedelta

import pytest

from towpath.runner import conditions, durations, expressions, substitution
from towpath.runner.mistakes import Mistake

ENVIRONMENT = expressions.expand(
    {
        "steps.a-b.outputs.result": "heads",
        "inputs.parameters.n": "3",
        "workflow.parameters.config": '{"people": [{"age": 41}, {"age": 43}], "on": true}',
        "absent": None,
        "numbers": [1, 2, 3],
    }
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3 ** 2", 19.0),
        ("7 / 2", 3.5),
        ("-7 % 3", -1),
        ("'a' + \"b\" + `c`", "abc"),
        ("steps['a-b'].outputs.result == 'heads' ? 'h' : 't'", "h"),
        ("asInt(inputs.parameters.n) * 10", 30),
        ("absent ?? 'other'", "other"),
        ("steps.nothing?.outputs ?? 'none'", "none"),
        ("not (1 > 2) and 2 in [1, 2]", True),
        ("3 not in numbers", False),
        ("'heads' matches '^he' && 'heads' contains 'ead'", True),
        ("jsonpath(workflow.parameters.config, '$.people[?(@.age>42)].age')", [43]),
        ("jsonpath(workflow.parameters.config, '$.on')", True),
        ("filter(numbers, # > 1)", [2, 3]),
        ("map(fromJSON(workflow.parameters.config).people, {.age})", [41, 43]),
        ("numbers | filter(# < 3) | sum()", 3),
        ("sprig.trim(' x ') + sprig.default('y', '')", "xy"),
        ("numbers[1:]", [2, 3]),
        ("toJson({a: 1.0})", '{"a":1}'),
        ("1 == '1'", False),
        ("len(1..3)", 3),
        (r"'ab' matches '^a.\\z'", True),
        (f"'{'a' * 60}!' matches '^(a+)+$'", False),
    ],
)
def test_expressions_come_to_what_expr_lang_makes_of_them(expression: str, value: object) -> None:
    assert expressions.evaluate(expression, ENVIRONMENT) == value


@pytest.mark.parametrize(
    "expression",
    ["now()", "sprig.now()", "1 +", "a ? b", "'open", "let x = 1; x", "env('HOME')", "9" * 5000],
)
def test_what_is_not_understood_is_found_when_it_is_read(expression: str) -> None:
    with pytest.raises(Mistake):
        expressions.parsed(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "unknown",
        "absent.x",
        "1 < 'a'",
        "numbers[9]",
        "asInt('x')",
        "#",
        ".age",
        "toBase64(1)",
        "join(['a'], 1)",
        "(-8) ** 0.5",
        "repeat([0], 3)",
        """jsonpath('["a"]', "$[?@ =~ /(/]")""",
    ],
)
def test_what_cannot_be_answered_is_a_mistake(expression: str) -> None:
    with pytest.raises(Mistake):
        expressions.evaluate(expression, ENVIRONMENT)


@pytest.mark.parametrize(
    "expression",
    [
        "repeat(repeat('a', 1000), 2000)",
        "replace(repeat('a', 1000000), 'a', repeat('b', 100000))",
        "sprig.replace('a', repeat('b', 100000), repeat('a', 1000000))",
        "sprig.indent(5000000000, 'a')",
        "join(1..100000 | map('a'), repeat('b', 1000000))",
        "map(1..100000, repeat('a', 1000000))",
        "map(1..3000, map(1..3000, 'a'))",
        "any(1..100000, any(1..100000, # < 0))",
        "count(1..100000, repeat('ab', 500000) matches 'c')",
        f"""jsonpath('{'{"a":' * 60}1{"}" * 60}', '$..*..*..*..*..*..*')""",
    ],
)
def test_an_expression_that_would_take_the_machine_is_a_mistake(expression: str) -> None:
    with pytest.raises(Mistake, match=r"so much|more than"):
        expressions.evaluate(expression, {})


@pytest.mark.parametrize(
    "expression",
    ["len(filter(1..5000, # % 2 == 0 && # > 1000))", "len(repeat('ab', 500000) + 'c')"],
)
def test_one_that_does_much_is_none(expression: str) -> None:
    assert expressions.evaluate(expression, {})


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("", True),
        ("heads == heads", True),
        ("heads == tails || 3 > 2", True),
        ("( 1 == 1 && a != a )", False),
        ("'a b' =~ \"^a\"", True),
        ("5 <= 4", False),
        ("a in (a, b)", True),
        ("!(true)", False),
        ("10 > 9", True),
        ("'10' == 10", False),
        ("true", True),
        (f"'{'a' * 60}!' =~ '^(a+)+$'", False),
    ],
)
def test_conditions_are_true_as_in_govaluate(when: str, holds: bool) -> None:
    assert conditions.holds(when) is holds


@pytest.mark.parametrize(
    "when", ["a b == c", "== heads", "foo-bar == x", "1.2.3 == x", "heads", f"0x{'f' * 300} == x"]
)
def test_a_condition_that_cannot_be_read_is_a_mistake(when: str) -> None:
    with pytest.raises(Mistake):
        conditions.holds(when)


def test_tags_are_filled_in_once_also_those_in_tags() -> None:
    known = substitution.Variables({"item": "n", "inputs.parameters.n": "{{item}}"})
    assert substitution.fill_text("<{{inputs.parameters.{{item}}}}>", known) == "<{{item}}>"
    assert substitution.fill_text("{{= item + '}' }} {{ item }}", known) == "n} n"


def test_a_tag_that_cannot_be_filled_in_is_a_mistake() -> None:
    with pytest.raises(Mistake, match=r"there is no `steps\.x\.outputs\.result`"):
        substitution.fill_text("{{steps.x.outputs.result}}", substitution.Variables({}))


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1h30m", 5400), ("2d", 172800), ("1.5s", 1.5), (10, 10)]
)
def test_durations_are_read_as_argo_writes_them(text: object, seconds: float) -> None:
    assert durations.parse(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "5 m", "1h30", "-3s"])
def test_what_is_no_duration_is_a_mistake(text: str) -> None:
    with pytest.raises(Mistake):
        durations.parse(text)
