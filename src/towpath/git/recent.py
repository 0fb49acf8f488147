"""A bounded memory of answers that can never become wrong, such as those about git objects."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Recent(Generic[Answer]):
    """Keeps the answers used last, up to a weight. Safe to use from several threads."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._weight = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Answer, int]] = OrderedDict()

    def get(self, key: Hashable) -> Answer | None:
        """The answer for the key, if it is still known."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, answer: Answer, weight: int = 1) -> None:
        """Remember an answer; the ones used longest ago make room. Too heavy ones are not kept."""
        with self._lock:
            if key in self._kept or weight > self._bound:
                return
            self._kept[key] = (answer, weight)
            self._weight += weight
            while self._weight > self._bound:
                _, (_, left) = self._kept.popitem(last=False)
                self._weight -= left

    def of(self, key: Hashable, find: Callable[[], Answer], weight: int = 1) -> Answer:
        """The answer for the key, found now if it is not known."""
        known = self.get(key)
        if known is None:
            known = find()
            self.keep(key, known, weight)
        return known
