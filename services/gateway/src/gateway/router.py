"""Finds the route of a path: literals before variables, a verb before its absence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
        segments = path[1:].split("/")
        head, colon, verb = segments[-1].rpartition(":")
        allowed: set[str] = set()
        if colon and head:
            cut = [*segments[:-1], head]
            route = _Search(cut, verb, http_method, allowed).below(self._root, 0)
            if route is not None:
                return Found(route, cut)
        route = _Search(segments, "", http_method, allowed).below(self._root, 0)
        return Found(route, segments) if route is not None else Found(None, (), frozenset(allowed))


class _Search:
    """One look-up; other methods that the path has are added to `allowed` on the way."""

    __slots__ = ("_allowed", "_method", "_segments", "_verb")

    def __init__(self, segments: Sequence[str], verb: str, method: str, allowed: set[str]) -> None:
        self._segments, self._verb, self._method, self._allowed = segments, verb, method, allowed

    def below(self, node: _Node[R], at: int) -> R | None:
        """The best route below a node for the segments from `at` on."""
        if at == len(self._segments):
            return self._of_method(node.ends.get(self._verb))
        segment = self._segments[at]
        route: R | None = None
        if (child := node.literals.get(segment)) is not None:
            route = self.below(child, at + 1)
        if route is None and node.star is not None and segment:
            route = self.below(node.star, at + 1)
        return route or self._of_method(node.rest.get(self._verb))

    def _of_method(self, methods: Methods[R] | None) -> R | None:
        if methods is None:
            return None
        route = methods.get(self._method)
        if route is None:
            self._allowed.update(methods)
        return route
