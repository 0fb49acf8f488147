"""Figures for Prometheus: requests as they come, and the state of the store when asked."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from towpath.api.parts import Parts
from towpath.domain.status import Status
from towpath.ports.store import StoreUnavailable


class Metrics:
    """The figures of one app, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "operation", "status")
        self._requests = Counter(
            "towpath_http_requests", "Requests answered.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "towpath_http_request_seconds",
            "Time to the first byte of an answer.",
            ("method", "operation"),
            registry=self._registry,
        )

    def answered(self, method: str, operation: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(method, operation, str(status)).inc()
        self._seconds.labels(method, operation).observe(seconds)

    async def text(self, parts: Parts, streams: int) -> bytes:
        """Everything in Prometheus' text format."""
        asked = CollectorRegistry()
        _gauge(asked, "towpath_streams", "Open event streams.", streams)
        config = parts.configuration()
        problems = len(config.problems) if config else 0
        _gauge(asked, "towpath_configuration_loaded", "1: one is in force.", config is not None)
        _gauge(asked, "towpath_configuration_problems", "Problems of the newest.", problems)
        try:
            await _of_the_store(asked, parts)
            answers = True
        except StoreUnavailable:
            answers = False
        _gauge(asked, "towpath_database_up", "1: it answered.", answers)
        return generate_latest(self._registry) + generate_latest(asked)


async def _of_the_store(asked: CollectorRegistry, parts: Parts) -> None:
    counts = await parts.queries.counts()
    unended = Gauge("towpath_releases_unended", "Releases not ended.", ("status",), registry=asked)
    for status in Status:
        if not status.ended or status.value in counts:
            unended.labels(status.value).set(counts.get(status.value, 0))
    looks = await parts.queries.looks()
    _gauge(asked, "towpath_looks_due", "Releases to be looked at now.", looks.due)
    _gauge(asked, "towpath_looks_later", "Releases to be looked at later.", looks.later)
    _gauge(asked, "towpath_looks_leased", "Releases looked at now.", looks.leased)
    late = "Seconds since the oldest look was due."
    _gauge(asked, "towpath_looks_oldest_due_seconds", late, looks.oldest_due_seconds)
    newest = await parts.queries.newest_event()
    _gauge(asked, "towpath_newest_event", "Id of the newest event.", newest)


def _gauge(asked: CollectorRegistry, name: str, says: str, value: float) -> None:
    Gauge(name, says, registry=asked).set(value)


class Measuring:
    """Middleware: counts answers by operation, never by address (that has no bound)."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                operation = getattr(scope.get("endpoint"), "__name__", "other")
                seconds = time.perf_counter() - began
                self._metrics.answered(scope["method"], operation, message["status"], seconds)
            await send(message)

        await self._app(scope, receive, counted)
