"""What commits say."""

from random import Random

from towpath.demo import cast, gitops, wording


def test_a_squash_of_one_commit_is_title_number_and_issue() -> None:
    message = wording.squashed(12, "fix(api): count once", "SHOP-4", ("fix(api): count once",))
    assert message == "fix(api): count once (#12)\n\nRefs: SHOP-4\n"


def test_a_squash_of_several_commits_lists_them() -> None:
    message = wording.squashed(12, "fix: a", "SHOP-4", ("fix: a", "test: b"))
    assert message == "fix: a (#12)\n\n* fix: a\n* test: b\n\nRefs: SHOP-4\n"


def test_a_squash_without_issue_or_parts_is_one_line() -> None:
    assert wording.squashed(12, "docs: a", "", ("docs: a",)) == "docs: a (#12)\n"


def test_a_merge_names_number_branch_and_title() -> None:
    todo = wording.Task("fix(api): keep the coupon", "api", "keep-the-coupon")
    source = wording.branch("mei", "SHOP-4", todo)
    assert wording.merged(12, source, todo.subject) == (
        "Merge pull request #12 from mei/SHOP-4-keep-the-coupon\n\nfix(api): keep the coupon\n"
    )


def test_a_bump_of_one_service_names_product_service_and_tag() -> None:
    said = gitops.bump_message({"cart": "1.42.1-abc1234"}, ["fix: a (#1)"])
    assert said == "webshop/cart: 1.42.1-abc1234\n\nfix: a (#1)\n"


def test_a_bump_of_two_services_names_both() -> None:
    said = gitops.bump_message({"cart": "1.0.1-a", "checkout": "2.0.1-b"}, [])
    assert said.splitlines()[0] == "webshop: cart 1.0.1-a, checkout 2.0.1-b"


def test_tasks_touch_a_module_that_the_service_has() -> None:
    random = Random(1)
    for service in cast.SERVICES.values():
        for _ in range(30):
            todo = random.choice((wording.task, wording.chore))(service, random)
            assert todo.module in service.work
            assert len(todo.subject) <= 100
