"""The HTTP application: the edge around FastAPI. Built, never a module global."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.routing import Route

from gateway.problems import Problem, problem_of
from gateway.reply import problem_reply
from meshkit.errors import PlatformError
from meshkit.tracecontext import current_trace


def create_inner(document: Callable[[], dict[str, Any]], views: Sequence[APIRouter]) -> FastAPI:
    """FastAPI for what is not in the contracts: documents and views; its errors are problems, too."""
    app = FastAPIOffline(
        title="Banyan",
        docs_url="/docs",
        redoc_url=None,
        openapi_url="/openapi.json",
        static_url="/docs/assets",
    )
    app.router.routes.insert(0, Route("/openapi.json", _published(document)))
    for view in views:
        app.include_router(view)
    app.add_exception_handler(PlatformError, _known)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    return app


def _published(document: Callable[[], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
    """The document, written when first asked for and then kept as bytes."""
    body: list[bytes] = []

    async def openapi(_request: Request) -> Response:
        if not body:
            body.append(orjson.dumps(await asyncio.to_thread(document)))
        return Response(body[0], media_type="application/json")

    return openapi


def _known(_request: Request, error: Exception) -> Response:
    return _response(problem_of(error))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        allow = ", ".join(sorted({*headers.get("allow", "").split(", "), "HEAD", "OPTIONS"}))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": allow})
        return _response(Problem(405, "METHOD_NOT_ALLOWED", f"allowed here: {allow}", allow=allow))
    return _response(Problem(404, "ROUTE_NOT_FOUND", "there is nothing at this address"))


def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [(str(entry["loc"][-1]), str(entry["msg"])) for entry in error.errors()]
    return _response(Problem(400, "INVALID_ARGUMENT", "the request is not valid", errors))


def _response(problem: Problem) -> Response:
    trace = current_trace()
    reply = problem_reply(problem, trace.trace_id if trace else "")
    response = Response(reply.body, reply.status)
    response.raw_headers = [*reply.headers, (b"content-length", str(len(reply.body)).encode())]
    return response
