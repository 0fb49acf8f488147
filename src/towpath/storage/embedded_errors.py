"""The one error of the embedded server, apart so that each of its modules can raise it.

Must not know how the server is started, found or stopped.
"""

from typing import Literal

Code = Literal[
    "cannot_start",
    "data_folder_in_use",
    "disk_full",
    "no_account",
    "no_binaries",
    "no_unprivileged_user",
    "not_prepared",
    "unsafe_folder",
    "wrong_owner",
    "wrong_version",
]


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot serve: `code` for programs, `sentence` for people.

    The sentence says what happened, where, and what to do about it.
    """

    def __init__(self, code: Code, sentence: str) -> None:
        """Keep both; `str()` gives the sentence."""
        super().__init__(sentence)
        self.code: Code = code
        self.sentence = sentence
