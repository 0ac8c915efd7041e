"""Databases, other services and metrics behind the ports of `order.app`."""
