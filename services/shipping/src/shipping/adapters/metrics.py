"""The service's own metric (names: protos/config/telemetry.yaml)."""

from __future__ import annotations

from prometheus_client import Gauge

OLDEST_UNLABELLED = Gauge(
    "shipping_oldest_unlabelled_age_seconds",
    "Age of the oldest shipment without a label, 0 without one; the scaling signal",
)
