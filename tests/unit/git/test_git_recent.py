"""The bounded memory."""

from towpath.git.recent import Recent


def test_what_was_used_longest_ago_makes_room() -> None:
    memory: Recent[str] = Recent(3)
    for key in "abc":
        memory.keep(key, key.upper())
    assert memory.get("a") == "A"
    memory.keep("d", "D")
    assert [memory.get(key) for key in "abcd"] == ["A", None, "C", "D"]


def test_heavy_answers_count_for_more_and_too_heavy_ones_are_not_kept() -> None:
    memory: Recent[str] = Recent(10)
    memory.keep("a", "A", 6)
    memory.keep("b", "B", 6)
    memory.keep("c", "C", 11)
    assert [memory.get(key) for key in "abc"] == [None, "B", None]


def test_an_answer_is_found_once() -> None:
    memory: Recent[list[int]] = Recent(10)
    first = memory.of("k", lambda: [1])
    assert memory.of("k", lambda: [2]) is first
