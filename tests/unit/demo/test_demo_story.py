"""What happens next: an endless sequence that can be repeated."""

from itertools import islice

from towpath.demo import cast, story


def test_the_same_seed_tells_the_same_story() -> None:
    assert [*islice(story.changes(5), 200)] == [*islice(story.changes(5), 200)]


def test_another_seed_tells_another_story() -> None:
    assert [*islice(story.changes(5), 20)] != [*islice(story.changes(6), 20)]


def test_the_first_change_is_code_of_one_webshop_service_in_dev() -> None:
    first = next(story.changes())
    assert (first.kind, first.product, first.environment) == ("code", "webshop", "dev")
    assert first.services == ("cart",)


def test_every_kind_comes_early_and_comes_again() -> None:
    told = [*islice(story.changes(), 200)]
    assert {change.kind for change in told[:9]} == set(story.Kind)
    assert {change.kind for change in told[9:]} == set(story.Kind)


def test_a_change_stays_within_one_product_and_its_environments() -> None:
    for change in islice(story.changes(), 300):
        product = cast.PRODUCTS[change.product]
        assert {cast.SERVICES[name].product for name in change.services} == {product.name}
        assert change.environment in product.environments


def test_what_travels_begins_in_dev_and_what_is_done_by_hand_does_not() -> None:
    travels = {story.Kind.CODE, story.Kind.SETTING}
    for change in islice(story.changes(), 300):
        assert (change.environment == "dev") == (change.kind in travels)


def test_the_load_lab_is_taken_for_the_first_change_and_now_and_then_for_one_that_travels() -> None:
    told = [*islice(story.changes(), 200)]
    assert told[0].lab_taken
    assert 10 < sum(change.lab_taken for change in told) < 60
    assert all(change.environment == "dev" for change in told if change.lab_taken)


def test_a_code_change_has_a_task_for_each_service() -> None:
    told = [c for c in islice(story.changes(), 200) if c.kind is story.Kind.CODE]
    assert all(len(change.tasks) == len(change.services) for change in told)
    assert any(len(change.services) == 2 for change in told)
