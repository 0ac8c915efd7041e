"""HTTP/2 (RFC 9113) as far as gRPC needs it, without I/O of its own: bytes in, callbacks and bytes out."""
