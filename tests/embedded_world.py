"""The embedded server as tests run it: real processes, real kills, real other users."""

import asyncio
import json
import os
import pwd
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

import databases
from towpath.storage import (
    embedded_process,
)
from towpath.storage.embedded import Embedded, EmbeddedServer

CHILD = Path(__file__).with_name("embedded_child.py")
PATIENCE = 60.0
ENVIRONMENT = {**os.environ, "EMBEDDED_SETTINGS": json.dumps(databases.QUICK)}
AS_ROOT = os.geteuid() == 0

only_root = pytest.mark.skipif(not AS_ROOT, reason="NOT TESTED: needs root to become another user")


@asynccontextmanager
async def serving(folder: Path, **options: Any) -> AsyncIterator[Embedded]:
    one = Embedded(folder, **{"settings": databases.QUICK, **options})
    await one.start()
    try:
        yield one
    finally:
        await one.stop()


async def ask(url: str, query: str) -> Any:
    async with await psycopg.AsyncConnection.connect(databases.conninfo(url)) as connection:
        row = await (await connection.execute(query.encode())).fetchone()
        return row[0] if row else None


async def write(url: str, *statements: str) -> None:
    async with await psycopg.AsyncConnection.connect(databases.conninfo(url)) as connection:
        for statement in statements:
            await connection.execute(statement.encode())


async def eventually(question: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (answer := question()):  # noqa: ASYNC110 - other processes cannot set an event
            await asyncio.sleep(0.05)
        return answer


async def eventually_answers(url: str, query: str) -> Any:
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(psycopg.OperationalError):
                return await ask(url, query)
            await asyncio.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def processes_on(data: Path) -> list[int]:
    return embedded_process.left_over(data)


class Child:
    """A towpath process of its own that holds a server."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stdout is not None
        self.said: dict[str, Any] = json.loads(process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    def finish(self) -> None:
        _, errors = self.process.communicate("", timeout=PATIENCE)
        assert not errors


def command(arguments: tuple[object, ...], before: tuple[str, ...]) -> list[str]:
    return [*before, sys.executable, str(CHILD), *map(str, arguments)]


def child(*arguments: object, before: tuple[str, ...] = (), **environment: str) -> Child:
    """Start a child that goes on; the test kills or finishes it."""
    return Child(
        subprocess.Popen(
            command(arguments, before),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**ENVIRONMENT, **environment},
        )
    )


def told(*arguments: object, before: tuple[str, ...] = ()) -> Any:
    """What a child says that ends by itself."""
    done = subprocess.run(
        command(arguments, before),
        input="",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=ENVIRONMENT,
    )
    assert not done.stderr
    return json.loads(done.stdout)


def a_stranger(uid: int) -> "subprocess.Popen[bytes]":
    """A living process of the server's account that has nothing to do with it."""
    return subprocess.Popen(["sleep", "100"], user=uid if AS_ROOT else None)


def program_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/exe").readlink()


def open_to_all(server: EmbeddedServer) -> None:
    for place in (server.data.parent.parent, server.data.parent, server.data):
        place.chmod(0o755)
    (server.data / ".s.PGSQL.5432").chmod(0o777)


def somebody_else(server: EmbeddedServer) -> str:
    """An account that is neither ours nor the server's, as UID:GID."""
    taken = {os.geteuid(), server.data.stat().st_uid}
    found = [entry for entry in pwd.getpwall() if entry.pw_uid not in taken]
    best = next((entry for entry in found if entry.pw_name == "nobody"), found[0])
    return f"{best.pw_uid}:{best.pw_gid}"
