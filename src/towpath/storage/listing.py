"""Lists of releases: any filter, newest first, page by page, at a million releases.

Pages follow the order of creation by a cursor, never by an offset. Must not know HTTP.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.util import ClauseAdapter

from towpath.domain import reasons
from towpath.domain.status import Status
from towpath.storage import codec, tables
from towpath.storage.carried import Carried

LONGEST_PAGE = 200
SHORTEST_BEGINNING = 3
RECENT = 4000  # rows: read in some milliseconds
MOST_WORDS = 12
_release = tables.release.c
_NEWEST_FIRST = (_release.created_at.desc(), _release.sequence.desc())
_SHOWN = (
    _release.id,
    _release.sequence,
    _release.product,
    _release.n,
    _release.name,
    _release.trigger,
    _release.flow,
    _release.initiator,
    _release.version,
    _release.subject,
    _release.revision,
    _release.status,
    _release.ended,
    _release.open,
    _release.created_at,
    _release.ended_at,
    _release.environments,
    _release.reason,
)
_REVISION = re.compile(r"[0-9a-f]{4,64}")
_NO_SIGNS = str.maketrans("", "", '[]" ,')  # as in the column `words`
_WORD = re.compile(r"[^\W_]+")


class BadCursor(ValueError):  # noqa: N818
    """The cursor is none that a list of ours gave out."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which releases to list. What is empty or None does not filter.

    `environment` asks for releases that go there, with `environment_statuses` for those that
    stand so there. `since` is inclusive, `until` exclusive. `text` is looked for in id, name,
    subject, initiator and version: all its words, and those that end with `*` by their beginning
    (three characters at least). One hexadecimal word is looked for as a revision's beginning too.
    """

    product: str = ""
    statuses: tuple[Status, ...] = ()
    flow: str = ""
    environment: str = ""
    environment_statuses: tuple[Status, ...] = ()
    initiator: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    ended: bool | None = None
    open: bool | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """How a release stands in one environment, in short."""

    name: str
    position: int
    role: str
    status: str
    reason: str | None
    sentence: str
    release: str | None
    version: str
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A release as a row of a list. `environments` are in the order of the flow.

    What it also carries is asked for a whole page (`carried`) and put in by whoever shows it.
    """

    id: str
    product: str
    n: int
    name: str
    trigger: str
    flow: str
    initiator: str
    version: str
    subject: str
    revision: str
    status: str
    reason: reasons.Reason | None
    ended: bool
    open: bool
    created_at: datetime
    ended_at: datetime | None
    environments: tuple[Place, ...]
    also_carries: Sequence[Carried] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some releases, and where the next page begins (None: there is no more)."""

    items: tuple[Listed, ...]
    next_cursor: str | None


async def page(connection: AsyncConnection, wanted: Wanted, limit: int, cursor: str | None) -> Page:
    """At most `limit` releases (of `LONGEST_PAGE`). Raises `BadCursor`."""
    limit = max(1, min(limit, LONGEST_PAGE))
    rows = await _rows(connection, wanted, limit + 1, cursor)
    shown = rows[:limit]
    following = write_cursor(shown[-1].created_at, shown[-1].sequence) if rows[limit:] else None
    return Page(tuple(as_listed(row) for row in shown), following)


async def _rows(
    connection: AsyncConnection, wanted: Wanted, limit: int, cursor: str | None
) -> Sequence[sa.Row[Any]]:
    if "*" in wanted.text:
        # PostgreSQL cannot tell how common the beginning of a word is: common ones are found
        # among the newest rows, and rare ones are few.
        recent = await connection.execute(_among_recent(wanted, limit, cursor))
        found: Sequence[sa.Row[Any]] = recent.all()
        if len(found) == limit:
            return found
    everywhere: sa.CursorResult[Any]
    everywhere = await connection.execute(statement(wanted, limit, cursor))
    return everywhere.all()


def statement(wanted: Wanted, limit: int, cursor: str | None) -> sa.Select[Any]:
    """The query for one page."""
    conditions = _searched(wanted) if _needs_words(wanted) else _equal(wanted)
    return (
        sa.select(*_SHOWN)
        .where(*conditions, *_ranges(wanted), *_behind(cursor))
        .order_by(*_NEWEST_FIRST)
        .limit(limit)
    )


def _needs_words(wanted: Wanted) -> bool:
    """Whether it is found by words first, rather than in the order of the list.

    Of an initiator's releases few are of one product, flow or status: those are intersected. Flow
    and product go together, and most rows that have one have the other.
    """
    narrowed = wanted.product or wanted.flow or wanted.statuses
    return bool(wanted.environment or wanted.text.strip() or (wanted.initiator and narrowed))


def _among_recent(wanted: Wanted, limit: int, cursor: str | None) -> sa.Select[Any]:
    """The same query on the newest rows only; a common word is among them."""
    recent = (
        sa.select(tables.release)
        .where(*_equal(wanted), *_ranges(wanted), *_behind(cursor))
        .order_by(*_NEWEST_FIRST)
        .limit(RECENT)
        .subquery("recent")
    )
    found = ClauseAdapter(recent).traverse(sa.and_(*_searched(wanted)))
    shown = [recent.c[column.key] for column in _SHOWN]
    newest = recent.c.created_at.desc(), recent.c.sequence.desc()
    return sa.select(*shown).where(found).order_by(*newest).limit(limit)


def _behind(cursor: str | None) -> Iterator[sa.ColumnElement[bool]]:
    if cursor:
        behind = sa.tuple_(*map(sa.literal, read_cursor(cursor)))
        yield sa.tuple_(_release.created_at, _release.sequence) < behind


def _equal(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    """Conditions for the indexes that are in the order of the list."""
    named = {
        _release.product: wanted.product,
        _release.flow: wanted.flow,
        _release.initiator: wanted.initiator,
    }
    yield from (column == value for column, value in named.items() if value)
    if wanted.statuses:
        yield _one_of(_release.status, [status.value for status in wanted.statuses])


def _one_of(column: sa.ColumnElement[str], values: Sequence[str]) -> sa.ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)


def _ranges(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.since is not None:
        yield _release.created_at >= wanted.since
    if wanted.until is not None:
        yield _release.created_at < wanted.until
    if wanted.ended is not None:
        yield _release.ended if wanted.ended else sa.not_(_release.ended)
    if wanted.open is not None:
        yield _release.open if wanted.open else sa.not_(_release.open)


def _searched(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    """The same, and words and environments, for the index of words."""
    exact = sa.cast(" & ".join(_exactly(wanted)), postgresql.TSQUERY)
    told = _query(wanted.text)
    if not told:
        yield _release.words.bool_op("@@")(exact)
        return
    spoken = sa.func.to_tsquery("simple", told)
    found = _release.words.bool_op("@@")(spoken.op("&&")(exact))
    word = wanted.text.strip().lower()
    if not _REVISION.fullmatch(word):
        yield found
        return
    yield from _equal(wanted)
    marked = sa.cast(" & ".join(_marks(wanted)), postgresql.TSQUERY)
    if wanted.environment:
        yield _release.words.bool_op("@@")(marked)
    yield sa.or_(found, _release.revision.like(f"{word}%"))


def _exactly(wanted: Wanted) -> Iterator[str]:
    """What the row must have, as words of a `tsquery`."""
    named = {"product": wanted.product, "flow": wanted.flow, "initiator": wanted.initiator}
    yield from (_quoted(f"{name}={value}") for name, value in named.items() if value)
    if wanted.statuses:
        yield _any(f"status={status.value}" for status in wanted.statuses)
    yield from _marks(wanted)


def _marks(wanted: Wanted) -> Iterator[str]:
    where, statuses = wanted.environment, wanted.environment_statuses
    if where:
        yield _any([codec.mark(where, status) for status in statuses] or [where], _NO_SIGNS)


def _any(words: Iterable[str], without: Mapping[int, int | None] | None = None) -> str:
    return f"({' | '.join(_quoted(word.translate(without or {})) for word in words)})"


def _quoted(word: str) -> str:
    doubled = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def _query(text: str) -> str:
    """All words of the text. What is joined by other signs (`PAY-17`, `1.4.2`) stands together."""
    parts = []
    for given in text.split()[:MOST_WORDS]:
        words = _WORD.findall(given)
        begun = given.endswith("*") and words and len(words[-1]) >= SHORTEST_BEGINNING
        if words:
            parts.append(" <-> ".join(map(_quoted, words)) + (":*" if begun else ""))
    return " & ".join(parts)


# --- rows ------------------------------------------------------------------------------------
def shown_columns() -> tuple[sa.ColumnElement[Any], ...]:
    """What `as_listed` needs of a row."""
    return _SHOWN


def as_listed(row: sa.Row[Any]) -> Listed:
    """A row of `shown_columns` as a value."""
    return Listed(
        id=row.id,
        product=row.product,
        n=row.n,
        name=row.name,
        trigger=row.trigger,
        flow=row.flow,
        initiator=row.initiator,
        version=row.version,
        subject=row.subject,
        revision=row.revision,
        status=row.status,
        reason=codec.load_reason(row.reason) if row.reason else None,
        ended=row.ended,
        open=row.open,
        created_at=row.created_at,
        ended_at=row.ended_at,
        environments=places(row.environments),
    )


def places(environments: Mapping[str, Mapping[str, Any]]) -> tuple[Place, ...]:
    """The column `environments`, in the order of the flow."""
    found = [_place(name, stored) for name, stored in environments.items()]
    return tuple(sorted(found, key=lambda place: place.position))


def _place(name: str, stored: Mapping[str, Any]) -> Place:
    return Place(
        name=name,
        position=stored["position"],
        role=stored["role"],
        status=stored["status"],
        reason=stored["reason"],
        sentence=stored["sentence"],
        release=stored["release"],
        version=stored["version"],
        attempt=stored["attempt"],
        started_at=_moment(stored["started_at"]),
        ended_at=_moment(stored["ended_at"]),
    )


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


# --- cursors ---------------------------------------------------------------------------------
def write_cursor(created_at: datetime, sequence: int) -> str:
    """An opaque word for the place behind a row."""
    place = json.dumps([created_at.isoformat(), sequence])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """The place that `write_cursor` wrote. Raises `BadCursor`."""
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        moment, sequence = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        place = datetime.fromisoformat(moment), int(sequence)
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadCursor("the cursor is none that this list gave out") from error
    if place[0].tzinfo is None or not 0 <= place[1] < 1 << 63:
        raise BadCursor("the cursor is none that this list gave out")
    return place
