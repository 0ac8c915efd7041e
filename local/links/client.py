"""toxiproxy's own interface: cut a link, make it slow, mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import httpx2

from local.errors import LocalError

TIMEOUT_S: Final = 10.0
Stream = Literal["upstream", "downstream"]
"""From the caller to the called, or back."""


class LinksClient:
    """The proxy at `host:port`. Every failure is a LocalError."""

    def __init__(self, address: str) -> None:
        self._http = httpx2.AsyncClient(base_url=f"http://{address}", timeout=TIMEOUT_S)

    async def names(self) -> list[str]:
        """Every link there is."""
        return sorted(await self._call("GET", "/proxies"))

    async def refuse(self, link: str) -> None:
        """Closes the connections of a link and takes no new ones."""
        await self._call("POST", f"/proxies/{link}", {"enabled": False})

    async def poison(
        self, link: str, kind: str, stream: Stream, attributes: Mapping[str, int], share: float = 1.0
    ) -> None:
        """Does something (toxiproxy's `kind`) to one direction of `share` of a link's connections."""
        toxic = {
            "name": f"{kind}-{stream}",
            "type": kind,
            "stream": stream,
            "toxicity": share,
            "attributes": dict(attributes),
        }
        await self._call("POST", f"/proxies/{link}/toxics", toxic)

    async def mend(self, link: str) -> None:
        """Makes a link sound again."""
        for toxic in await self._call("GET", f"/proxies/{link}/toxics"):
            await self._call("DELETE", f"/proxies/{link}/toxics/{toxic['name']}")
        await self._call("POST", f"/proxies/{link}", {"enabled": True})

    async def close(self) -> None:
        """Ends the connections."""
        await self._http.aclose()

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx2.HTTPError as error:
            raise LocalError(f"toxiproxy does not answer {method} {path}: {error!r}") from error
        if answer.status_code >= 400:
            raise LocalError(f"toxiproxy refuses {method} {path}: {answer.text.strip()}")
        return answer.json() if answer.content else None
