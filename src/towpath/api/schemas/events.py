"""What happened."""

from datetime import datetime
from typing import Any

from towpath.api.schemas.base import Shown


class EventShown(Shown):
    """One event; `data` depends on `kind`."""

    id: int
    at: datetime
    kind: str
    product: str
    release: str
    environment: str
    actor: str
    data: dict[str, Any]
