"""stub"""

from typing import Any


class Document:
    def __init__(self, routes: Any, views: Any) -> None: ...
    def content(self) -> dict[str, Any]:
        return {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}
