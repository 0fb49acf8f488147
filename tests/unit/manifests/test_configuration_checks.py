"""What manifests mean together: each contradiction is named, at its place."""

import pytest

from towpath import manifests

ENVIRONMENTS = "\n---\n".join(
    f"apiVersion: towpath.dev/v1\nkind: Environment\nmetadata: {{name: {name}}}\n"
    f"spec: {{kind: {kind}, clusters: [{{name: {name}}}]}}"
    for name, kind in (("dev", "nonprod"), ("qa", "nonprod"), ("prod", "prod"))
)
FLOW = """apiVersion: towpath.dev/v1
kind: PromotionFlow
metadata: {name: to-prod}
spec:
  triggerEnvironment: dev
  steps:
    - environment: qa
      dependsOn: [dev]
    - environment: prod
      dependsOn: [qa]
"""
PRODUCT = """apiVersion: towpath.dev/v1
kind: Product
metadata: {name: shop}
spec:
  promotionFlows:
    - name: to-prod
"""


def application(environment: str, service: str = "api", **changes: str) -> str:
    values = {
        "name": f"shop-{service}-{environment}",
        "cluster": environment,
        "path": f"shop/{service}/{environment}",
        "annotations": "towpath.dev/product: shop",
        **changes,
    }
    return f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {values["name"]}
  annotations: {{{values["annotations"]}}}
