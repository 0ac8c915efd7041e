"""What can be wrong, as the caller may act on it.

ShippingError
├── ShipmentNotFound        not_found            SHIPMENT_NOT_FOUND
├── ShipmentDispatched      failed_precondition  SHIPMENT_DISPATCHED
├── DestinationNotServed    failed_precondition  DESTINATION_NOT_SERVED
├── ParcelTooHeavy          failed_precondition  PARCEL_TOO_HEAVY
├── IllegalTransition       internal             ILLEGAL_TRANSITION
├── CarrierUnavailable      unavailable          CARRIER_UNAVAILABLE
└── CarrierRefused          failed_precondition  CARRIER_REFUSED
"""

from __future__ import annotations


class ShippingError(Exception):
    """Base of the service's errors; `kind` and `reason` are what the caller sees, `metadata` the details."""

    kind = "internal"
    reason = "INTERNAL"

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.metadata = metadata


class ShipmentNotFound(ShippingError):
    """There is none, or it is someone else's."""

    kind, reason = "not_found", "SHIPMENT_NOT_FOUND"

    def __init__(self, shipment_id: str) -> None:
        super().__init__("no such shipment", shipment_id=shipment_id)


class ShipmentDispatched(ShippingError):
    """The parcel is on its way and can't be stopped any more."""

    kind, reason = "failed_precondition", "SHIPMENT_DISPATCHED"

    def __init__(self, shipment_id: str) -> None:
        super().__init__("the parcel has left already", shipment_id=shipment_id)


class DestinationNotServed(ShippingError):
    """We don't send to that country."""

    kind, reason = "failed_precondition", "DESTINATION_NOT_SERVED"

    def __init__(self, country_code: str) -> None:
        super().__init__("no delivery to this country", country_code=country_code)


class ParcelTooHeavy(ShippingError):
    """No carrier takes it in one parcel."""

    kind, reason = "failed_precondition", "PARCEL_TOO_HEAVY"

    def __init__(self, weight_grams: int, limit_grams: int) -> None:
        super().__init__(
            "too heavy for one parcel", weight_grams=str(weight_grams), limit_grams=str(limit_grams)
        )


class IllegalTransition(ShippingError):
    """A bug: a shipment was asked to go where its state does not lead."""

    kind, reason = "internal", "ILLEGAL_TRANSITION"

    def __init__(self, state: str, target: str) -> None:
        super().__init__(f"{state} does not lead to {target}", state=state, target=target)


class CarrierUnavailable(ShippingError):
    """The carrier gave no usable answer; `in_doubt` says whether what was asked may have happened."""

    kind, reason = "unavailable", "CARRIER_UNAVAILABLE"

    def __init__(self, operation: str, *, in_doubt: bool) -> None:
        super().__init__(f"the carrier did not answer ({operation})", operation=operation)
        self.in_doubt = in_doubt


class CarrierRefused(ShippingError):
    """The carrier understood, and will not; asking again changes nothing."""

    kind, reason = "failed_precondition", "CARRIER_REFUSED"

    def __init__(self, operation: str, code: str) -> None:
        super().__init__(f"the carrier refused ({operation})", operation=operation, code=code)
