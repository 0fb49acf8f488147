"""Values of manifest fields: what is taken, and how what is not taken is explained."""

from datetime import timedelta

import pytest

from towpath import manifests
from towpath.manifests import durations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10m", timedelta(minutes=10)),
        ("1h30m", timedelta(minutes=90)),
        ("90s", timedelta(seconds=90)),
        ("2d", timedelta(days=2)),
        ("0s", timedelta()),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_durations_are_read_with_their_units(text: str, expected: timedelta) -> None:
    assert durations.parse(text) == expected


@pytest.mark.parametrize("text", ["", "10", "m", "1m1h", "1.5h", "-1m", "10 m", "1w", "PT1H"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write for example"):
        durations.parse(text)


HEAD = """apiVersion: towpath.dev/v1
kind: {kind}
metadata: {{name: a}}
spec:
"""


def first_problem(kind: str, spec: str) -> str:
    text = HEAD.format(kind=kind) + spec
    loaded = manifests.load({"a.yaml": text.encode()})
    return next(str(p) for p in loaded.problems if p.severity == "error")


POLICY = "  priority: 1\n  policy:\n"
WINDOW = "  windows:\n    - kind: deny\n"
TEMPLATE = "  promotion:\n"


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (
            "PromotionPolicy",
            POLICY + "    soak: 600\n",
            "a.yaml:7:11: invalid_duration: spec.policy.soak: a duration has units: "
            "write for example 90s, 10m or 1h30m",
        ),
        (
            "PromotionPolicy",
            POLICY + "    soak: 10 minutes\n",
            "a.yaml:7:11: invalid_duration: spec.policy.soak: `10 minutes` is not a duration: "
            "write for example 90s, 10m, 1h30m or 2d",
        ),
        (
            "PromotionPolicy",
            POLICY + "    syncTimeout: 0s\n",
            "a.yaml:7:18: invalid_duration: spec.policy.syncTimeout: "
            "the duration must be longer than 0s",
        ),
        (
            "PromotionPolicy",
            POLICY + "    action: comit\n",
            "a.yaml:7:13: invalid_value: spec.policy.action: `comit` is not one of "
            "commit, pr, none; did you mean `commit`?",
        ),
        (
            "PromotionPolicy",
            POLICY + "    retries: -1\n",
            "a.yaml:7:14: invalid_value: spec.policy.retries: must be at least 0",
        ),
        (
            "PromotionPolicy",
            POLICY + "    autoMerge: 'yes'\n",
            "a.yaml:7:16: wrong_type: spec.policy.autoMerge: must be true or false",
        ),
        (
            "PromotionPolicy",
            POLICY + "    preActoin: x\n",
            "a.yaml:7:5: unknown_field: spec.policy.preActoin: unknown field; "
            "did you mean `preAction`?",
        ),
        (
            "PromotionPolicy",
            "  policy: {}\n",
            "a.yaml:5:3: missing_field: spec.priority: is required",
        ),
        (
            "PromotionPolicy",
            POLICY + "    approval: {required: 2, users: [ada, ada]}\n",
            "a.yaml:7:15: approval_impossible: spec.policy.approval: 2 must agree, and only 1 may",
        ),
        (
            "Environment",
            WINDOW + "      rrule: FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\n      duration: 1h\n",
            "a.yaml:7:14: invalid_rrule: spec.windows[0].rrule: `FREQ=YEARLY;BYMONTH=2;BYMONTH",
        ),
        (
            "Environment",
            WINDOW + "      rrule: FREQ=SOMETIMES\n      duration: 1h\n",
            "a.yaml:7:14: invalid_rrule: spec.windows[0].rrule: `FREQ=SOMETIMES` is not",
        ),
        (
            "Environment",
            WINDOW + "      rrule: FREQ=DAILY\n      duration: 1h\n      timezone: Berlin\n",
            "a.yaml:9:17: invalid_timezone: spec.windows[0].timezone: `Berlin` is not a time zone",
        ),
        (
            "Environment",
            "  clusters:\n    - namespaces: [a]\n",
            "a.yaml:6:7: missing_field: spec.clusters[0]: `name` or `server` is required",
        ),
        (
            "Environment",
            "  kind: production\n",
            "a.yaml:5:9: invalid_value: spec.kind: `production` is not one of nonprod, prod; "
            "did you mean `prod`?",
        ),
        (
            "PromotionTemplate",
            TEMPLATE + "    values.yaml: {jsonPaths: ['$.a[']}\n",
            "a.yaml:6:31: invalid_jsonpath: spec.promotion.values.yaml.jsonPaths[0]: "
            "`$.a[` is not a JSONPath (RFC 9535)",
        ),
        (
            "PromotionTemplate",
            TEMPLATE + "    /etc/values.yaml: {jsonPaths: ['$.a']}\n",
            "a.yaml:6:5: path_outside_repository: spec.promotion./etc/values.yaml: "
            "`/etc/values.yaml` leads outside the repository",
        ),
        (
            "PromotionTemplate",
            TEMPLATE + "    values.yaml: {jsonPaths: []}\n",
            "a.yaml:6:30: invalid_value: spec.promotion.values.yaml.jsonPaths: must not be empty",
        ),
        (
            "PromotionTemplate",
            TEMPLATE + "    LICENSE.txt: {jsonPaths: ['$.a']}\n",
            "a.yaml:6:5: not_by_value: `LICENSE.txt`: only YAML, JSON and TOML",
        ),
        (
            "PromotionTemplate",
            "  applicationSourceSelector:\n    matchExpressions:\n"
            "      - {key: a, operator: Exists, values: [b]}\n",
            "a.yaml:7:9: invalid_value: spec.applicationSourceSelector.matchExpressions[0]: "
            "`Exists` takes no values",
        ),
        (
            "Product",
            "  promotionFlows: []\n",
            "a.yaml:5:19: invalid_value: spec.promotionFlows: must not be empty",
        ),
        (
            "Product",
            "  links: [{title: a, url: 'javascript:alert(1)'}]\n  promotionFlows: [{name: f}]\n",
            "a.yaml:5:27: invalid_value: spec.links[0].url: `javascript:alert(1)` is not",
        ),
        (
            "Product",
            "  promotionFlows: f\n",
            "a.yaml:5:19: wrong_type: spec.promotionFlows: must be a list",
        ),
        (
            "PromotionFlow",
            "  triggerEnvironment: 1\n",
            "a.yaml:5:23: wrong_type: spec.triggerEnvironment: must be text: put it in quotes",
        ),
        (
            "PromotionFlow",
            "  triggerEnvironment: dev\n  promotionTimeoutLimit: 1d\n",
            "a.yaml:6:26: wrong_type: spec.promotionTimeoutLimit: must be a whole number",
        ),
    ],
)
def test_what_a_field_does_not_take_is_refused_at_its_place(
    kind: str, spec: str, expected: str
) -> None:
    assert first_problem(kind, spec).startswith(expected)


