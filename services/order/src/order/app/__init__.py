"""Use cases, the workflow's engine, and the ports that they need."""
