"""Accounts: registering, logging in, renewing, logging out."""

from __future__ import annotations

import uuid

from loadtests.support.catalogue import CATALOGUE, PASSWORD
from loadtests.support.edge import Edge, Json


def register(edge: Edge) -> str:
    """A new account; its address."""
    email = f"load-{uuid.uuid4().hex}@example.com"
    body = {"email": email, "password": PASSWORD, "displayName": "Load"}
    edge.change("POST", "/v1/users", body, expect=(201,))
    return email


def log_in(edge: Edge, email: str) -> Json:
    """From now on the requests are theirs; the session."""
    edge.headers.pop("Authorization", None)
    body = {"email": email, "password": PASSWORD}
    session = edge.ask(
        "POST", "/v1/sessions", name="/v1/sessions", body=body, expect=(201,), check=has_tokens
    )
    edge.headers["Authorization"] = f"Bearer {session['accessToken']}"
    return session


def come_and_go(edge: Edge, email: str = "") -> None:
    """Logs in, looks at the account, logs out."""
    email = email or CATALOGUE.emails[0]
    log_in(edge, email)
    edge.get(
        "/v1/users/me", check=lambda found: "" if found.get("user", {}).get("email") == email else "other"
    )
    edge.ask("DELETE", "/v1/sessions/current", name="/v1/sessions/current", expect=(204,))
    edge.headers.pop("Authorization", None)


def has_tokens(found: Json) -> str:
    """Both tokens are there."""
    return "" if found.get("accessToken") and found.get("refreshToken") else "no tokens"
