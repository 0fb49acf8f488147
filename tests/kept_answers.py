"""What the API answers, kept for the interface's unit tests, so that neither side drifts unseen.

With TOWPATH_WRITE_ANSWERS=1 a test that compares writes them anew.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

FOLDER = Path(__file__).parents[1] / "ui" / "tests" / "answers"


async def answer(client: httpx.AsyncClient, path: str) -> str:
    """What is answered, as it is kept."""
    got = await client.get(f"/api/v1{path}")
    assert got.status_code == 200, got.text
    found: Any = got.json()
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def compare(answers: Mapping[str, str], test: str) -> None:
    """See that those kept are these; `test` is the file that can write them anew."""
    if os.environ.get("TOWPATH_WRITE_ANSWERS"):
        for name, text in answers.items():
            (FOLDER / f"{name}.json").write_text(text, "utf-8")
    old = sorted(name for name, text in answers.items() if _kept(name) != text)
    assert not old, (
        f"ui/tests/answers: {', '.join(old)}: not what the API answers now. If it should answer "
        f"so: TOWPATH_WRITE_ANSWERS=1 scripts/test tests/contract/api/{Path(test).name}, "
        "then scripts/check, and commit what changes"
    )


def _kept(name: str) -> str:
    file = FOLDER / f"{name}.json"
    return file.read_text("utf-8") if file.exists() else ""
