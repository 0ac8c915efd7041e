"""gRPC over HTTP/2: the server and the client under `meshkit.runtime` and `meshkit.client`, on plain asyncio."""
