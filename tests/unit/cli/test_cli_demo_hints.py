"""What the demo tells to type can be typed."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from towpath.cli import demonstration


async def test_a_command_to_type_names_the_program_as_a_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def post(*path: str, body: object) -> None:
        """Take the retry."""

    monkeypatch.setattr("sys.argv", ["/opt/shop/.venv/bin/towpath", "demo"])
    monkeypatch.setenv("PATH", str(tmp_path))
    lab = tmp_path / "lab"
    lab.touch()
    api: Any = SimpleNamespace(server="http://127.0.0.1:8080", post=post)
    made: Any = SimpleNamespace(lab=lab)
    told = io.StringIO()
    helper = demonstration.Helper(api, made, Console(file=told), 0)
    assert await helper.retries("webshop-1")
    assert "  /opt/shop/.venv/bin/towpath release retry webshop-1\n" in told.getvalue()