spec:
  source: {{repoURL: https://h/r, path: {values["path"]}}}
  destination: {{name: {values["cluster"]}, namespace: shop}}
"""


APPLICATIONS = "---\n".join(application(name) for name in ("dev", "qa", "prod"))


def load(**changes: str) -> manifests.Loaded:
    texts = {
        "environments": ENVIRONMENTS,
        "flow": FLOW,
        "product": PRODUCT,
        "applications": APPLICATIONS,
        **changes,
    }
    return manifests.load({f"{name}.yaml": text.encode() for name, text in texts.items()})


def problems(**changes: str) -> list[str]:
    return [f"{problem.severity} {problem}" for problem in load(**changes).problems]


def test_a_whole_configuration_has_no_problem() -> None:
    assert problems() == []


def test_a_cycle_is_named() -> None:
    flow = FLOW.replace("[dev]", "[dev, prod]")

    assert problems(flow=flow) == [
        "error flow.yaml:8:18: flow_cycle: the flow `to-prod` has a cycle: qa needs prod needs qa"
    ]


def test_a_step_that_needs_itself_is_a_cycle() -> None:
    assert "qa needs qa" in problems(flow=FLOW.replace("[dev]", "[qa]"))[0]


def test_a_dependency_on_nothing_is_an_error_with_a_hint() -> None:
    assert problems(flow=FLOW.replace("[qa]", "[dev, qaa]")) == [
        "error flow.yaml:10:24: unknown_dependency: `prod` depends on `qaa`, which is neither the "
        "trigger environment nor a step of the flow `to-prod`; did you mean `qa`?"
    ]


def test_an_environment_twice_in_a_flow_is_an_error() -> None:
    flow = FLOW + "    - environment: qa\n      dependsOn: [prod]\n"

    assert (
        "error flow.yaml:11:20: environment_twice: "
        "the environment `qa` is in the flow `to-prod` twice"
    ) in problems(flow=flow)


def test_an_environment_nobody_defines_is_an_error() -> None:
    assert problems(flow=FLOW.replace("environment: prod", "environment: prd"))[0] == (
        "error flow.yaml:9:20: unknown_environment: nothing defines the environment `prd` "
        "of the flow `to-prod`; did you mean `prod`?"
    )


def test_an_environment_is_implied_only_for_codefresh_flows_and_while_none_is_written() -> None:
    flow = FLOW.replace("towpath.dev/v1", "codefresh.io/v1beta1")
    without = load(flow=flow, environments="", applications="")

    assert set(without.catalog.environments) == {"dev", "qa", "prod"}
    assert [p.code for p in without.problems if p.severity == "warning"].count(
        "environment_implied"
    ) == 3
    assert without.usable
    assert not load(flow=flow.replace("qa", "uat")).usable
    assert not load(environments="", applications="").usable


def test_a_flow_that_is_not_there_is_an_error_with_a_hint() -> None:
    product = PRODUCT.replace("to-prod", "to-prd")

    assert problems(product=product) == [
        "error product.yaml:6:13: unknown_flow: there is no PromotionFlow `to-prd`; "
        "did you mean `to-prod`?"
    ]


def test_a_template_that_is_not_there_is_an_error() -> None:
    product = PRODUCT + "  promotionTemplateRef: helm\n"

    assert problems(product=product) == [
        "error product.yaml:7:25: unknown_template: there is no PromotionTemplate `helm`"
    ]


def test_two_templates_of_one_product_are_an_error() -> None:
    product = PRODUCT + "  promotionTemplateRef: helm\n  promotionTemplate: {}\n"

    assert [p.split(": ")[1] for p in problems(product=product)] == [
        "unknown_template",
        "two_templates",
    ]


def test_a_broken_manifest_is_not_also_missing() -> None:
    assert [p.code for p in load(flow=FLOW + "  stepz: []\n").problems] == ["unknown_field"]


def test_an_environment_without_an_application_is_a_warning() -> None:
    assert problems(applications=application("dev")) == [
        "warning product.yaml:6:13: application_missing: the product `shop` has no application "
        "in `qa`, `prod` of the flow `to-prod`"
    ]


def test_nothing_is_said_of_missing_applications_while_a_set_could_not_be_read() -> None:
    unread = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: a}\n"
        "spec:\n  generators: [{git: {repoURL: https://h/r, directories: [{path: a}]}}]\n"
    )

    assert [p.code for p in load(applications=unread).problems] == ["needs_repository_contents"]


def test_a_flow_behind_one_that_takes_everything_is_never_reached() -> None:
    product = PRODUCT + "    - name: other\n"
    flow = FLOW + "---\n" + FLOW.replace("name: to-prod", "name: other")

    assert problems(product=product, flow=flow) == [
        "warning product.yaml:7:7: flow_unreachable: the flow `other` is never reached: "
        "`to-prod` before it takes every commit"
    ]


@pytest.mark.parametrize("kind", ["Product", "PromotionFlow"])
def test_two_manifests_of_one_kind_and_name_are_an_error(kind: str) -> None:
    text = {"Product": PRODUCT, "PromotionFlow": FLOW}[kind]
    again = text.replace("towpath.dev/v1", "codefresh.io/v1beta2")
    loaded = manifests.load({"a.yaml": text.encode(), "b.yaml": again.encode()})

    said = [str(p) for p in loaded.problems if p.code == "duplicate_name"]
    assert len(said) == 1
    assert said[0].startswith(f"b.yaml:3:18: duplicate_name: there are two manifests {kind}")
    assert said[0].endswith("the first is a.yaml:3:18")


def test_two_applications_of_one_name_and_namespace_are_an_error() -> None:
    again = application("dev", path="elsewhere")

    assert problems(again=again) == [
        "error applications.yaml:4:9: duplicate_name: there are two applications `shop-api-dev` "
        "in the namespace `argocd`; the first is again.yaml:4:9"
    ]


def test_an_application_of_two_environments_is_an_error() -> None:
    other = ENVIRONMENTS.replace("{name: dev}\nspec", "{name: dev-2}\nspec").split("\n---\n")[0]

    assert problems(other=other)[0] == (
        "error applications.yaml:4:9: environment_ambiguous: `shop-api-dev` is covered by the "
        "environments dev and dev-2: narrow their namespaces, or name one with the annotation "
        "`towpath.dev/environment`"
    )


def test_an_application_that_no_environment_covers_is_a_notice() -> None:
    assert problems(more=application("dev", "web", cluster="tools")) == [
        "notice more.yaml:4:9: environment_unknown: no environment covers tools / shop, "
        "where `shop-web-dev` is deployed"
    ]


def test_an_application_of_no_product_is_nobodys_concern() -> None:
    assert problems(more=application("dev", "x", cluster="tools", annotations="")) == []


def test_an_unknown_product_is_implied_and_not_configured() -> None:
    loaded = load(more=application("dev", "web", annotations="codefresh.io/product: shopp"))

    assert not loaded.catalog.products["shopp"].configured
    assert [f"{p.severity} {p}" for p in loaded.problems] == [
        "notice more.yaml:4:9: product_implied: `shop-web-dev` names the product `shopp`, which "
        "is not configured: it is tracked, not promoted; did you mean `shop`?"
    ]


def test_an_annotation_that_names_no_environment_is_an_error() -> None:
    annotations = "towpath.dev/product: shop, towpath.dev/environment: quality"
    said = problems(more=application("qa", "web", annotations=annotations))

    assert said == [
        "error more.yaml:4:9: unknown_environment: `shop-web-qa` names the environment `quality`, "
        "which nothing defines"
    ]


def test_two_products_of_one_application_are_a_warning_and_ours_goes_first() -> None:
    annotations = "towpath.dev/product: shop, codefresh.io/product: other"
    loaded = load(more=application("dev", "web", annotations=annotations))

    assert loaded.catalog.applications[-1].product == "shop"
    assert [p.code for p in loaded.problems] == ["two_products"]


def test_a_component_that_the_product_does_not_list_is_a_warning() -> None:
    product = PRODUCT + "  components: [{name: web}]\n"

    assert problems(product=product, applications=application("dev"))[0] == (
        "warning applications.yaml:4:9: unknown_component: `shop-api-dev` is the component `api`, "
        "which the product `shop` does not list"
    )


def test_a_component_given_twice_is_an_error() -> None:
    product = PRODUCT + "  components: [{name: api}, {name: api}]\n"

    assert problems(product=product) == [
        "error product.yaml:7:23: duplicate_name: the component `api` is given 2 times"
    ]


POLICY = """apiVersion: towpath.dev/v1
kind: PromotionPolicy
metadata: {name: p}
spec:
  priority: 1
  selector: {product: {names: [shop]}, targetEnvironment: {types: [PROD]}}
  policy: {action: pr}
"""


def test_a_policy_that_selects_something_is_fine() -> None:
    assert problems(policy=POLICY) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [("[shop]", "[cart]", "product"), ("types: [PROD]", "tags: [eu]", "environment")],
)
def test_a_policy_that_selects_nothing_is_a_warning(old: str, new: str, what: str) -> None:
    assert problems(policy=POLICY.replace(old, new)) == [
        f"warning policy.yaml:3:18: policy_selects_nothing: "
        f"the policy `p` selects no {what} of this configuration"
    ]


def test_nothing_is_said_of_what_a_policy_selects_while_it_may_be_what_is_broken() -> None:
    found = problems(policy=POLICY, product=PRODUCT.replace("promotionFlows", "promotionFlow"))
    assert any("unknown_field" in one for one in found)
    assert not any("policy_selects_nothing" in one for one in found)


def test_a_workflow_that_is_not_there_or_not_for_promotions_is_a_warning() -> None:
    workflow = "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: tests}\n"
    policy = POLICY.replace("action: pr", "preAction: tests, postAction: test")

    assert problems(policy=policy, workflow=workflow) == [
        "warning policy.yaml:7:23: not_a_promotion_workflow: the WorkflowTemplate `tests` lacks "
        "the annotation `towpath.dev/workflow-origin: promotion`",
        "warning policy.yaml:7:42: unknown_workflow: there is no WorkflowTemplate `test` in this "
        "configuration; did you mean `tests`?",
    ]


def template(promotion: str) -> str:
    return (
        "apiVersion: towpath.dev/v1\nkind: PromotionTemplate\nmetadata: {name: t}\nspec:\n"
        f"  promotion:\n    {promotion}: {{jsonPaths: ['*']}}\n"
    )


def test_a_template_that_leads_outside_the_repository_is_an_error() -> None:
    assert problems(template=template("../../../../x.yaml"))[0].startswith(
        "error template.yaml:6:5: path_outside_repository: `../../../../x.yaml` of the template "
        "`t` leads outside the repository from `shop-api-dev` (shop/api/dev)"
    )


@pytest.mark.parametrize("pattern", ["../prod/values.yaml", "../*/values.yaml"])
def test_a_template_that_reaches_into_another_application_is_an_error(pattern: str) -> None:
    said = problems(template=template(f"'{pattern}'"))

    assert said[0].startswith("error template.yaml:6:5: reaches_application:")
    assert "reaches from `shop-api-" in said[0]


@pytest.mark.parametrize(
    ("pattern", "reaches"),
    [("'**'", True), ("'*/values.yaml'", True), ("values.yaml", False), ("'*.yaml'", False)],
)
def test_globs_stop_before_applications_below(pattern: str, reaches: bool) -> None:
    inner = application("dev", "web", path="shop/api/dev/inner")
    said = problems(template=template(pattern), inner=inner)

    assert any("into `shop-web-dev` (shop/api/dev/inner)" in one for one in said) == reaches


def test_a_template_of_the_products_own_is_checked_in_the_product() -> None:
    product = PRODUCT + (
        "  promotionTemplate:\n    promotion:\n      ../qa/a.yaml: {jsonPaths: ['*']}\n"
    )

    assert problems(product=product)[0].startswith("error product.yaml:9:7: reaches_application:")


def test_one_component_on_the_same_files_in_two_environments_is_a_warning() -> None:
    applications = "---\n".join(application(e, path="shop/chart") for e in ("dev", "qa", "prod"))

    assert [p.split(": ")[1] for p in problems(applications=applications)] == [
        "same_files",
        "same_files",
    ]


def test_a_kind_of_ours_that_there_is_not_is_an_error_with_a_hint() -> None:
    text = "apiVersion: towpath.dev/v1\nkind: PromotonFlow\nmetadata: {name: a}\n"

    assert problems(more=text) == [
        "error more.yaml:2:7: unknown_kind: there is no kind `PromotonFlow`; "
        "did you mean `PromotionFlow`?"
    ]


def test_a_version_that_there_is_not_names_those_there_are() -> None:
    text = "apiVersion: towpath.dev/v2\nkind: Environment\nmetadata: {name: a}\n"

    assert problems(more=text) == [
        "error more.yaml:1:13: unsupported_version: Environment is known as towpath.dev/v1, "
        "not as towpath.dev/v2"
    ]


def test_other_kinds_are_ignored_with_a_notice() -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, name: b}\n"

    assert problems(more=text) == [
        "notice more.yaml:2:7: unknown_kind: Deployment (apps/v1) is ignored"
    ]


def test_templates_of_charts_are_not_read() -> None:
    loaded = manifests.load({"chart/Chart.yaml": b"a: 1", "chart/templates/x.yaml": b"{{ if }}"})

    assert loaded.usable


def test_a_bad_manifest_leaves_all_others() -> None:
    loaded = load(bad="apiVersion: towpath.dev/v1\nkind: Product\nmetadata: {name: bad}\n")

    assert not loaded.usable
    assert len(loaded.catalog.applications) == 3
    assert set(loaded.catalog.products) == {"shop"}
