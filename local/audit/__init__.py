"""Whether the books of the services, the ledgers outside and the broker agree; see docs/audit.md."""
