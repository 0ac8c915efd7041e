"""Names that cross process borders: metadata keys and the domain of error reasons."""

from typing import Final

USER_KEY: Final = "banyan-user"
ROLES_KEY: Final = "banyan-roles"
GUEST_KEY: Final = "banyan-guest"
REPLAYED_KEY: Final = "banyan-idempotency-replayed"
TRACEPARENT_KEY: Final = "traceparent"
STATUS_DETAILS_KEY: Final = "grpc-status-details-bin"
DLQ_REASON_HEADER: Final = "banyan-dlq-reason"
DLQ_CONSUMER_HEADER: Final = "banyan-dlq-consumer"
ERROR_DOMAIN_SUFFIX: Final = "banyan"
STAFF_ROLE: Final = "staff"


def error_domain(service: str) -> str:
    """The `ErrorInfo.domain` of a service, e.g. `billing.banyan`."""
    return f"{service}.{ERROR_DOMAIN_SUFFIX}"
