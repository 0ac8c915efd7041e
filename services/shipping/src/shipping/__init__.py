"""Rates, shipments and their tracking, and the customer as a recipient of parcels."""
