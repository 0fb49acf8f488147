"""An awkward server for each test, and no long waiting between tries."""

from collections.abc import AsyncIterator

import pytest

import awkward_server
from towpath.integrations import outward


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[awkward_server.AwkwardServer]:
    monkeypatch.setattr(outward, "FIRST_PAUSE_S", 0.01)
    async with awkward_server.running() as made:
        yield made
