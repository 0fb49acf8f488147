"""A change or a question that cannot be answered because of what lies in the repository.

Unlike trouble with the outside world this is said for one folder or change, beside others that
are fine: it becomes the `reason` of that answer.
"""

from towpath.domain import reasons
from towpath.domain.reasons import Code
from towpath.git import documents


class Problem(Exception):  # noqa: N818
    """What stands in the way, as the reason that a person is shown."""

    def __init__(self, code: Code, sentence: str, advice: str = "", **data: object) -> None:
        super().__init__(sentence)
        self.reason = reasons.Reason(code, sentence, data, advice=advice)


def of_document(error: documents.DocumentError) -> Problem:
    """The problem that a file's content makes, with its place in the file."""
    where = ":".join(str(part) for part in (error.path, error.line, error.column) if part)
    return Problem(
        Code(error.code),
        f"{where}: {error.sentence}",
        file=error.path,
        line=error.line,
        column=error.column,
    )
