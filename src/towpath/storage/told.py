"""What the log says of trouble: when it begins, when it changes and when it is over.

What a process finds at its start is a beginning for its log. Must not know the database.
"""

import logging
import re

from towpath.domain import reasons

log = logging.getLogger(__name__)

_TOOK = re.compile(r"\b[0-9]+ m?s\b")  # "after 3 ms" is no other trouble than "after 5 ms"


class Troubles:
    """The troubles that this process has logged."""

    def __init__(self) -> None:
        self._logged: dict[tuple[str, str], str] = {}

    def tell(self, scope: str, subject: str, reason: reasons.Reason | None) -> None:
        """Log that something is wrong, unless that is known; or (None) that it was until now."""
        if reason is None:
            self._logged.pop((scope, subject), None)
            log.info("%s %s: no longer in trouble", scope, subject)
            return
        what = _TOOK.sub("", f"{reason.code} {reason.sentence}")
        if self._logged.get((scope, subject)) != what:
            self._logged[scope, subject] = what
            log.warning("%s %s: %s", scope, subject, reason.sentence)