def test_all_problems_of_a_manifest_are_told_at_once() -> None:
    text = HEAD.format(kind="Environment") + "  kind: x\n  postion: 1\n  tags: a\n"
    loaded = manifests.load({"a.yaml": text.encode()})

    assert [(p.code, p.origin.line) for p in loaded.problems] == [
        ("invalid_value", 5),
        ("unknown_field", 6),
        ("wrong_type", 7),
    ]


def test_a_field_of_ours_in_a_codefresh_manifest_says_where_it_belongs() -> None:
    text = (
        "apiVersion: codefresh.io/v1beta1\nkind: Product\nmetadata: {name: a}\n"
        "spec: {concurrency: queue}\n"
    )
    loaded = manifests.load({"a.yaml": text.encode()})

    assert str(loaded.problems[0]) == (
        "a.yaml:4:8: unknown_field: spec.concurrency: is a field of towpath.dev/v1 only: "
        "change the apiVersion to use it"
    )


def test_a_null_is_an_absent_field() -> None:
    text = HEAD.format(kind="Environment") + "  position:\n  tags: null\n"

    assert manifests.load({"a.yaml": text.encode()}).problems == ()


def test_annotations_keep_numbers_as_they_are_written() -> None:
    text = (
        "apiVersion: towpath.dev/v1\nkind: PromotionFlow\n"
        "metadata: {name: f, annotations: {version: 1.20}}\nspec: {triggerEnvironment: dev}\n"
    )

    assert manifests.load({"a.yaml": text.encode()}).catalog.flows["f"].version == "1.20"


@pytest.mark.parametrize("name", ["Shop", "shop_1", "-shop", "s" * 64])
def test_a_product_needs_a_dns_label_for_a_name(name: str) -> None:
    text = f"apiVersion: towpath.dev/v1\nkind: Product\nmetadata: {{name: {name}}}\n"
    loaded = manifests.load({"a.yaml": text.encode()})

    assert "invalid_name" in [p.code for p in loaded.problems]
