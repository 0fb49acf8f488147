"""What may be wrong with a workflow once it runs: one error that a step's status carries."""


class Mistake(Exception):  # noqa: N818
    """Something in the workflow that cannot be done as written; the sentence says what."""
