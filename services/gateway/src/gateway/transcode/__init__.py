"""JSON and protobuf: bytes in, bytes out, by tables made once for each message type. Canonical proto3 JSON."""
