"""The Helm charts: what is generated for them, and how they are put together."""
