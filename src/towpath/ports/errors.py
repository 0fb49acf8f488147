"""The two families of trouble that the outside world can make, and a few with a name of their own.

`Temporary`: it did not answer, or is short of something; trying again later is right and changes
no result. `Permanent`: it answered, and the answer is no; trying the same again is a retry that a
budget or a person allows.
"""

from towpath.domain import reasons


class OutsideError(Exception):
    """Trouble outside, with the reason that a person is shown."""

    def __init__(self, reason: reasons.Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


class Temporary(OutsideError):  # noqa: N818 - the name says the family, as it is raised
    """The outside did not answer, or cannot now. Try again with a growing, jittered delay."""


class Permanent(OutsideError):  # noqa: N818
    """The outside answered no, or what we ask for cannot be done as it stands."""


class Moved(Exception):  # noqa: N818
    """The branch is no longer at the commit we built on: look at what came, and build again."""
