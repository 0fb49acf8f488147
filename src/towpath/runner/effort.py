"""How much one evaluation of an expression may do, so that none takes the server with it.

Counted, not timed: the same expression must get the same answer wherever and whenever it is asked.
"""

from towpath.runner.mistakes import Mistake

MOST = 10_000_000
"""Characters and elements that are made; each call and each item looked at counts as a few."""
_A_CALL = 20
_READ = 16
"""How many characters or elements are read as quickly as one is made."""


class Effort:
    """What an evaluation may still do."""

    def __init__(self) -> None:
        self._left = MOST

    def call(self, *read: object) -> None:
        """Something is done with these values. Raises `Mistake` when it is too much."""
        self._take(_A_CALL + sum(map(_length, read)) // _READ)

    def made(self, value: object) -> object:
        """The value, of which every part counts. Raises `Mistake` when it is too much."""
        if isinstance(value, dict):
            for key, below in value.items():
                self._take(_length(key) + 1)
                self.made(below)
        elif isinstance(value, list):
            for below in value:
                self._take(1)
                self.made(below)
        else:
            self._take(_length(value))
        return value

    def _take(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise Mistake("an expression that takes or makes so much is not evaluated here")


def _length(value: object) -> int:
    return len(value) if isinstance(value, str | list | dict) else 1
