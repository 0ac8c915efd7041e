"""Contracts, and what is generated from them, promised by them or configured beside them."""
