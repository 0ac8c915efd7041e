"""For all Python tests of the tree: real stores and servers as fixtures."""

pytest_plugins = ["meshkit.testing"]
