"""One transaction's way to the server: the driver, with nothing on it but what saves round trips.

A round trip costs more than most statements do, and so does what SQLAlchemy puts around one. So
statements that nobody waits for are kept until an answer is asked for, or until the commit, and go
to the server as one message. The server still runs them one after the other, in their order.

Values are written into the text by the driver, since only so can a message hold several statements;
statements are `sqlalchemy.text` as everywhere, and their text is never made of values.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.pq import TransactionStatus

Row = Any  # a named tuple: its fields are the statement's columns
_BETWEEN_STATEMENTS = (TransactionStatus.INTRANS, TransactionStatus.INERROR)
Driver = psycopg.AsyncConnection[Row]


class Silent(Exception):  # noqa: N818
    """The server did not answer for so long that nobody can be there any more."""


class Answer:
    """What a statement answered."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def one(self) -> Row:
        """The only row. Raises `LookupError` when there is not exactly one."""
        if len(self._rows) != 1:
            raise LookupError(f"one row was expected, there are {len(self._rows)}")
        return self._rows[0]

    def one_or_none(self) -> Row | None:
        """The only row, if there is one. Raises `LookupError` when there are several."""
        return self.one() if self._rows else None

    def scalar_one(self) -> Any:
        """The first column of the only row. Raises `LookupError` as `one` does."""
        return self.one()[0]


class Connection:
    """Runs statements; in a transaction if it was made `within` one.

    Whatever waits for an answer of the server raises `Silent` after `patience_s`.
    """

    def __init__(self, driver: Driver, *, within: bool, patience_s: float) -> None:
        self.driver = driver
        self._patience_s = patience_s
        self._cursor = psycopg.AsyncClientCursor(driver)
        self._waiting: list[str] = ["BEGIN"] if within else []
        self._within = within

    def later(self, statement: sa.TextClause, values: Mapping[str, object] | None = None) -> None:
        """Run the statement before the next one that is answered, or before the commit."""
        self._waiting.append(self._cursor.mogrify(_as_driver_text(statement), values or {}))

    async def execute(
        self, statement: sa.TextClause, values: Mapping[str, object] | None = None
    ) -> Answer:
        """Run the statement, after all that waited, and fetch its answer."""
        self.later(statement, values)
        await self._send()
        cursor = self._cursor
        return Answer(await cursor.fetchall() if cursor.description else ())

    async def commit(self) -> None:
        """Run what waits, and make it all last."""
        if self._within and self._waiting == ["BEGIN"]:  # then nothing was ever asked
            return
        if self._within:
            self._waiting.append("COMMIT")
        if self._waiting:
            await self._send()

    async def roll_back(self) -> None:
        """Undo what was done. A connection that cannot is left to be thrown away."""
        if self.driver.pgconn.transaction_status in (
            TransactionStatus.INTRANS,
            TransactionStatus.INERROR,
        ):
            with suppress(psycopg.Error, TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    await self.driver.rollback()

    async def _send(self) -> None:
        message, self._waiting = "\n;\n".join(self._waiting), []
        try:
            async with asyncio.timeout(self._patience_s):
                await self._cursor.execute(message.encode())
                await self._cursor.set_result(-1)
        except TimeoutError:
            raise Silent(f"the database did not answer for {self._patience_s:g} s") from None


@lru_cache(maxsize=500)
def _as_driver_text(statement: sa.TextClause) -> str:
    """The statement with its parameters as the driver spells them."""
    return str(statement.compile(dialect=_dialect()))


@cache
def _dialect() -> sa.Dialect:
    return sa.make_url("postgresql+psycopg://").get_dialect()()
