"""For all Python tests of the tree: real stores and servers as fixtures."""

import os

# Before anything imports gRPC: its fork handlers run in the children that tests start, and end some of them.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

pytest_plugins = ["meshkit.testing"]
