"""The one way in which reading or changing a document fails.

It exists so that callers can turn a failure into a reason with a place in a file. It must
not know how documents are read or written.
"""

from __future__ import annotations

from typing import Literal

Code = Literal["value_missing", "value_ambiguous", "invalid_configuration"]


class DocumentError(ValueError):
    """A document cannot be read, or not be changed as asked; nothing was changed.

    `code` is a reason of the release model, `sentence` says what is wrong and what to do,
    `path` names the file; `line` and `column` count from 1 and are None where the
    error has no single place.
    """

    def __init__(
        self,
        code: Code,
        sentence: str,
        path: str,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(code, sentence, path, line, column)
        self.code: Code = code
        self.sentence = sentence
        self.path = path
        self.line = line
        self.column = column

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        return f"{where}: {self.code}: {self.sentence}"


class UnprovenEditError(DocumentError):
    """The changed text did not parse to what was meant, so it was thrown away.

    This is a defect of ours, never of the caller: the file's style was not understood.
    """

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(
            "invalid_configuration",
            "the change could not be made without touching something else, so nothing was "
            f"written ({detail}). Write the value in a simpler style, or report this file",
            path,
        )

    def __reduce__(self) -> tuple[type[DocumentError], tuple[object, ...]]:
        return DocumentError, self.args
