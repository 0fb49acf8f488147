"""What is said of a product that cannot be looked at because of a defect of Towpath's own.

Nobody foresaw it, so it is logged with all that is known of it; it must stop no other product.
"""

import logging

from towpath.domain.reasons import Code, Reason

log = logging.getLogger(__name__)


def of(product: str, error: Exception) -> Reason:
    """The reason to show of the product, once the error is logged."""
    log.error("%s could not be looked at", product, exc_info=error)
    return Reason(
        Code.UNSUPPORTED,
        f"Towpath could not look at {product}: {type(error).__name__}: {error}",
        advice="This is a defect of Towpath: report it with what its log says of it. It is tried "
        "again by itself.",
    )
