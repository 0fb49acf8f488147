"""The address this process listens on, and uvicorn behind it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

from towpath.api import app, parts
from towpath.bootstrap.starting import CannotStart
from towpath.settings import Settings


def address(settings: Settings) -> str:
    """Where people reach Towpath, as far as it is known before it listens."""
    return settings.public_url or (_local(settings.host, settings.port) if settings.port else "")


def _local(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the whole process has one place for them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(settings: Settings, needs: parts.Parts) -> AsyncIterator[str]:
    """Serve the API while the block runs, at the address people reach it by."""
    bound = _bind(settings)
    port = bound.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            app.create(needs),
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=5,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.01)
        yield settings.public_url or _local(settings.host, port)
    finally:
        server.should_exit = True
        await task


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise CannotStart(
            f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}. "
            "Give another --port, or stop what listens there."
        ) from None
    return bound
