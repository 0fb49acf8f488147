"""Writes whose answer is lost: asked again under the same name, and never done twice."""

from typing import Any

import canned_server as canned

WISH = "/releases/checkout-128/terminate"
ARGUMENTS = ("release", "terminate", "checkout-128", "--comment", "no")


def _names(server: canned.CannedServer) -> list[str]:
    return [one.headers.get("idempotency-key", "") for one in server.asked if one.path == WISH]


def test_a_wish_has_a_name_of_its_own(towpath: Any, server: canned.CannedServer) -> None:
    server.takes(WISH, canned.release("terminating"))
    assert towpath(*ARGUMENTS).exit_code == 0
    assert towpath(*ARGUMENTS).exit_code == 0
    first, second = _names(server)
    assert first
    assert first != second


def test_a_wish_whose_answer_is_lost_is_asked_again_under_the_same_name(
    towpath: Any, server: canned.CannedServer
) -> None:
    working = canned.problem(409, "idempotency_key_in_progress", "it is being worked on")
    server.takes(WISH, canned.broken(), working, canned.release("terminating"))
    assert towpath(*ARGUMENTS).exit_code == 0
    assert len(_names(server)) == 3
    assert len(set(_names(server))) == 1


def test_a_wish_that_stays_without_an_answer_may_have_been_done(
    towpath: Any, server: canned.CannedServer
) -> None:
    server.takes(WISH, canned.broken())
    result = towpath(*ARGUMENTS)
    assert result.exit_code == 1
    assert "may have been done or not" in " ".join(result.output.split())
    assert len(_names(server)) == 3


def test_a_refusal_is_not_asked_again(towpath: Any, server: canned.CannedServer) -> None:
    server.takes(WISH, canned.problem(409, "refused", "it has ended"))
    assert towpath(*ARGUMENTS).exit_code == 1
    assert len(_names(server)) == 1
