"""Notes as a document, for tests of how they are shown."""

from typing import Any

Document = dict[str, Any]


def group(
    *items: Document, unresolved: tuple[tuple[str, str], ...] = (), outlook: str = "given_up"
) -> Document:
    lacking = [{"what": what, "reason": why, "outlook": outlook} for what, why in unresolved]
    return {"items": [*items], "resolved": len(items), "total": len(items), "unresolved": lacking}


def commit(subject: str, **more: Any) -> Document:
    return {
        "repository": "https://git.example.org/shop.git",
        "sha": "4022ccd0" * 5,
        "author": "Mei",
        "committed_at": "2026-03-01T12:00:00Z",
        "subject": subject,
        "component": "api",
        "components": ["api"],
        "pull_request": None,
        "issues": [],
        "merge": False,
        "taken_back": False,
        "reverted_by": None,
        **more,
    }


def at(tag: str, **more: Any) -> Document:
    return {
        "tag": tag,
        "digest": None,
        "pinned": False,
        "tag_moved_to": None,
        "repository": None,
        "revision": None,
        "answered_by": None,
        "build_url": None,
        **more,
    }


def notes(**groups: Document) -> Document:
    image = {
        "component": "api",
        "name": "registry/shop/api",
        "from": at("1.0"),
        "to": at("1.1"),
        "changed": True,
        "direction": "forwards",
        "sentence": "",
        "own": True,
        "resolved": True,
    }
    feature = {
        "key": "SHOP-7",
        "title": "Rounding",
        "status": "Done",
        "type": "Bug",
        "assignee": "",
        "url": "https://jira.example.org/browse/SHOP-7",
        "moved_to": None,
        "components": ["api"],
        "pull_requests": [],
        "commits": 1,
        "taken_back": False,
        "reverted": False,
    }
    return {
        "release": "shop-2",
        "environment": "prod",
        "base": {
            "kind": "succeeded",
            "release": "shop-1",
            "at": "2026-03-01T12:00:00Z",
            "sentence": "the last promotion to prod that succeeded",
            "components": [],
        },
        "features": group(feature),
        "pull_requests": group(),
        "commits": group(commit("Fix rounding")),
        "images": group(image),
        "gitops": group(),
        "resolving": {"state": "over", "next_try_at": None, "tries": 1},
        **groups,
    }


def trying(state: str, next_try_at: str | None = None) -> Document:
    return {"state": state, "next_try_at": next_try_at, "tries": 3}


def trace(**more: Any) -> Document:
    def place(name: str, state: str, **told: Any) -> Document:
        nothing = {"since": None, "release": None, "sentence": "", "components": []}
        return {"environment": name, "state": state, **nothing, **told}

    return {
        "ref": "SHOP-417",
        "found": {"kind": "issue", "ref": "SHOP-417", "scope": ""},
        "products": [
            {
                "product": "shop",
                "components": ["api"],
                "releases": ["shop-2"],
                "taken_back_by": [],
                "environments": [
                    place("dev", "reached", since="2026-03-01T12:00:00Z", release="shop-2"),
                    place("prod", "waiting", release="shop-2", sentence="shop-2 pending: soak"),
                ],
            }
        ],
        "candidates": [],
        "sentence": "",
        **more,
    }
