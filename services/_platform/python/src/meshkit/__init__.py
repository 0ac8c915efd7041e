"""How to run a service: bind, answer, observe, drain. Nothing in here knows what the service is about."""

from meshkit.entry import main
from meshkit.server import App, serve

__all__ = ["App", "main", "serve"]
