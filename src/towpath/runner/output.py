"""What a step says: passed on to its log up to a limit, and kept where it is its result."""

from towpath.ports.runner import Log


class Said:
    """The output of one step. Past the limit it goes on unheard, and the log says so.

    A loud step is not ended for it: on a cluster too its logs would be cut, and not its work.
    """

    def __init__(self, log: Log, limit: int, result_limit: int) -> None:
        self._log, self._left, self._limit = log, limit, limit
        self._result_limit = result_limit
        self._result: bytearray | None = bytearray()

    async def output(self, data: bytes) -> None:
        """Standard output: logged, and kept as the result."""
        if self._result is not None:
            self._result += data
            if len(self._result) > self._result_limit:
                self._result = None
        await self.complaint(data)

    async def complaint(self, data: bytes) -> None:
        """Standard error: logged."""
        if self._left <= 0:
            return
        await self._log.write(data[: self._left])
        self._left -= len(data)
        if self._left <= 0:
            said = f"\n[towpath: output beyond {self._limit} bytes is not kept; the step goes on]\n"
            await self._log.write(said.encode())

    @property
    def result(self) -> str | None:
        """Standard output without its last line end; None where it is too large for a result."""
        if self._result is None:
            return None
        return bytes(self._result).decode("utf-8", "replace").removesuffix("\n")
