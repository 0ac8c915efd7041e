"""Finds the route of a path: literals before variables, a verb before its absence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from gateway.httprule import DOUBLE_STAR, STAR, Template


class Routed(Protocol):
    """What the router needs of a route."""

    @property
    def http_method(self) -> str:
        """`GET`, `POST`, ..."""
        ...

    @property
    def template(self) -> Template:
        """Its path."""
        ...


R = TypeVar("R", bound=Routed)
Methods = dict[str, R]


class Found(NamedTuple, Generic[R]):
    """A route with the path's segments (without the verb, empty for a path without variables), or why there is none."""

    route: R | None
    segments: Sequence[str]
    allowed: frozenset[str] = frozenset()


class _Node(Generic[R]):
    __slots__ = ("ends", "literals", "rest", "star")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[R]] = {}
        self.star: _Node[R] | None = None
        self.rest: dict[str, Methods[R]] = {}  # below `**`, by verb
        self.ends: dict[str, Methods[R]] = {}  # by verb


class Router(Generic[R]):
    """A tree over segments, with a table of the paths that have no variables in front of it."""

    def __init__(self, routes: Iterable[R]) -> None:
        self._static: dict[str, Methods[R]] = {}
        self._root: _Node[R] = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: R) -> None:
        template = route.template
        if template.is_static:
            self._static.setdefault(template.shape, {})[route.http_method] = route
        node = self._root
        for segment in template.segments:
            if segment == DOUBLE_STAR:
                node.rest.setdefault(template.verb, {})[route.http_method] = route
                return
            if segment == STAR:
                node.star = node.star or _Node()
                node = node.star
            else:
                node = node.literals.setdefault(segment, _Node())
        node.ends.setdefault(template.verb, {})[route.http_method] = route

    def find(self, http_method: str, path: str) -> Found[R]:
        """The best route of a raw (still escaped) path for a method, or else the methods that the path has."""
        static = self._static.get(path)
        if static is not None and (route := static.get(http_method)) is not None:
            return Found(route, ())
        allowed: set[str] = set()
        for methods, segments in self._candidates(path):
            if (route := methods.get(http_method)) is not None:
                return Found(route, segments)
            allowed.update(methods)
        return Found(None, (), frozenset(allowed))

    def _candidates(self, path: str) -> Iterator[tuple[Methods[R], Sequence[str]]]:
        segments = path[1:].split("/")
        head, colon, verb = segments[-1].rpartition(":")
        if colon and head:
            cut = [*segments[:-1], head]
            for methods in _search(self._root, cut, 0, verb):
                yield methods, cut
        for methods in _search(self._root, segments, 0, ""):
            yield methods, segments


def _search(node: _Node[R], segments: Sequence[str], at: int, verb: str) -> Iterator[Methods[R]]:
    if at == len(segments):
        if (ends := node.ends.get(verb)) is not None:
            yield ends
        return
    segment = segments[at]
    if (child := node.literals.get(segment)) is not None:
        yield from _search(child, segments, at + 1, verb)
    if node.star is not None and segment:
        yield from _search(node.star, segments, at + 1, verb)
    if (rest := node.rest.get(verb)) is not None:
        yield rest
