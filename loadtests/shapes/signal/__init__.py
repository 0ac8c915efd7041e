"""One shape for each service: it raises that service's scaling signal and no other's."""
