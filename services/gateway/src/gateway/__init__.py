"""The edge of the mesh: REST outside, gRPC inside; routes come from the contracts' descriptors."""
