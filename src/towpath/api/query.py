"""A query holds only what its endpoint knows: a misspelt filter must not be answered with all."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError


async def refuse_unknown(request: Request) -> None:
    """Raise RequestValidationError for a parameter that the endpoint does not have."""
    if not request.query_params:
        return
    known = sorted(_parameters(request.scope["route"].dependant))
    told = f"no such parameter; there is {', '.join(known) or 'none'}"
    wrong = [
        {"loc": ("query", name), "msg": told} for name in request.query_params if name not in known
    ]
    if wrong:
        raise RequestValidationError(wrong)


def _parameters(of: Dependant) -> Iterator[str]:
    """The names that an endpoint and all it depends on read from the query."""
    yield from (one.alias for one in of.query_params)
    for each in of.dependencies:
        yield from _parameters(each)
