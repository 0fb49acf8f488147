"""A small world for the canned server: something for every command to find its answer in."""

from typing import Any

import canned_notes
import canned_server as canned

ENVIRONMENTS = (
    canned.environment("dev", "succeeded"),
    canned.environment("qa", "running", depends_on=["dev"]),
)
POLICY = [
    {
        "name": "action",
        "value": "pr",
        "origin": "policy prod",
        "lost": [{"origin": "default", "value": "commit", "why": "policy prod goes first"}],
    },
    {"name": "soak", "value": 1800.0, "origin": "step", "lost": []},
    {"name": "pre_action", "value": None, "origin": "default", "lost": []},
    {
        "name": "approval",
        "value": {"required": 2, "teams": ["sre"], "users": [], "exclude_author": True},
        "origin": "policy prod",
        "lost": [],
    },
]
PATCH = """--- a/apps/api/prod/values.yaml
+++ b/apps/api/prod/values.yaml
@@ -1,2 +1,2 @@
 image:
-  tag: "1"
+  tag: "2"
"""
PLAN: dict[str, Any] = {
    "product": "checkout",
    "environment": "prod",
    "version": "2.14.0",
    "components": ["api"],
    "goes_back_to": "",
    "warnings": [canned.reason("application_missing", "worker takes no part")],
    "policy": POLICY,
    "repositories": [
        {
            "repository": "https://git.example.org/acme/gitops.git",
            "branch": "main",
            "base": "4be19d2aaaa",
            "files": [
                {
                    "path": "apps/api/prod/values.yaml",
                    "old_path": "apps/api/prod/values.yaml",
                    "patch": PATCH,
                }
            ],
            "drift": [
                {
                    "file": "apps/api/prod/values.yaml",
                    "place": "$.replicas",
                    "landed": "3",
                    "found": "5",
                    "commit": "1234567890",
                    "author": "ravi",
                }
            ],
            "reason": None,
        }
    ],
}
LOCKED = {"product": "checkout", "environment": "prod", "locked": True, "lock": None}
LOOKED: dict[str, Any] = {"repositories": ["r"], "releases": ["checkout-129"], "trouble": []}
EVENT = {
    "id": 17,
    "at": "2026-11-22T10:44:00.000000Z",
    "kind": "PhaseFailed",
    "product": "checkout",
    "release": "checkout-128",
    "environment": "qa",
    "actor": "",
    "data": {
        "phase": "sync",
        "status": "failed",
        "reason": canned.reason("sync_failed", "it does not sync"),
    },
}
AT = "/products/checkout/environments/prod"


def furnish(server: canned.CannedServer) -> None:
    """Give the server an answer to everything that the command line asks."""
    release = canned.release("running", *ENVIRONMENTS)
    places = [
        canned.place("dev", "2.14.0", "succeeded"),
        canned.place("qa", "2.13.2", "succeeded", on_its_way=[canned.coming("2.14.0", "running")]),
    ]
    product = canned.product("checkout", *places)
    lock = {
        "product": "checkout",
        "environment": "qa",
        "reason": "sale",
        "author": "ravi",
        "since": "2026-11-22T10:42:00Z",
        "until": None,
        "by_rollback": False,
    }
    matrix = [
        {"component": "api", "environment": "dev", "version": "2.14.0"},
        {"component": "api", "environment": "qa", "version": "2.13.2"},
        {"component": "web", "environment": "dev", "version": "2.14.0"},
    ]
    evaluated = {"product": "checkout", "environment": "prod", "flow": "f", "settings": POLICY}
    server.gets("/products", canned.page(product))
    server.gets("/products/checkout", {**product, "locks": [lock], "matrix": matrix})
    server.gets("/configuration", {"problems": []})
    server.gets("/releases", canned.page(canned.listed("running", *ENVIRONMENTS)))
    server.gets("/releases/checkout-128", release)
    server.gets("/releases/checkout-128/events", canned.page(EVENT))
    server.gets("/policies/evaluate", evaluated)
    server.gets("/releases/checkout-128/notes", canned_notes.notes())
    server.gets("/trace", canned_notes.trace())
    server.takes("/products/checkout/releases", release)
    server.takes("/releases/checkout-128/terminate", release)
    server.takes("/releases/checkout-128/retry", release)
    server.takes("/releases/checkout-128/environments/qa/retry", release)
    server.takes(f"{AT}/promote", release)
    server.takes(f"{AT}-eu/promote", PLAN)
    server.takes(f"{AT}/rollback", release)
    server.takes(f"{AT}/lock", LOCKED)
    server.takes(f"{AT}/unlock", {**LOCKED, "locked": False})
    server.takes("/refresh", LOOKED)
